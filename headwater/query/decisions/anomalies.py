"""What changed against the days before: rates by the two-proportion test, revenue by its daily means.

The baseline is the ``baseline_days`` before the window. A mean of the window is its sum over
the ``days`` that were asked for. Nothing is stored and nobody is told.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

import msgspec

from headwater.catalogue.decisions import DECISION_TRACES, INTERACTIONS
from headwater.catalogue.model import MONEY
from headwater.kit.rounding import rounded, rounded_number
from headwater.query.decisions.dashboard import DashboardQuestion, Span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.names import NamedEntity, Names
from headwater.query.decisions.statistics import mean_against_days, two_proportions
from headwater.query.decisions.tally import DAY_OF, Tally
from headwater.query.window import Window
from headwater.storage.port import Row

FEWEST: Final = 30
Metric = Literal["acceptance_rate", "revenue", "degraded_scoring_rate"]
Dimension = Literal["overall", "offer", "channel"]
Severity = Literal["info", "warning", "critical"]
_LEVELS: Final[tuple[tuple[Severity, float, float], ...]] = (
    ("critical", 4.0, 50.0),
    ("warning", 3.0, 30.0),
    ("info", 2.0, 15.0),
)


class Anomaly(msgspec.Struct, frozen=True):
    """Something that is not as before; ``number`` None is all together. Rates have four decimals, money two."""

    metric: Metric
    dimension: Dimension
    number: int | None
    name: str
    baseline: Decimal
    current: Decimal
    delta_percent: float | None
    z_score: float | None
    severity: Severity
    distance: float | None
    """The absolute z-score before it was rounded."""


class _Rate(msgspec.Struct):
    """Successes and trials of the window and of the baseline."""

    successes: list[int] = msgspec.field(default_factory=lambda: [0, 0])
    trials: list[int] = msgspec.field(default_factory=lambda: [0, 0])

    def add(self, place: int, successes: int, trials: int) -> None:
        self.successes[place] += successes
        self.trials[place] += trials


_CURRENT, _BASELINE = 0, 1


async def anomalies(facts: Facts, question: DashboardQuestion, span: Span, names: Names) -> tuple[Anomaly, ...]:
    """Every anomaly worth a look, the farthest first, those without a z-score last."""
    both = Window(span.start - timedelta(days=question.baseline_days), span.window.end)
    offers, channels, traces = await asyncio.gather(
        facts.tally(Tally(INTERACTIONS, ("positive", "impressions", "revenue"), ("offer", DAY_OF), both)),
        facts.tally(Tally(INTERACTIONS, ("positive", "impressions"), ("channel", DAY_OF), both)),
        facts.tally(Tally(DECISION_TRACES, ("degraded", "scored"), (DAY_OF,), both)),
    )
    since = span.start.date()
    found = [
        *_acceptance(offers, channels, since, names),
        *_revenue(offers, question, since, names),
        *_rates("degraded_scoring_rate", "overall", {None: _rate(traces, since)}, {}),
    ]
    return tuple(sorted(found, key=_farthest))


def _farthest(one: Anomaly) -> tuple[bool, float, float, str, str, str]:
    return (
        one.distance is None,
        -(one.distance or 0.0),
        -abs(one.delta_percent or 0.0),
        one.metric,
        one.dimension,
        one.name,
    )


def _acceptance(offers: Sequence[Row], channels: Sequence[Row], since: date, names: Names) -> Iterator[Anomaly]:
    overall = _rate((row[1:] for row in offers), since)
    yield from _rates("acceptance_rate", "overall", {None: overall}, {})
    yield from _rates("acceptance_rate", "offer", _rates_by(offers, since), names.offers)
    yield from _rates("acceptance_rate", "channel", _rates_by(channels, since), names.channels)


def _rates_by(rows: Iterable[Row], since: date) -> dict[int | None, _Rate]:
    of: defaultdict[int | None, list[Row]] = defaultdict(list)
    for number, *row in rows:
        of[number].append(tuple(row))
    return {number: _rate(days, since) for number, days in of.items()}


def _rate(days: Iterable[Row], since: date) -> _Rate:
    """Rows begin with the day, successes and trials."""
    rate = _Rate()
    for day, successes, trials, *_ in days:
        rate.add(_CURRENT if day >= since else _BASELINE, successes, trials)
    return rate


def _rates(
    metric: Metric, dimension: Dimension, rates: Mapping[int | None, _Rate], names: Mapping[int, NamedEntity]
) -> Iterator[Anomaly]:
    for number, rate in rates.items():
        (x1, x2), (n1, n2) = rate.successes, rate.trials
        if min(n1, n2) < FEWEST or (number is not None and number not in names):
            continue
        z = two_proportions((x1, x2), (n1, n2))
        name = "Overall" if number is None else names[number].name
        values = (rounded(x2, n2, 4), rounded(x1, n1, 4))
        yield from _anomaly(metric, dimension, number, name, values, (Fraction(x2, n2), Fraction(x1, n1)), z)


def _revenue(offers: Sequence[Row], question: DashboardQuestion, since: date, names: Names) -> Iterator[Anomaly]:
    by_offer: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for offer, day, _, _, revenue in offers:
        if revenue and offer in names.offers:
            by_offer[offer][day] = revenue
    days = [since - timedelta(days=back) for back in range(1, question.baseline_days + 1)]
    for offer, revenues in by_offer.items():
        current = sum(revenue for day, revenue in revenues.items() if day >= since)
        baseline = [revenues.get(day, 0) for day in days]
        means = (
            Fraction(sum(baseline), question.baseline_days * MONEY.scale),
            Fraction(current, question.days * MONEY.scale),
        )
        z = mean_against_days(float(means[1]), question.days, [one / MONEY.scale for one in baseline])
        values = (
            rounded(means[0].numerator, means[0].denominator, 2),
            rounded(means[1].numerator, means[1].denominator, 2),
        )
        yield from _anomaly("revenue", "offer", offer, names.offers[offer].name, values, means, z)


def _anomaly(
    metric: Metric,
    dimension: Dimension,
    number: int | None,
    name: str,
    shown: tuple[Decimal, Decimal],
    exact: tuple[Fraction, Fraction],
    z: float | None,
) -> Iterator[Anomaly]:
    """``shown`` and ``exact`` are the baseline's and the window's value."""
    baseline, current = exact
    delta = None if not baseline else (current - baseline) * 100 / abs(baseline)
    severity = severity_of(z, delta)
    if severity is not None:
        yield Anomaly(
            metric=metric,
            dimension=dimension,
            number=number,
            name=name,
            baseline=shown[0],
            current=shown[1],
            delta_percent=None if delta is None else rounded_number(delta, 1),
            z_score=None if z is None else rounded_number(z, 1),
            severity=severity,
            distance=None if z is None else abs(z),
        )


def severity_of(z: float | None, delta: Fraction | float | None) -> Severity | None:
    """How bad it is by the z-score or the change in percent, whichever is worse; None where neither says much.

    >>> severity_of(2.0, 3), severity_of(1.9, 30), severity_of(-4.2, None), severity_of(1.0, -14.9)
    ('info', 'warning', 'critical', None)
    """
    for severity, least_z, least_delta in _LEVELS:
        if abs(z or 0.0) >= least_z or abs(float(delta or 0)) >= least_delta:
            return severity
    return None
