"""The words of the calendar, and explicit dates written with them. Pure.

>>> point("march 3rd 2026".split(), date(2026, 11, 27)).readings
(Dates(first=datetime.date(2026, 3, 3), last=datetime.date(2026, 3, 3)),)
>>> point(["q3"], date(2026, 11, 27)).readings[0].first
datetime.date(2026, 7, 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from headwater.analyst.periods import Dates, Unit, month_step, whole

_MONTH_NAMES: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
MONTHS: Final = {
    **{name: number for number, name in enumerate(_MONTH_NAMES, 1)},
    **{name[:3]: number for number, name in enumerate(_MONTH_NAMES, 1)},
    "sept": 9,
}
_DAY_NAMES: Final = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final = {name: number for number, name in enumerate(_DAY_NAMES)}
UNITS: Final[dict[str, Unit]] = {
    "day": "day",
    "days": "day",
    "week": "week",
    "weeks": "week",
    "month": "month",
    "months": "month",
    "quarter": "quarter",
    "quarters": "quarter",
    "year": "year",
    "years": "year",
}
COUNTS: Final = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
} | {"a": 1, "an": 1, "couple": 2, "fourteen": 14, "thirty": 30, "sixty": 60, "ninety": 90}
YEARS: Final = frozenset(map(str, range(1970, 2100)))
_ORDINALS: Final = {f"{number}{ending}": number for number in range(1, 32) for ending in ("st", "nd", "rd", "th", "")}
_QUARTERS: Final = {f"q{number}": number for number in range(1, 5)}
_HALVES: Final = {"h1": 1, "h2": 2}
_FIRSTS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4}


class Point(msgspec.Struct, frozen=True):
    """An explicit time, ``length`` words long; several ``readings`` where it is ambiguous, none where it is no day."""

    length: int
    readings: tuple[Dates, ...]


def point(words: Sequence[str], today: date) -> Point | None:
    """The explicit time that the words begin with, as whole days, months, quarters or years."""
    for rule in (_numeric, _day_month, _month, _part_of_year):
        if words and (found := rule(words, today)):
            return found
    return None


def _numeric(words: Sequence[str], today: date) -> Point | None:
    """2026-11-03, 2026-11, 13/04/2026, 13.4.2026."""
    word = words[0]
    parts = next((word.split(mark) for mark in "-/." if word.count(mark)), [])
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return None
    numbers = [int(part) for part in parts]
    if len(parts[0]) == 4 and "-" in word:
        return Point(1, _month_of(*numbers) if len(numbers) == 2 else _day(*numbers))
    if len(numbers) < 3 or len(parts[2]) != 4:
        return None
    a, b, year = numbers
    return Point(1, tuple(dict.fromkeys((*_day(year, b, a), *_day(year, a, b)))))


def _day(year: int, month: int, day: int) -> tuple[Dates, ...]:
    try:
        found = date(year, month, day)
    except ValueError:
        return ()
    return (Dates(found, found),)


def _month_of(year: int, month: int) -> tuple[Dates, ...]:
    return (whole("month", date(year, month, 1), 0),) if 1 <= month <= 12 and year else ()


def _day_month(words: Sequence[str], today: date) -> Point | None:
    """3 March 2026, 3rd of March, March 3rd 2026."""
    if words[0] in _ORDINALS:
        at = 2 if len(words) > 2 and words[1] == "of" else 1
        if len(words) <= at or words[at] not in MONTHS:
            return None
        day, month, length = _ORDINALS[words[0]], MONTHS[words[at]], at + 1
    elif words[0] in MONTHS and len(words) > 1:
        at = 2 if len(words) > 2 and words[1] == "the" else 1
        if words[at] not in _ORDINALS:
            return None
        day, month, length = _ORDINALS[words[at]], MONTHS[words[0]], at + 1
    else:
        return None
    year, more = _year(words, length)
    if year is None:
        year = today.year if (month, day) <= (today.month, today.day) else today.year - 1
    return Point(length + more, _day(year, month, day))


def _year(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """A year at a place, and how many words it takes."""
    skip = 1 if len(words) > at and words[at] in ("of", "in") else 0
    if len(words) > at + skip and words[at + skip] in YEARS:
        return int(words[at + skip]), skip + 1
    return None, 0


def _month(words: Sequence[str], today: date) -> Point | None:
    """March, March 2026; "may" and "mar" alone could be no months."""
    if words[0] not in MONTHS:
        return None
    month = MONTHS[words[0]]
    year, more = _year(words, 1)
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    return Point(1 + more, _month_of(year, month))


def _part_of_year(words: Sequence[str], today: date) -> Point | None:
    """Q3 2026, the third quarter of 2026, H1 2026."""
    if words[0] in _FIRSTS and len(words) > 1 and words[1] in ("quarter", "half"):
        number, length = _FIRSTS[words[0]], 2
        months = 3 if words[1] == "quarter" else 6
    elif words[0] in _QUARTERS:
        number, length, months = _QUARTERS[words[0]], 1, 3
    elif words[0] in _HALVES:
        number, length, months = _HALVES[words[0]], 1, 6
    else:
        return None
    year, more = _year(words, length)
    begins = (number - 1) * months + 1
    if year is None:
        year = today.year if begins <= today.month else today.year - 1
    if begins > 12:
        return Point(length + more, ())
    first = date(year, begins, 1)
    last = month_step(first, months)
    return Point(length + more, (Dates(first, date.fromordinal(last.toordinal() - 1)),))
