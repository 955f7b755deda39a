"""When posts go out, as a map of the week. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from headwater.kit.rounding import rounded_number
from headwater.query.series.posting import Heatmap, PostingSlot
from headwater.reports import Column as TableColumn
from headwater.reports import ReportTable
from headwater.tools.metric_table import PLACES

Column = Literal["posts", "views", "avg_views_per_post"]
COLUMNS: Final[Mapping[Column, str]] = {
    "posts": "Posts",
    "views": "Views of these posts",
    "avg_views_per_post": "Average views per post",
}
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def table(found: Heatmap, column: Column, subtitle: str) -> ReportTable:
    """The hours of a week with ``column``; without rows where nothing was posted."""
    label = COLUMNS[column]
    rate = column == "avg_views_per_post"
    measured = TableColumn(column, label, "number" if rate else "integer", additive=not rate)
    return ReportTable(
        title=f"{label} by weekday and hour",
        subtitle=subtitle,
        columns=(TableColumn("weekday", "Weekday", "text"), TableColumn("hour", "Hour", "text"), measured),
        rows=[_row(slot, column) for slot in found.slots] if any(slot.posts for slot in found.slots) else [],
        chart="heatmap",
    )


def _row(slot: PostingSlot, column: Column) -> tuple[str, str, int | float | None]:
    value = getattr(slot, column)
    shown = rounded_number(value, PLACES) if isinstance(value, float) else value
    return _WEEKDAYS[slot.weekday - 1], f"{slot.hour:02}:00", shown
