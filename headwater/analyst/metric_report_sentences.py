"""The answers of decisions' reports in sentences. Pure: every figure is a cell of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from headwater.analyst.metric_figures import Figures, figures, plain, shown
from headwater.reports import ReportTable
from headwater.reports.table import Cell
from headwater.tools.metric_question import MetricQuestion
from headwater.tools.metric_table import period_words, starting_big

_MOST: Final = 5


def report_sentences(question: MetricQuestion, table: ReportTable, who: str, *, never: bool) -> str:
    """What the report says; ``who`` is the offer that was asked about."""
    found = figures(table)
    when = f"from {period_words(question.period)} (UTC)" if question.period else "over all time (UTC)"
    if question.report == "why_not_ranked":
        return _why(found, who, when)
    if not table.rows:
        return f"Nothing was found {when}."
    if question.report == "budgets":
        return f"Budgets {when}: {_listed(found, _budget)}."
    if question.report == "anomalies":
        return f"What is not as before, {when}: {_listed(found, _anomaly)}."
    if never:
        count = len(table.rows)
        verb = "offer was" if count == 1 else "offers were"
        return f"{count:,} {verb} never selected {when}: {_listed(found, _considered)}."
    return f"How often offers were selected {when}: {_listed(found, _selected)}."


def _listed(found: Figures, say: Callable[[Figures, Sequence[Cell]], str]) -> str:
    rows = found.table.rows
    more = f"; and {len(rows) - _MOST} more in the table" if len(rows) > _MOST else ""
    return "; ".join(say(found, row) for row in rows[:_MOST]) + more


def _name(found: Figures, row: Sequence[Cell]) -> str:
    return plain(found.text(row, "name"))


def _budget(found: Figures, row: Sequence[Cell]) -> str:
    currency = found.text(row, "currency")
    spent, allocated = (shown(found.cell(row, key), currency) for key in ("spent", "allocated"))
    return f"{_name(found, row)} spent {spent} of {allocated} ({shown(found.cell(row, 'burn_rate'), '%', 1)})"


def _considered(found: Figures, row: Sequence[Cell]) -> str:
    return f"{_name(found, row)}, considered in {found.text(row, 'considered')} decisions"


def _selected(found: Figures, row: Sequence[Cell]) -> str:
    rate = shown(found.cell(row, "selection_rate"), "%", 1)
    times = f"{found.text(row, 'selected')} of {found.text(row, 'considered')}"
    return f"{_name(found, row)} {times} times ({rate})"


def _anomaly(found: Figures, row: Sequence[Cell]) -> str:
    metric = found.text(row, "metric").replace("_", " ")
    values = f"{shown(found.cell(row, 'current'), '', 4)} after {shown(found.cell(row, 'baseline'), '', 4)}"
    return f"{metric} of {_name(found, row)} {values} ({found.text(row, 'severity')})"


def _why(found: Figures, who: str, when: str) -> str:
    counts = {str(row[0]): row[1] for row in found.table.rows}
    considered = shown(counts["Considered"], "")
    if not counts["Considered"]:
        return f"{starting_big(who)} was not considered in any decision {when}."
    parts = ", ".join(
        f"{words} in {shown(counts[key], '')}"
        for words, key in (
            ("outranked by other offers", "Outranked by other offers"),
            ("held back by a contact policy", "Held back by a contact policy"),
            ("not qualified by its rules", "Not qualified by its rules"),
        )
    )
    beaten = [(name.removeprefix("Beaten by "), count) for name, count in counts.items() if name.startswith("Beaten")]
    most = f" Most often {plain(beaten[0][0])} came first instead, in {shown(beaten[0][1], '')}." if beaten else ""
    chosen = shown(counts["Selected"], "")
    sample = f"the newest {considered} decisions that considered it {when}"
    return f"{starting_big(who)} was selected in {chosen} of {sample}: {parts}.{most}"
