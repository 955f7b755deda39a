"""The answer to a metric question in sentences. Pure: every figure is a cell of the table.

Nothing is computed here; what a sentence says of a change stands in the table, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headwater.analyst.metric_figures import Figures, figures, plain, shown
from headwater.analyst.metric_intent import Intent
from headwater.analyst.words import plural
from headwater.catalogue.asked import ASKED, KIND_LABELS, Asked
from headwater.catalogue.model import COUNT
from headwater.reports.table import Cell
from headwater.tools.metric_question import MetricQuestion
from headwater.tools.metric_table import period_words
from headwater.tools.metrics import MetricAnswer

_MOST_NAMED: Final = 5
_FEW: Final = 100
"""A rate of fewer is told with a warning."""
_OPS: Final = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most", "=": "exactly"}


def sentences(intent: Intent, answer: MetricAnswer, who: str, zone: str) -> str:
    """What was found; ``who`` are the names of the entities that were asked about, empty for all."""
    found = figures(answer.table)
    when = f"{_spell(answer.question)} ({zone})"
    of = f" of {who}" if who else ""
    if not answer.table.rows:
        return _nothing(intent, of, when)
    match intent.shape:
        case "ranking" if intent.question.breakdown or intent.question.granularity:
            among = _bound(intent)
            return _ranking(intent, found, f"{of} among those{among}" if among else of, when)
        case "count":
            return _count(intent, answer, of, when)
        case "trend":
            return _trend(intent, found, of, when)
        case "listing":
            return _listing(intent, found, of, when)
        case _:
            return " ".join(_value(intent, found, found.table.rows[0], metric, of, when) for metric in intent.shown)


def _spell(question: MetricQuestion) -> str:
    period = question.period
    if period is None:
        return "over all time"
    words = period_words(period)
    return f"on {words}" if period.first == period.last else f"from {words}"


def _metric(intent: Intent, name: str) -> Asked:
    return ASKED[intent.question.family, name]


def _value(intent: Intent, found: Figures, row: Sequence[Cell], metric: str, of: str, when: str) -> str:
    asked = _metric(intent, metric)
    said = f"{asked.label}{of} {when}: {found.text(row, metric)}{_parts(intent, found, row, metric)}."
    return said + _compared(intent, found, row, metric)


def _parts(intent: Intent, found: Figures, row: Sequence[Cell], metric: str) -> str:
    """What a rate was made of."""
    rate = _metric(intent, metric).rate
    if rate is None:
        return ""
    above, below = (_metric(intent, part).label.lower() for part in (rate.numerator, rate.denominator))
    return f" ({found.text(row, rate.numerator)} {above} ÷ {found.text(row, rate.denominator)} {below})"


def _compared(intent: Intent, found: Figures, row: Sequence[Cell], metric: str) -> str:
    if intent.question.compare is None:
        return ""
    then = period_words(intent.question.compare)
    return f" Compared with {then}: {found.before(row, metric)} then, {found.change(row, metric)}."


def _ranking(intent: Intent, found: Figures, of: str, when: str) -> str:
    rows, metric = found.table.rows, intent.shown[0]
    asked, question = _metric(intent, metric), intent.question
    most = question.order is None or question.order.direction == "desc"
    extreme = (
        ("most" if most else "fewest") if asked.unit == COUNT and asked.additive else "highest" if most else "lowest"
    )
    if len(rows) > 1 and (question.limit or 0) > 1 and not _all_tied(found, metric):
        return f"{_head(intent, extreme, len(rows))}{of} {when}: {_named(intent, found, rows)}."
    names = " and ".join(_name(found, row) for row in rows[:_MOST_NAMED])
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    row = rows[0]
    value = f"{found.text(row, metric)}{'' if len(rows) > 1 else _parts(intent, found, row, metric)}"
    if found.cell(row, metric) is None:
        return f"{asked.label}{of} is not known for any {when}."
    others = " ".join(
        f"{_metric(intent, other).label}: {found.text(row, other)}." for other in intent.shown[1:] if len(rows) == 1
    )
    said = f"{names}{more} had the {extreme} {_lower(asked.label)}{of} {when}: {value}."
    if len(rows) == 1:
        return f"{said} {others}".strip() + _compared(intent, found, row, metric) + _few(intent, found, row, metric)
    return said


def _all_tied(found: Figures, metric: str) -> bool:
    return len({found.cell(row, metric) for row in found.table.rows}) == 1


def _few(intent: Intent, found: Figures, row: Sequence[Cell], metric: str) -> str:
    rate = _metric(intent, metric).rate
    below = found.cell(row, rate.denominator) if rate else None
    if rate is None or not isinstance(below, int) or below >= _FEW:
        return ""
    label = _metric(intent, rate.denominator).label.lower()
    return f" Mind that it is of {shown(below, '')} {label} only."


def _head(intent: Intent, extreme: str, count: int) -> str:
    metric = _lower(_metric(intent, intent.shown[0]).label)
    return f"The {count} {_rows_of(intent, count)} with the {extreme} {metric}"


def _rows_of(intent: Intent, count: int) -> str:
    question = intent.question
    kind = KIND_LABELS[question.breakdown].lower() if question.breakdown else question.granularity or "row"
    kind = "DSP" if kind == "dsp" else kind
    return kind if count == 1 else plural(kind)


def _named(intent: Intent, found: Figures, rows: Sequence[Sequence[Cell]]) -> str:
    metric = intent.shown[0]
    told = []
    for row in rows[:_MOST_NAMED]:
        values = ", ".join(
            found.text(row, one) if one == metric else f"{_lower(_metric(intent, one).label)} {found.text(row, one)}"
            for one in intent.shown
        )
        change = ""
        if intent.question.compare is not None:
            change = f" ({found.before(row, metric)} before, {found.change(row, metric)})"
        told.append(f"{_name(found, row)} {values}{change}")
    more = len(rows) - len(told)
    return "; ".join(told) + (f"; and {more} more in the table" if more else "")


def _listing(intent: Intent, found: Figures, of: str, when: str) -> str:
    asked = _metric(intent, intent.shown[0])
    against = f", compared with {period_words(intent.question.compare)}" if intent.question.compare else ""
    bound = _bound(intent)
    rows = found.table.rows
    return f"{asked.label}{of} by {_rows_of(intent, 1)}{bound} {when}{against}: {_named(intent, found, rows)}."


def _bound(intent: Intent) -> str:
    told = [
        f"{_OPS[one.op]} {_amount(one.value, intent, one.metric)} {_lower(_metric(intent, one.metric).label)}"
        for one in intent.question.having
    ]
    return f" with {' and '.join(told)}" if told else ""


def _amount(value: float, intent: Intent, metric: str) -> str:
    return f"{value:,.10g} {_metric(intent, metric).unit.label}".strip()


def _count(intent: Intent, answer: MetricAnswer, of: str, when: str) -> str:
    count = len(answer.table.rows)
    least = "at least " if answer.truncated else ""
    verb = "was" if count == 1 else "were"
    return f"There {verb} {least}{count:,} {_rows_of(intent, count)}{of}{_bound(intent)} {when}."


def _trend(intent: Intent, found: Figures, of: str, when: str) -> str:
    told = []
    for metric in intent.shown:
        known = [row for row in found.table.rows if isinstance(found.cell(row, metric), int | float)]
        label = _metric(intent, metric).label
        if not known or intent.question.breakdown:
            told.append(f"{label}{of} by {_by(intent)} {when}: see the table.")
            continue
        low, high = (pick(known, key=lambda row: found.cell(row, metric)) for pick in (min, max))  # type: ignore[arg-type,return-value]
        ends = " and ".join(f"{found.text(row, metric)} on {found.text(row, 'time')}" for row in (known[0], known[-1]))
        told.append(
            f"{label}{of} by {intent.question.granularity} {when}: at the beginning and at the end {ends};"
            f" the highest was {found.text(high, metric)} on {found.text(high, 'time')},"
            f" the lowest {found.text(low, metric)} on {found.text(low, 'time')}."
        )
    return " ".join(told)


def _by(intent: Intent) -> str:
    kind = f"{_rows_of(intent, 1)} and " if intent.question.breakdown else ""
    return f"{kind}{intent.question.granularity}"


def _nothing(intent: Intent, of: str, when: str) -> str:
    if intent.shape == "count":
        return f"There were 0 {_rows_of(intent, 0)}{of}{_bound(intent)} {when}."
    label = _metric(intent, intent.shown[0]).label
    return f"Nothing was found: no {_rows_of(intent, 1)}{of}{_bound(intent)} has {_lower(label)} {when}."


def _name(found: Figures, row: Sequence[Cell]) -> str:
    key = "name" if "name" in found.places else "time"
    return plain(found.text(row, key))


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]
