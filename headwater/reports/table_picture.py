"""A table drawn as a picture, and the picture of having no data.

For reports that ask for a table, or that nothing but a table can show. It lays
text out at fixed places; rows past the fortieth are counted, not drawn.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from msgspec import Struct

from headwater.reports.chart_style import FONT_SIZE, INK, QUIET, STRIPE, WIDTH
from headwater.reports.lettering import cell_text, width, wrapped
from headwater.reports.table import Column, ReportTable

MAX_ROWS = 40
_ROW, _LINE, _GAP = 24, 15, 22
_LOOKS: dict[str, dict[str, str]] = {
    "head-left": {"align": "left", "fontWeight": "bold", "color": INK},
    "head-right": {"align": "right", "fontWeight": "bold", "color": INK},
    "left": {"align": "left", "color": INK},
    "right": {"align": "right", "color": INK},
    "note": {"align": "left", "color": QUIET, "fontStyle": "italic"},
}


class _Lane(Struct, frozen=True):
    """One column as it is laid out: its lines of heading, its cells, and where its text begins or ends."""

    heading: list[str]
    cells: list[str]
    right: bool
    pixels: float


def empty_layers() -> Any:
    """A framed sentence in place of a chart."""
    import altair as alt

    frame = (
        alt.Chart(alt.Data(values=[{}]))
        .mark_rect(color=STRIPE)
        .encode(x=alt.value(0), x2=alt.value(WIDTH), y=alt.value(0), y2=alt.value(240))
    )
    words = alt.Chart(alt.Data(values=[{}])).mark_text(text="No data in this period", fontSize=18, color=QUIET)
    return (frame + words.encode(x=alt.value(WIDTH / 2), y=alt.value(120))).properties(width=WIDTH, height=240)


def table_layers(table: ReportTable) -> tuple[Any, dict[str, list[dict[str, Any]]]]:
    """Headings, striped rows, numbers to the right, how many rows are left out; and the data of these layers."""
    lanes = [_lane(table, at, column) for at, column in enumerate(table.columns)]
    ends = list(accumulate(lane.pixels + _GAP for lane in lanes))
    total = ends[-1]
    starts = [end - lane.pixels - _GAP / 2 for end, lane in zip(ends, lanes, strict=True)]
    top = _LINE * max(len(lane.heading) for lane in lanes) + 12
    shown = min(len(table.rows), MAX_ROWS)
    texts = [piece for lane, start in zip(lanes, starts, strict=True) for piece in _lane_texts(lane, start, top)]
    if more := len(table.rows) - shown:
        texts.append(
            {"x": _GAP / 2, "y": top + _ROW * (shown + 0.6), "t": f"and {more:,} more rows in the CSV", "k": "note"}
        )
    stripes = [{"y": top + _ROW * at, "y2": top + _ROW * (at + 1)} for at in range(1, shown, 2)]
    height = top + _ROW * (shown + (1 if more else 0))
    datasets = {kind: [text for text in texts if text["k"] == kind] for kind in _LOOKS} | {"stripes": stripes}
    return _layers(top, total).properties(width=total, height=height), datasets


def _lane(table: ReportTable, at: int, column: Column) -> _Lane:
    values = [row[at] for row in table.rows]
    midnight = all(getattr(value, "hour", 0) == getattr(value, "minute", 0) == 0 for value in values)
    cells = [cell_text(value, column.kind, midnight=midnight) for value in values[:MAX_ROWS]]
    body = max(width(cell) for cell in cells)
    heading = wrapped(column.heading, max(14, int(body / 0.56)), lines=4)
    widest = max(body, *(width(line) * 1.1 for line in heading))
    return _Lane(heading, cells, column.kind in ("integer", "number"), widest * FONT_SIZE)


def _lane_texts(lane: _Lane, start: float, top: float) -> list[dict[str, Any]]:
    side = "right" if lane.right else "left"
    x = start + lane.pixels if lane.right else start
    first = top - 12 - _LINE * (len(lane.heading) - 0.5)
    heading = [
        {"x": x, "y": first + _LINE * at, "t": line, "k": f"head-{side}"} for at, line in enumerate(lane.heading)
    ]
    cells = [{"x": x, "y": top + _ROW * (at + 0.5), "t": cell, "k": side} for at, cell in enumerate(lane.cells)]
    return heading + cells


def _layers(top: float, total: float) -> Any:
    """Stripes, the line under the headings, then one layer of text for each look."""
    import altair as alt

    x, y = alt.X("x:Q", scale=None, axis=None), alt.Y("y:Q", scale=None, axis=None)
    across = {"x": alt.value(0), "x2": alt.value(total)}
    stripes = alt.Chart(alt.NamedData("stripes")).mark_rect(color=STRIPE).encode(y=y, y2="y2:Q", **across)
    line = alt.Chart(alt.Data(values=[{}])).mark_rule(color=INK).encode(y=alt.value(top), **across)
    texts = [
        alt.Chart(alt.NamedData(kind))
        .mark_text(fontSize=FONT_SIZE, baseline="middle", **look)
        .encode(x=x, y=y, text="t:N")
        for kind, look in _LOOKS.items()
    ]
    return alt.layer(stripes, line, *texts)
