"""The grammar of questions about metrics: from items to an intent. Pure.

Every item has to play a part: what is left over could change the meaning, so it is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, cast

import msgspec

from headwater.analyst.metric_clauses import Clauses, Direction
from headwater.analyst.metric_follow import followed
from headwater.analyst.metric_intent import Change, Intent, Shape, Unclear
from headwater.analyst.metric_lexicon import About, Filler, Metric
from headwater.analyst.metric_names import names, with_ids
from headwater.analyst.metric_periods import Periods, earlier, periods, recent
from headwater.analyst.metric_reading import Item, Reading
from headwater.analyst.metric_reports import report
from headwater.analyst.metric_scope import chosen
from headwater.analyst.metric_unknown import leftover, no_metric, unknown
from headwater.analyst.times import Time
from headwater.catalogue.asked import ASKED, Family
from headwater.tools.metric_entities import Index
from headwater.tools.metric_question import Breakdown, Granularity, Having, MetricQuestion, Order, Period

_LEVELS: Final = frozenset({"followers", "views_total"})
_GAINS: Final = {"followers": "followers_change", "views_total": "views"}
_NO_RANKED_CHANGE: Final = (
    "I can compare two periods row by row, but not rank or filter by the change. Ask for the comparison, such as"
    " 'impressions by campaign last week compared with the week before'."
)
_CHANGES: Final[tuple[Change, ...]] = ("fell", "rose", "changed")


def parse(reading: Reading, index: Index, today: date, previous: MetricQuestion | None = None) -> Intent:
    """What the question asks, and of which days. Raises ``Unclear``."""
    unknown(reading, index, follows=previous is not None)
    _check_apart(reading)
    meant = names(reading, index, previous.family if previous else None)
    clauses = Clauses(reading, with_ids(reading.items, index), meant)
    if any(isinstance(item.meaning, About) for item in clauses.items):
        return report(clauses, today)
    if previous is not None and (not meant.metrics or 0 in clauses.signs("and", "about")):
        return followed(clauses, previous)
    if not meant.metrics:
        raise no_metric(reading, meant.family)
    return _asked(clauses, today)


def _check_apart(reading: Reading) -> None:
    """ "views of videos posted last week" are not the views and the posts of last week."""
    said = [item for item in reading.items if item.text.casefold() == "of" or not isinstance(item.meaning, Filler)]
    for one, of, other in zip(said, said[1:], said[2:], strict=False):
        if isinstance(one.meaning, Metric) and of.text.casefold() == "of" and isinstance(other.meaning, Metric):
            raise Unclear(
                f"I cannot tell '{one.text}' of only what '{other.text}' counts. Ask about '{one.text}' of all, or"
                f" about '{other.text}'."
            )


def _asked(clauses: Clauses, today: date) -> Intent:
    comparing = clauses.take("compare")
    why, change = clauses.take("why"), _change(clauses)
    found = periods(clauses.reading, times(clauses), comparing=comparing or change is not None, former=None)
    limits = [bound.having for bound in clauses.bounds()]
    direction = clauses.direction()
    metrics = named_metrics(clauses)
    if first := clauses.ordering():
        # What is ranked by comes first, also in what is said.
        metrics = tuple(dict.fromkeys((_GAINS.get(first, first) if first not in metrics else first, *metrics)))
    _check_change(clauses, direction, change, bounded=bool(limits), why=why)
    by, place = clauses.kind(ranked=direction is not None, marked=bool(limits) or (comparing and not found.compare))
    if by is None and direction and clauses.names.family == "creators" and _asks_who(clauses):
        by = "creator"
    if change and place is not None and clauses.opened(place, "which"):
        raise Unclear(_NO_RANKED_CHANGE)
    total_of = next((kind for at, kind in clauses.names.kinds.items() if at not in clauses.names.apposed), None)
    clauses.used.update(clauses.names.kinds)
    scope = chosen(clauses.names, metrics, total_of)
    clauses.used.update(clauses.names.entities)
    beside = scope.beside if by is None else None
    if beside:
        clauses.take("more")
    days = (found.main.last - found.main.first).days + 1 if found.main else 0
    grain, ranked_bucket = clauses.granularity(ranked=direction is not None, days=days)
    clauses.orders(rows=bool(by or beside or grain))
    limit = clauses.limit(direction, place if by else ranked_bucket)
    if direction and not (by or beside or grain):
        raise Unclear("The most or the least of what? Say of which kind, such as creatives, campaigns or days.")
    if clauses.left():
        raise leftover(clauses.left())
    counted = _counted(clauses, place)
    if limits and not (by or grain):
        raise Unclear("Of what shall there be so many? Say which kind, such as creatives, campaigns or days.")
    if counted and not limits:
        limits = [Having(metrics[0], ">", 0)]
    shown = _Shown(by or beside, grain, direction, limit, why=why, counted=counted)
    period, notes = _period(found, clauses.names.family, metrics, shown, today)
    compare = found.compare
    if compare is None and (why or change or (comparing and not (by or beside))):
        if period is None:
            raise Unclear("Compared with what? Name a period, such as last week.")
        compare = earlier(period)
    if compare and grain:
        raise Unclear("I compare totals of two periods; ask without days, weeks or months, or for one period.")
    question = MetricQuestion(
        entity=scope.entity,
        metrics=with_parts(clauses.names.family, metrics),
        period=period,
        granularity=grain,
        breakdown=cast("Breakdown | None", by or beside),
        compare=compare,
        only=scope.only,
        having=tuple(limits),
        order=_order(shown, metrics),
        limit=limit,
    )
    return Intent(question, shown.shape, metrics, direction=change, notes=notes)


class _Shown(msgspec.Struct, frozen=True):
    """How the rows are to be."""

    by: str | None
    grain: Granularity | None
    direction: Direction | None
    limit: int | None
    why: bool = False
    counted: bool = False

    @property
    def shape(self) -> Shape:
        if self.why:
            return "why"
        if self.counted:
            return "count"
        if self.direction:
            return "ranking"
        return "trend" if self.grain else "listing" if self.by else "value"


def _asks_who(clauses: Clauses) -> bool:
    return any(clauses.items[at].text.casefold() == "who" for at in clauses.signs("which"))


def times(clauses: Clauses) -> list[Item]:
    """The items of time."""
    return [item for item in clauses.items if isinstance(item.meaning, Time)]


def named_metrics(clauses: Clauses) -> tuple[str, ...]:
    """The metrics in the order of the question; who gains followers is asked for new ones."""
    gained = clauses.take("gained")
    found = [clauses.names.metrics[at] for at, item in enumerate(clauses.items) if isinstance(item.meaning, Metric)]
    clauses.used.update(clauses.names.metrics)
    return tuple(dict.fromkeys(_GAINS.get(one, one) if gained else one for one in found))


def with_parts(family: Family, metrics: Sequence[str]) -> tuple[str, ...]:
    """The metrics and, behind them, what their rates are made of, so that tables show it."""
    rates = [rate for one in metrics if (rate := ASKED[family, one].rate)]
    parts = [part for rate in rates for part in (rate.numerator, rate.denominator)]
    return tuple(dict.fromkeys((*metrics, *parts)))


def _change(clauses: Clauses) -> Change | None:
    found = [name for name in _CHANGES if clauses.take(name)]
    if len(found) > 1 and "changed" not in found:
        raise Unclear("Up and down at once: ask about one after the other.")
    return found[0] if found else None


def _check_change(
    clauses: Clauses, direction: Direction | None, change: str | None, *, bounded: bool, why: bool
) -> None:
    if change and (direction or bounded):
        raise Unclear(_NO_RANKED_CHANGE)
    if why and not change:
        raise Unclear("Why what? Ask why a metric fell, rose or changed in a period.")


def _counted(clauses: Clauses, place: int | None) -> bool:
    """Whether rows are to be counted: "how many creatives had more than …"."""
    counts = clauses.signs("count")
    return place is not None and bool(counts) and counts[0] < place < min(clauses.names.metrics)


def _period(
    found: Periods, family: Family, metrics: Sequence[str], shown: _Shown, today: date
) -> tuple[Period | None, tuple[str, ...]]:
    """The period; where none was named one that suits, and a note that says so."""
    if found.main is not None:
        return found.main, ()
    if found.ever and family != "ads":
        raise Unclear("All time is known of ad events only; name a period, such as the last 90 days.")
    if family == "creators" and set(metrics) <= _LEVELS and not shown.grain:
        return Period(today, today), ()
    if family == "ads" and not shown.grain and not shown.why and found.compare is None:
        return None, ()
    if shown.why:
        raise Unclear("Why in which period? Name one, such as last week.")
    return recent(today), ("No period was named, so this is the last 30 days.",)


def _order(shown: _Shown, metrics: Sequence[str]) -> Order | None:
    if shown.direction:
        return Order(metrics[0], shown.direction)
    return Order(metrics[0]) if shown.by and not shown.grain else None
