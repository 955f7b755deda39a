"""What a chart over time shows around its figures: what has happened, which bucket still grows, what is pointed at.

Layers over and under the marks of ``chart``; the first two read datasets of their own, which ``around`` gives.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from headwater.reports.chart_style import QUIET, STRIPE
from headwater.reports.lettering import cleaned
from headwater.reports.picture import Panel, Picture
from headwater.reports.table import ReportTable

DAY_MS: Final = 86_400_000
_EVENTS, _UNFINISHED = "events", "unfinished"
_REACH: Final = 220
"""The area in square pixels around a point in which it is pointed at."""


def interval(millis: list[int]) -> int:
    """The shortest step between two times; a day when there is only one."""
    return min((later - sooner for sooner, later in pairwise(millis)), default=DAY_MS)


def shown_span(millis: list[int]) -> tuple[int, int]:
    """From where to where the time axis goes.

    >>> shown_span([0, 86_400_000])
    (-43200000, 129600000)
    """
    air = interval(millis) // 2
    return millis[0] - air, millis[-1] + air


def around(table: ReportTable, millis: list[int]) -> dict[str, list[dict[str, Any]]]:
    """The datasets of ``behind`` and ``over``; events beyond the axis are left out."""
    first, last = shown_span(millis)
    found: dict[str, list[dict[str, Any]]] = {}
    if table.unfinished is not None:
        at = int(table.unfinished.timestamp() * 1000)
        air = interval(millis) // 2
        found[_UNFINISHED] = [{"x": max(at - air, first), "end": min(at + air, last)}]
    if table.events:
        events = [(int(event.at.timestamp() * 1000), cleaned(event.text)) for event in table.events]
        found[_EVENTS] = [{"x": at, "text": text} for at, text in events if first <= at <= last]
    return found


def _along(axis: Any) -> Any:
    """Where things stand that do not say how far the axis goes; all layers share the scale of the figures."""
    import altair as alt

    return alt.X("x:T", scale=alt.Scale(type="utc"), axis=axis)


def behind(table: ReportTable, axis: Any) -> list[Any]:
    """A band under the bucket whose figures still grow."""
    import altair as alt

    if table.unfinished is None:
        return []
    return [
        alt.Chart(alt.NamedData(_UNFINISHED)).mark_rect(color=STRIPE, aria=False).encode(x=_along(axis), x2="end:T")
    ]


def over(table: ReportTable, axis: Any, form: str) -> list[Any]:
    """A dashed line at each event, with a flag on top that says what happened."""
    import altair as alt

    if not table.events:
        return []
    events = alt.Chart(alt.NamedData(_EVENTS)).encode(x=_along(axis))
    events = events.transform_calculate(day=f"utcFormat(datum.x, '{form}')")
    flag = events.mark_point(shape="triangle-down", size=90, filled=True, opacity=1, color=QUIET)
    return [
        events.mark_rule(strokeDash=[3, 3], color=QUIET, aria=False),
        flag.encode(y=alt.value(4), tooltip=[alt.Tooltip("day:N", title="On"), alt.Tooltip("text:N", title="Event")]),
    ]


def pointed_at(figures: Any, panel: Panel, drawn: Picture, table: ReportTable, form: str) -> Any:
    """Says what stands at a point; a line by itself can only say what it is of."""
    import altair as alt

    time = "" if table.time is None else table.columns[table.time].heading
    unit = f" {panel.column.unit}" if panel.column.unit else ""
    shape = ",d" if panel.column.kind == "integer" else ",.4~f"
    words = f"isValid(datum.v) ? format(datum.v, '{shape}') + {unit!r} : '–'"
    said = [alt.Tooltip("day:N", title=time or "Time"), alt.Tooltip("words:N", title=cleaned(panel.column.label))]
    if drawn.series != ("",):
        said.insert(1, alt.Tooltip("s:N", title=drawn.breakdown))
    return (
        figures.transform_calculate(day=f"utcFormat(datum.x, '{form}')", words=words)
        .mark_point(size=_REACH, opacity=0, filled=True, aria=False)
        .encode(tooltip=said)
    )
