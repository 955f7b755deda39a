"""Text as it is drawn: made harmless, shortened, wrapped and measured.

Only for pictures. Files that carry data (CSV, JSON, Arrow) keep every character.
Measures are in ems of the drawing font, near enough for laying out columns.

>>> shortened("campaign_2026_autumn_video_15s_v1", 20)
'campaign_202…15s_v1'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from unicodedata import east_asian_width

from headwater.reports.table import Cell, Kind

# Control characters break SVG, lone surrogates break UTF-8, and direction overrides let one name turn its neighbours.
_UNDRAWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_NARROW, _WIDE = 0.56, 1.05


def cleaned(text: str) -> str:
    """``text`` without characters that cannot be drawn."""
    return _UNDRAWABLE.sub(" ", text).strip()


def width(text: str) -> float:
    """The width of ``text`` in ems."""
    return sum(_WIDE if east_asian_width(letter) in "WF" else _NARROW for letter in text)


def shortened(text: str, letters: int) -> str:
    """At most ``letters`` narrow letters wide; the middle goes, since names differ in their ends."""
    room = letters * _NARROW
    text = cleaned(text)
    if _fitting(text, room) == text:
        return text
    head = _fitting(text, room * 0.62)
    tail = _fitting(text[::-1], room * 0.33)[::-1]
    return f"{head}…{tail}"


def distinct(names: Iterable[str], letters: int) -> dict[str, str]:
    """Each name's short form; two names never share one, so that they stay two series."""
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        label = plain = shortened(name, letters) or "(none)"
        count = 1
        while label in taken:
            count += 1
            label = f"{plain} ({count})"
        taken.add(label)
        short[name] = label
    return short


def wrapped(text: str, letters: int, lines: int = 3) -> list[str]:
    """``text`` in at most ``lines`` lines; the last one ends in … when there is more."""
    room, rest, done = letters * _NARROW, cleaned(text), list[str]()
    while rest and len(done) < lines:
        line = _fitting(rest, room)
        if len(line) < len(rest) and " " in line and rest[len(line)] != " ":
            line = line[: line.rindex(" ")]
        done.append(line.strip())
        rest = rest[len(line) :].lstrip()
    if rest:
        done[-1] = _fitting(done[-1], room - 1) + "…"
    return done


def cell_text(value: Cell, kind: Kind, *, midnight: bool = False) -> str:
    """A value as a drawn table shows it: separators, few decimals, a dash for nothing."""
    if value is None or value != value:  # the second is true of NaN alone
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M")
    if isinstance(value, str):
        return shortened(value, 44) or "(none)"
    if kind == "integer" or value == 0:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:,.2f}"
    return f"{value:.4f}" if abs(value) >= 0.0001 else f"{value:.2e}"


def _fitting(text: str, room: float) -> str:
    """The longest beginning of ``text`` that is not wider than ``room``, and never empty."""
    for at, letter in enumerate(text):
        room -= width(letter)
        if room < -1e-9:  # a sum of fractions may miss zero
            return text[: max(at, 1)]
    return text
