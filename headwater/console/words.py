"""How pages write numbers, shares, money and times: the filters of the templates.

Reads no data and knows no page. What is not known is an en dash, never nought.

>>> number(1234567), number(0.12345), number(None)
('1,234,567', '0.1235', '–')
>>> compact(12_345), compact(950), compact(3_000_000), compact(999_700), compact(12.345)
('12.3k', '950', '3M', '1M', '12.35')
>>> percent(0.1234), percent(None)
('12.3 %', '–')
>>> delta(120, 100), delta(80, 100), delta(5, 0), delta(3, 3)
('+20 %', '−20 %', 'new', '±0 %')
>>> delta(1000, 5), number(-0.00001)
('+19,900 %', '0')
>>> money(12_500_000, "eur")
'12.50 EUR'
>>> from datetime import UTC
>>> moment(datetime(2025, 7, 1, 22, 30, tzinfo=UTC), "Europe/Oslo"), day(date(2025, 7, 1))
('2 Jul 2025, 00:30 CEST', '1 Jul 2025')
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

UNKNOWN: Final = "–"
_STEPS: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_MICROS: Final = 1_000_000


def number(value: float | None) -> str:
    """With separators; fractions to four places."""
    if value is None:
        return UNKNOWN
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:z.4f}".rstrip("0").rstrip(".")


def compact(value: float | None) -> str:
    """Thousands and more to three figures, for tiles; the whole number belongs into a title beside it."""
    if value is None:
        return UNKNOWN
    # Rounded first: what rounds to a million is one, and not a thousand thousands.
    rounded = float(f"{value:.3g}")
    for size, letter in _STEPS:
        if abs(rounded) >= size:
            return f"{rounded / size:.3g}{letter}"
    return number(value)


def percent(share: float | None, places: int = 1) -> str:
    """A share of one as a percentage."""
    return UNKNOWN if share is None else f"{share * 100:.{places}f} %"


def delta(now: float | None, before: float | None) -> str:
    """How much more or less than before, with its sign."""
    if now is None or before is None:
        return UNKNOWN
    if not before:
        return "new" if now else "±0 %"
    change = (now - before) / abs(before) * 100
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    size = f"{abs(change):,.0f}" if abs(change) >= 100 else f"{abs(change):.3g}"
    return f"{sign}{size} %"


def money(micros: int | None, currency: str) -> str:
    """Millionths of a currency's unit, to two places."""
    return UNKNOWN if micros is None else f"{micros / _MICROS:,.2f} {currency.upper()}"


def moment(at: datetime | None, zone: str) -> str:
    """A time in a zone, which is named; a time without an offset is UTC."""
    if at is None:
        return UNKNOWN
    local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M %Z}"


def day(on: date | None) -> str:
    """A day."""
    return UNKNOWN if on is None else f"{on.day} {on:%b %Y}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
