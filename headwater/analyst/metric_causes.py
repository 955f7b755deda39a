"""Why a metric changed: by which entities or placements the change came, in parts that add up exactly.

It tells where a change happened and never what made it happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import msgspec

from headwater.analyst.metric_figures import Figures, figures, plain, shown, signed
from headwater.analyst.metric_intent import Intent
from headwater.catalogue.asked import ASKED, KIND_LABELS, Family
from headwater.errors import InvalidRequest
from headwater.reports.table import Cell
from headwater.scope import Scope
from headwater.tools.metric_table import CHANGE, period_words
from headwater.tools.metrics import MetricAnswer, MetricTools

_DIMENSIONS: Final[dict[Family, tuple[str, ...]]] = {
    "ads": ("campaign", "creative", "domain", "dsp"),
    "creators": ("project", "creator", "video"),
    "decisions": ("category", "offer", "channel"),
}
_MOST: Final = 3


class Cause(msgspec.Struct, frozen=True):
    """What is said, and the answers that it was taken from; the last has the parts."""

    text: str
    answers: tuple[MetricAnswer, ...]


async def cause(intent: Intent, tools: MetricTools, scope: Scope, who: str, zone: str) -> Cause:
    """The change as a whole, then the parts of the dimension that explains most of it."""
    total = msgspec.structs.replace(intent.question, breakdown=None, order=None, limit=None, having=())
    whole = await tools.ask_metrics(total, scope)
    found, metric = figures(whole.table), intent.shown[0]
    row = whole.table.rows[0]
    change = found.cell(row, f"{metric}_{CHANGE}")
    said = _whole(intent, found, row, who, zone)
    if not isinstance(change, int | float) or not change:
        return Cause(said, (whole,))
    asked = ASKED[intent.question.family, metric]
    if not asked.additive:
        return Cause(f"{said} {_rate(intent, found, row)}".strip(), (whole,))
    parts = await _parts(intent, tools, scope, _number(change))
    if parts is None:
        return Cause(f"{said} No dimension splits this change into parts.", (whole,))
    return Cause(f"{said} {_told(parts, metric, change)}", (whole, parts))


def _whole(intent: Intent, found: Figures, row: Sequence[Cell], who: str, zone: str) -> str:
    metric, question = intent.shown[0], intent.question
    label = ASKED[question.family, metric].label
    change = found.cell(row, f"{metric}_{CHANGE}")
    moved = change if isinstance(change, int | float) else 0
    denied = ""
    if (intent.direction == "fell" and moved > 0) or (intent.direction == "rose" and moved < 0):
        denied = f"{label} did not {'fall' if intent.direction == 'fell' else 'rise'}. "
    of = f" of {who}" if who else ""
    return (
        f"{denied}{label}{of} from {period_words(question.period)} ({zone}): {found.text(row, metric)}."
        f" Compared with {period_words(question.compare)}: {found.before(row, metric)} then,"
        f" {found.change(row, metric)}."
    )


def _rate(intent: Intent, found: Figures, row: Sequence[Cell]) -> str:
    rate = ASKED[intent.question.family, intent.shown[0]].rate
    if rate is None:
        return "It is no sum, so its change has no parts that add up."
    told = [
        f"{ASKED[intent.question.family, part].label.lower()} {found.change(row, part)}"
        for part in (rate.numerator, rate.denominator)
    ]
    return f"A rate's change has no parts that add up; what it is made of: {', '.join(told)}."


async def _parts(intent: Intent, tools: MetricTools, scope: Scope, change: Fraction) -> MetricAnswer | None:
    """The answer by the dimension of which one part explains most of the change; parts must add up to it."""
    metric = intent.shown[0]
    best: tuple[Fraction, MetricAnswer] | None = None
    for dimension in _DIMENSIONS[intent.question.family]:
        question = msgspec.structs.replace(intent.question, breakdown=dimension, order=None, limit=None, having=())
        try:
            answer = await tools.ask_metrics(question, scope)
        except InvalidRequest:
            # The entity that is asked about lies below this dimension.
            continue
        changes = [_number(cell) for cell in _changes(answer, metric)]
        if answer.truncated or len(changes) < 2 or sum(changes) != change:
            continue
        most = max(part / change for part in changes)
        if best is None or most > best[0]:
            best = most, answer
    return best[1] if best else None


def _changes(answer: MetricAnswer, metric: str) -> list[float]:
    found = figures(answer.table)
    cells = (found.cell(row, f"{metric}_{CHANGE}") for row in answer.table.rows)
    return [cell if isinstance(cell, int | float) else 0 for cell in cells]


def _told(parts: MetricAnswer, metric: str, change: float) -> str:
    found = figures(parts.table)
    place = found.places[f"{metric}_{CHANGE}"]
    unit = parts.table.columns[place].unit

    def moved(row: Sequence[Cell]) -> float:
        cell = row[place]
        return float(cell) if isinstance(cell, int | float) else 0.0

    rows = sorted(parts.table.rows, key=moved, reverse=change > 0)
    same = [row for row in rows if moved(row) * change > 0]
    told = "; ".join(f"{plain(found.text(row, 'name'))} {_signed(row[place], unit)}" for row in same[:_MOST])
    kind = KIND_LABELS[parts.question.breakdown or ""]
    against = [row for row in reversed(rows) if moved(row) * change < 0]
    counter = (
        f" Against it: {plain(found.text(against[0], 'name'))} {_signed(against[0][place], unit)}." if against else ""
    )
    return f"Most of it by {kind if kind == 'DSP' else kind.lower()}: {told}.{counter} All parts are in the table."


def _signed(cell: Cell, unit: str) -> str:
    return signed(cell, unit) if isinstance(cell, int | float) else shown(cell, unit)


def _number(value: float) -> Fraction:
    return Fraction(str(value))
