"""How report pictures look: sizes, fonts, colours, number formats.

Constants and small specification parts that chart and drawn table share; nothing
here depends on data but the title.
"""

from __future__ import annotations

from typing import Any

from headwater.reports.lettering import wrapped
from headwater.reports.table import ReportTable

WIDTH = 780
INK, QUIET, GRID, STRIPE = "#1f2933", "#616e7c", "#e4e7eb", "#f5f7fa"
FONT_SIZE = 12
# Liberation Sans comes with the converter; the others are used where the system or the browser has them.
FONT = "Liberation Sans, Arial, Noto Sans, Noto Sans CJK SC, DejaVu Sans, sans-serif"

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "padding": 24,
    "view": {"stroke": None},
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": 20,
        "fontWeight": "bold",
        "lineHeight": 25,
        "subtitleColor": QUIET,
        "subtitleFontSize": 13,
        "subtitleLineHeight": 18,
        "subtitlePadding": 6,
        "offset": 18,
    },
    "axis": {
        "labelColor": QUIET,
        "labelFontSize": FONT_SIZE,
        "titleColor": INK,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "bold",
        "gridColor": GRID,
        "domainColor": "#9aa5b1",
        "tickColor": "#9aa5b1",
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": FONT_SIZE,
        "titleColor": INK,
        "titleFontSize": FONT_SIZE,
        "symbolSize": 120,
    },
}


def number_words(value: str) -> str:
    """A Vega expression that writes ``value`` as people do: 950, 0.25, 12.5k, 3M, 1.2B, 4T."""
    large = f"replace(replace(format({value}, '.3~s'), 'G', 'B'), 'P', 'e15')"
    return f"abs({value}) >= 1000 ? {large} : format({value}, '.4~g')"


def title(table: ReportTable, letters: int = 68) -> dict[str, Any]:
    """The title and the period, wrapped to the picture's width."""
    return {
        "text": wrapped(table.title, letters) or ["Report"],
        "subtitle": wrapped(table.subtitle, int(letters * 1.5)),
    }
