"""A heatmap as a Vega-Lite chart: two texts make a grid, a figure the depth of each cell's colour."""

from __future__ import annotations

from typing import Any, Final

from headwater.reports.chart_style import STRIPE, WIDTH, number_words
from headwater.reports.lettering import cleaned
from headwater.reports.picture import PALETTE
from headwater.reports.table import ReportTable

_CELL: Final = 30
_DATA: Final = "cells"


def heat_layers(table: ReportTable) -> tuple[Any, dict[str, list[dict[str, Any]]]]:
    """The chart and its dataset; rows and columns stand in the order of the table."""
    import altair as alt

    (across, along), metric = table.texts, table.columns[table.metrics[0]]
    cells = [{"y": row[across], "x": row[along], "v": row[table.metrics[0]]} for row in table.rows]
    lines = list(dict.fromkeys(str(row[across]) for row in table.rows))
    steps = list(dict.fromkeys(str(row[along]) for row in table.rows))
    title = cleaned(metric.heading)
    chart = (
        alt.Chart(alt.NamedData(_DATA))
        .transform_calculate(words=f"isValid(datum.v) ? ({number_words('datum.v')}) : '–'")
        .mark_rect(cornerRadius=2)
        .encode(
            x=_position(alt.X, "x:N", steps, table.columns[along].label),
            y=_position(alt.Y, "y:N", lines, None),
            color=alt.Color(
                "v:Q",
                scale=alt.Scale(range=[STRIPE, PALETTE[0]], domainMin=0),
                legend=alt.Legend(title=title, orient="top", offset=12, gradientLength=200),
            ),
            tooltip=[
                alt.Tooltip("y:N", title=table.columns[across].label),
                alt.Tooltip("x:N", title=table.columns[along].label),
                alt.Tooltip("words:N", title=title),
            ],
        )
        .properties(width=WIDTH, height=_CELL * len(lines))
    )
    return chart, {_DATA: cells}


def _position(channel: Any, field: str, names: list[str], label: str | None) -> Any:
    import altair as alt

    axis = alt.Axis(
        title=label and cleaned(label), labelAngle=0, labelOverlap=True, ticks=False, domain=False, grid=False
    )
    return channel(field, scale=alt.Scale(domain=names, paddingInner=0.08), axis=axis)
