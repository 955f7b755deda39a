"""What the analyst says of the rows that a question gave: a table, and a sentence whose figures are all in it.

It computes nothing: each number is a cell of the result. What was assumed (a formula, which date, only
rows that have any) is said in words without figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from headwater.analyst.schema_question import (
    Aggregation,
    Compare,
    CompareColumns,
    Formula,
    Linked,
    Measure,
    Measured,
    Missing,
    Related,
    Restriction,
    SchemaQuestion,
    Selection,
    Within,
)
from headwater.analyst.schema_sql import MOST_ROWS, Builder, measure_name
from headwater.analyst.schema_vocabulary import Vocabulary
from headwater.analyst.words import split_identifier
from headwater.reports import ReportTable
from headwater.reports.table import Cell, Column, Kind
from headwater.sources.schema import Cell as SourceCell
from headwater.sources.schema import Rows

_SHOWN = 3


def table_of(title: str, question: SchemaQuestion, rows: Rows, builder: Builder) -> ReportTable:
    """The result as a table that can be drawn."""
    grains = _time_columns(question, builder)
    width = len(builder.outputs(question.dimensions)) if isinstance(question, Aggregation) else 0
    cells = [[_cell(cell, at in grains) for at, cell in enumerate(row)] for row in rows.rows]
    columns = []
    for at, column in enumerate(rows.columns):
        kind = "time" if at in grains else _kind([row[at] for row in cells], text=at < width)
        additive = not isinstance(question, Aggregation) or at < width or _is_sum(question.measures[at - width])
        if kind == "text":
            for row in cells:
                row[at] = None if row[at] is None else str(row[at])
        columns.append(Column(column.name, _label(column.name), kind, additive=additive))
    chart = "table"
    if isinstance(question, Aggregation) and question.dimensions and len(cells) > 1:
        chart = "line" if grains else "bar"
    return ReportTable(title, "; ".join(_periods(question)), tuple(columns), [tuple(row) for row in cells], chart)  # type: ignore[arg-type]


def text_of(question: SchemaQuestion, table: ReportTable, tied: bool, truncated: bool, vocabulary: Vocabulary) -> str:
    """The answer in a sentence or three."""
    said = _figures(question, table) if isinstance(question, Aggregation) else _rows(question, table, vocabulary)
    notes = list(dict.fromkeys(_notes(question, vocabulary)))
    if tied:
        notes.append("Others share the last place.")
    if truncated:
        notes.append("There are more rows than are shown.")
    return " ".join([said, *notes])


def _figures(question: Aggregation, table: ReportTable) -> str:
    if not table.rows:
        return "There is nothing that fits."
    width = len(table.columns) - len(question.measures)
    if not question.dimensions:
        parts = [f"{column.label}: {written(cell)}" for column, cell in zip(table.columns, table.rows[0], strict=True)]
        return f"{'; '.join(parts)}."
    said = []
    for row in table.rows[:_SHOWN]:
        name = " ".join(written(cell, table.columns[at].kind) for at, cell in enumerate(row[:width]))
        values = ", ".join(written(cell) for cell in row[width:])
        said.append(f"{name}: {values}")
    label = " and ".join(column.label for column in table.columns[width:])
    more = "; and more in the table" if len(table.rows) > _SHOWN else ""
    return f"{label}, {'; '.join(said)}{more}."


def _rows(question: SchemaQuestion, table: ReportTable, vocabulary: Vocabulary) -> str:
    if not table.rows:
        return "There is nothing that fits."
    if len(table.rows) == 1:
        cells = zip(table.columns, table.rows[0], strict=True)
        return f"{'; '.join(f'{column.label}: {written(cell, column.kind)}' for column, cell in cells)}."
    names = [
        "; ".join(written(cell, table.columns[at].kind) for at, cell in enumerate(row)) for row in table.rows[:_SHOWN]
    ]
    more = ", and more in the table" if len(table.rows) > _SHOWN else ""
    return f"{', '.join(f'({name})' if len(table.columns) > 1 else name for name in names)}{more}."


def written(cell: Cell, kind: Kind = "number") -> str:
    """A cell for people; numbers with separators of thousands.

    >>> written(1234567), written(1234.5), written(0.1 + 0.2), written(None)
    ('1,234,567', '1,234.5', '0.3', 'nothing')
    """
    if cell is None:
        return "nothing"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        digits = f"{cell:,.2f}" if abs(cell) >= 1 else f"{cell:.4g}"
        return digits.rstrip("0").rstrip(".") if "." in digits and "e" not in digits else digits
    return cell.strip()


def _notes(question: SchemaQuestion, vocabulary: Vocabulary) -> list[str]:
    selections = (
        [question.selection] if not isinstance(question, Aggregation) else [m.selection for m in question.measures]
    )
    notes = [f"Only {text}." for selection in selections if (text := _said(selection, vocabulary))]
    for measure in question.measures if isinstance(question, Aggregation) else ():
        if isinstance(measure.of, Formula):
            notes.append(f"Sales are {measure.of.words}.")
        if measure.each:
            notes.append(f"Only {vocabulary.table_words(measure.each)} that have any are taken.")
    if isinstance(question, Aggregation):
        for dimension in question.dimensions:
            if dimension.grain and dimension.column:
                words = " ".join(split_identifier(dimension.column))
                notes.append(f"Periods are of the {words}.")
    return notes


def _said(selection: Selection, vocabulary: Vocabulary) -> str:
    """The restrictions in words, without numbers of their own."""
    return ", ".join(filter(None, (_restriction(said, vocabulary) for said in selection.restrictions)))


def _restriction(said: Restriction, vocabulary: Vocabulary) -> str:
    if isinstance(said, Compare) and all(isinstance(value, str) for value in said.values):
        verb = {"=": "is", "<>": "is not"}.get(said.operator, "is like")
        values = " or ".join(str(value).strip() for value in said.values)
        return f"where {vocabulary.column_words(said.ref)} {verb} {values}"
    if isinstance(said, Compare):
        return f"by {vocabulary.column_words(said.ref)}"
    if isinstance(said, Missing):
        return f"where {vocabulary.column_words(said.ref)} is {'not ' if said.negated else ''}empty"
    if isinstance(said, Within):
        return f"by {vocabulary.column_words(said.ref)}, in the time that was asked for"
    if isinstance(said, Linked):
        inner = _said(said.selection, vocabulary)
        words = f"{'without' if said.negated else 'with'} {vocabulary.table_words(said.selection.table)}"
        return f"{words} ({inner})" if inner else words
    if isinstance(said, Related):
        inner = _said(said.selection, vocabulary) or vocabulary.table_words(said.selection.table)
        return f"{'without' if said.negated else 'with'} {' '.join(split_identifier(said.far))} ({inner})"
    if isinstance(said, Measured):
        return f"by {measure_name(said.measure, vocabulary)}"
    if isinstance(said, CompareColumns):
        verb = {">": "is after", "<": "is before"}.get(said.operator, "is")
        return f"where {vocabulary.column_words(said.left)} {verb} {vocabulary.column_words(said.right)}"
    if isinstance(said.by, Measure):
        return ""
    return f"with the {'largest' if said.largest else 'smallest'} {vocabulary.column_words(said.by)}"


def _periods(question: SchemaQuestion) -> list[str]:
    """The periods of the question, wherever in it they stand."""
    first = question.measures[0].selection if isinstance(question, Aggregation) else question.selection
    found: list[str] = []
    waiting = [first]
    while waiting:
        for said in waiting.pop().restrictions:
            if isinstance(said, Within):
                found.append(_period(said))
            elif isinstance(said, Linked):
                waiting.append(said.selection)
    return list(dict.fromkeys(found))


def _period(said: Within) -> str:
    """A period with both its days."""
    if said.start and said.end:
        return f"{said.start.isoformat()} to {(said.end - timedelta(days=1)).isoformat()}"
    return f"from {said.start.isoformat()} on" if said.start else f"before {said.end}"


def _time_columns(question: SchemaQuestion, builder: Builder) -> set[int]:
    if not isinstance(question, Aggregation):
        return set()
    found, at = set(), 0
    for dimension in question.dimensions:
        if dimension.grain:
            found.add(at)
        at += len(builder.outputs([dimension]))
    return found


def _cell(cell: SourceCell, is_time: bool) -> Cell:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() and cell.as_tuple().exponent == 0 else float(cell)
    if isinstance(cell, datetime):
        return cell.astimezone(UTC) if cell.tzinfo else cell.replace(tzinfo=UTC)
    if isinstance(cell, date):
        return datetime.combine(cell, time(), UTC)
    if isinstance(cell, time):
        return cell.isoformat()
    if is_time and isinstance(cell, str):
        return datetime.fromisoformat(cell[:10]).replace(tzinfo=UTC)
    return cell


def _kind(cells: Sequence[Cell], *, text: bool) -> Kind:
    known = [cell for cell in cells if cell is not None]
    if known and all(isinstance(cell, datetime) for cell in known):
        return "time"
    if text or not known or not all(isinstance(cell, int | float) for cell in known):
        return "text"
    return "integer" if all(isinstance(cell, int) for cell in known) else "number"


def _is_sum(measure: Measure) -> bool:
    return measure.function in ("count", "sum") and measure.each is None


def _label(name: str) -> str:
    words = " ".join(split_identifier(name)) or name
    return words[:1].upper() + words[1:]


__all__ = ["MOST_ROWS", "table_of", "text_of", "written"]
