"""A report's chart as a Vega-Lite specification, for files, the console and agents.

One metric fills the picture, more become small multiples. All values stand in the
specification; it refers to nothing outside. Which points and series are drawn was
decided in ``picture``.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from headwater.reports.chart_heat import heat_layers
from headwater.reports.chart_layers import DAY_MS, around, behind, interval, over, pointed_at, shown_span
from headwater.reports.chart_style import CONFIG, FONT_SIZE, INK, QUIET, WIDTH, number_words, title
from headwater.reports.lettering import cleaned, width, wrapped
from headwater.reports.picture import PALETTE, Panel, Picture, picture
from headwater.reports.table import ReportTable
from headwater.reports.table_picture import empty_layers, table_layers

_MAX_DOTS = 45
_TICKS = 5
_FLAT_TITLE = {"titleAngle": 0, "titleAnchor": "end", "titleBaseline": "bottom"}


def specification(table: ReportTable) -> dict[str, Any]:
    """The Vega-Lite specification that shows ``table``: a chart, a drawn table, or that there are no data."""
    drawn = picture(table)
    if drawn is not None:
        chart, datasets = _chart(drawn, table), _datasets(drawn)
    elif table.rows and table.chart == "heatmap":
        chart, datasets = heat_layers(table)
    elif table.rows:
        chart, datasets = table_layers(table)
    else:
        chart, datasets = empty_layers(), {}
    spec: dict[str, Any] = chart.properties(title=title(table)).to_dict()
    spec["description"] = cleaned(f"{table.title}. {table.subtitle}")
    spec["config"] = CONFIG
    # Added last: the builder would check every value of inline data against its schema, seconds for a long report.
    spec["datasets"] = datasets | (around(table, _millis(drawn)) if drawn is not None and drawn.times else {})
    return spec


def _datasets(drawn: Picture) -> dict[str, list[dict[str, Any]]]:
    """One dataset per panel, named after its metric's key."""
    return {panel.column.key: _points(drawn, panel) if drawn.times else _bars(drawn, panel) for panel in drawn.panels}


def _points(drawn: Picture, panel: Panel) -> list[dict[str, Any]]:
    millis = _millis(drawn)
    return [
        {"x": at, "s": name, "o": order, "v": value}
        for order, (name, values) in enumerate(zip(drawn.series, panel.values, strict=True))
        for at, value in zip(millis, values, strict=True)
    ]


def _bars(drawn: Picture, panel: Panel) -> list[dict[str, Any]]:
    return [
        {"x": name, "v": value, "end": value or 0}
        for name, value in zip(drawn.categories, panel.values[0], strict=True)
    ]


def _millis(drawn: Picture) -> list[int]:
    return [int(at.timestamp() * 1000) for at in drawn.times]


def _chart(drawn: Picture, table: ReportTable) -> Any:
    """The panels, in a grid, over their footnote."""
    import altair as alt

    if drawn.times:
        columns = 1 if len(drawn.panels) <= 3 else 2
        panels = [_over_time(drawn, panel, table) for panel in drawn.panels]
    else:
        columns = min(3, len(drawn.panels))
        panels = [_by_category(drawn, panel, at % columns == 0) for at, panel in enumerate(drawn.panels)]
    body = alt.concat(*panels, columns=columns, spacing={"row": 28, "column": 28})
    return alt.vconcat(body.properties(title=_footnote(drawn.notes))) if drawn.notes else body


def _over_time(drawn: Picture, panel: Panel, table: ReportTable) -> Any:
    """Lines, stacked areas or stacked bars of one metric along the time axis."""
    import altair as alt

    wide = len(drawn.panels) <= 3
    pixels = WIDTH if wide else (WIDTH - 90) // 2
    millis = _millis(drawn)
    form = _time_form(drawn, millis)
    stacked = panel.mark != "line" and len(drawn.series) > 1
    along, axis = _time_axis(millis, form, 8 if wide else 4, table), _value_axis(panel, upright=True)
    figures = alt.Chart(alt.NamedData(panel.column.key)).encode(
        x=alt.X("x:T", scale=alt.Scale(type="utc"), axis=along),
        y=alt.Y("v:Q", axis=axis, stack=stacked and "zero"),
        color=_colour(drawn),
        **({"order": alt.Order("o:Q")} if stacked else {}),
    )
    # One layer alone says how far the axes go: the same said by two is taken for a conflict.
    marks = _marked(figures, drawn, panel, millis, pixels).encode(
        x=alt.X("x:T", scale=_time_scale(millis), axis=along),
        y=alt.Y("v:Q", axis=axis, scale=_value_scale(panel), stack=stacked and "zero"),
    )
    points = pointed_at(figures, panel, drawn, table, form)
    return alt.layer(*behind(table, along), marks, points, *over(table, along, form)).properties(
        width=pixels, height={1: 360, 2: 210, 3: 165}.get(len(drawn.panels), 170)
    )


def _marked(chart: Any, drawn: Picture, panel: Panel, millis: list[int], pixels: int) -> Any:
    import altair as alt

    few = len(millis) <= _MAX_DOTS
    if panel.mark == "bar":
        slots = (millis[-1] - millis[0]) / interval(millis) + 1
        return chart.mark_bar(size=max(1, min(48, pixels / slots * 0.8)))
    dots = alt.OverlayMarkDef(size=36, filled=True) if few else False
    if panel.mark == "line":
        return chart.mark_line(strokeWidth=2, strokeJoin="round", point=dots)
    if len(drawn.series) > 1:
        return chart.mark_area(opacity=0.85, line=False)
    return chart.mark_area(opacity=0.25, line={"strokeWidth": 2, "strokeJoin": "round"}, point=dots)


def _by_category(drawn: Picture, panel: Panel, labelled: bool) -> Any:
    """Horizontal bars, each with its figure; small multiples share the names at the left."""
    import altair as alt

    names = alt.Axis(
        title=cleaned(drawn.breakdown) if labelled else None,
        titleAlign="right",
        titleX=-8,
        titleY=-23,
        **_FLAT_TITLE,
        labels=labelled,
        labelLimit=320,
        labelPadding=8,
        labelColor=INK,
        ticks=False,
        grid=False,
        domain=False,
    )
    base = alt.Chart(alt.NamedData(panel.column.key)).encode(
        x=alt.X("v:Q", axis=_value_axis(panel, upright=False), scale=_value_scale(panel, air=0.3)),
        y=alt.Y("x:N", axis=names, scale=alt.Scale(domain=list(drawn.categories), paddingInner=0.25)),
    )
    figures = base.mark_text(align="left", dx=5, color=INK, fontSize=11).encode(x="end:Q", text="label:N")
    figures = figures.transform_calculate(label=f"isValid(datum.v) ? ({number_words('datum.v')}) : '–'")
    pixels = {1: 560, 2: 300}.get(len(drawn.panels), 210)
    return (base.mark_bar(color=PALETTE[0]) + figures).properties(
        width=pixels, height=max(60, 26 * len(drawn.categories))
    )


def _time_scale(millis: list[int]) -> Any:
    """Half an interval of air on both sides, so that bars and a lone point have room."""
    import altair as alt

    return alt.Scale(type="utc", domain=list(shown_span(millis)))


def _time_form(drawn: Picture, millis: list[int]) -> str:
    """How times are written: with the hour where there is one, with the year where there are several."""
    year = "" if drawn.times[0].year == drawn.times[-1].year else " %Y"
    if len(millis) > 1 and drawn.daily and all(at.day == 1 for at in drawn.times):
        return "%b %Y"
    return f"%-d %b{year}" if drawn.daily else f"%-d %b{year} %H:%M"


def _time_axis(millis: list[int], form: str, ticks: int, table: ReportTable) -> Any:
    """Ticks stand on times that the data have, on midnights where there are enough of them."""
    import altair as alt

    midnights = [at for at in millis if at % DAY_MS == 0]
    few = len(midnights) < min(ticks // 2, len(millis))
    stops = millis if few else midnights
    heading = "" if table.time is None else table.columns[table.time].heading
    return alt.Axis(
        title=cleaned(heading),
        titlePadding=10,
        values=stops[:: ceil(len(stops) / ticks)],
        labelExpr=f"utcFormat(datum.value, '{form if few else form.removesuffix(' %H:%M')}')",
        labelOverlap=True,
        grid=False,
    )


def _value_axis(panel: Panel, *, upright: bool) -> Any:
    """Axis of a metric, its title lying flat on top; counts have no ticks between whole numbers."""
    import altair as alt

    low, high = _extent(panel)
    few = panel.column.kind == "integer" and high - low <= _TICKS
    options: dict[str, Any] = {"values": list(range(int(low), int(high) + 2))} if few else {}
    if upright:
        options |= _FLAT_TITLE | {
            "minExtent": 44,
            "titleX": -44,
            "titleAlign": "left",
            "titleY": -10,
            "tickCount": _TICKS,
        }
    else:
        options |= {"orient": "top", "titleAnchor": "start", "titlePadding": 8, "tickCount": 3}
    title = wrapped(panel.column.heading, 44 if upright else 30, lines=2)
    return alt.Axis(title=title, labelExpr=number_words("datum.value"), domain=False, ticks=False, **options)


def _extent(panel: Panel) -> tuple[float, float]:
    """The lowest and highest value on the axis, zero included; of the piles where values are stacked."""
    piles = [[value or 0 for value in pile] for pile in zip(*panel.values, strict=True)]
    if panel.mark == "line":
        return min(0, *map(min, piles)), max(0, *map(max, piles))
    return (
        min(0, *(sum(value for value in pile if value < 0) for pile in piles)),
        max(0, *(sum(value for value in pile if value > 0) for pile in piles)),
    )


def _value_scale(panel: Panel, air: float = 0) -> Any:
    """From zero, but for lines of levels and rates far above it; ``air`` leaves room for figures past the bars."""
    import altair as alt

    low, high = (side * (1 + air) for side in _extent(panel))
    if low == high == 0:
        return alt.Scale(domain=[0, 1])
    if air:
        return alt.Scale(domain=[low, high])
    known = [value for row in panel.values for value in row if value is not None]
    level = panel.mark == "line" and not panel.column.additive and high > min(known) > high / 2
    return alt.Scale(zero=not level, nice=_TICKS)


def _colour(drawn: Picture) -> Any:
    import altair as alt

    if drawn.series == ("",):
        return alt.value(PALETTE[0])
    longest = max(width(name) for name in drawn.series) * FONT_SIZE + 36
    legend = alt.Legend(
        title=cleaned(drawn.breakdown),
        orient="top",
        columns=max(1, int(WIDTH / longest)),
        labelLimit=0,
        offset=16,
        symbolType="square" if len(drawn.times) <= _MAX_DOTS or drawn.panels[0].mark != "line" else "stroke",
        symbolStrokeWidth=3,
    )
    return alt.Color("s:N", scale=alt.Scale(domain=list(drawn.series), range=drawn.colours), legend=legend)


def _footnote(notes: tuple[str, ...]) -> dict[str, Any]:
    """Notes under the picture, which Vega-Lite knows only as a title that hangs below."""
    look = {"orient": "bottom", "fontSize": 11, "fontWeight": "normal", "lineHeight": 16, "color": QUIET, "offset": 14}
    return {"text": [line for note in notes for line in wrapped(note, 140)], **look}
