"""Expressions of time in a question's words: which days they mean. Pure; it knows neither metrics nor tables.

It takes words in lower case as the tokeniser gives them (``2026-11-03`` and ``03/04/2026`` are one
word each) and finds the longest expression at each place. What is meant:

* "last week", "last 2 weeks", "last month", "last 3 months": whole calendar weeks (from Monday) and months
  before the present one.
* "last 7 days": today and the six days before, as in saved reports.
* "past week", "past 3 months": up to today, today included.
* "this week", "in November" while it is November: from its beginning up to today.
* "in March": the latest March that has begun. "on Monday": the latest Monday before today.
* "03/04/2026" has two readings, and whoever asks must choose. What lies in the future is told as such.

>>> today = date(2026, 11, 27)
>>> [(found.first, found.last) for found in find("how many last week".split(), today)]
[(datetime.date(2026, 11, 16), datetime.date(2026, 11, 22))]
>>> [(found.kind, found.unit) for found in find("and the week before ?".split(), today)]
[('before', 'week')]
>>> [one.kind for one in find("on 03/04/2026".split(), today)]
['unclear']
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, Literal

import msgspec

from headwater.analyst.calendar_words import COUNTS, MONTHS, UNITS, WEEKDAYS, YEARS, Point, point
from headwater.analyst.periods import Dates, Unit, clipped, rolling, whole

Kind = Literal["span", "before", "all", "future", "unclear"]


class Time(msgspec.Struct, frozen=True):
    """What the words from ``start`` up to ``end`` mean.

    ``span``: ``dates``. ``before``: the ``unit`` (or, without one, the period) before another time of the
    question; with ``dates`` it means those where there is none. ``all``: all time. ``future``: after today.
    ``unclear``: one of the ``readings``, or none of them where there are none.
    """

    start: int
    end: int
    kind: Kind
    dates: Dates | None = None
    unit: Unit | None = None
    readings: tuple[Dates, ...] = ()

    @property
    def first(self) -> date | None:
        """The first day."""
        return self.dates.first if self.dates else None

    @property
    def last(self) -> date | None:
        """The last day."""
        return self.dates.last if self.dates else None


class Read(msgspec.Struct, frozen=True):
    """An expression that was read, ``length`` words long."""

    length: int
    kind: Kind
    dates: Dates | None = None
    unit: Unit | None = None
    readings: tuple[Dates, ...] = ()


Rule = Callable[[Sequence[str], date], Read | None]
"""Reads an expression at the beginning of the words."""

_LEAD: Final = frozenset({"in", "on", "during", "for", "over", "within", "the", "of", "throughout", "at"})
_MOST: Final = 1000


def find(words: Sequence[str], today: date) -> tuple[Time, ...]:
    """Every expression of time, in order; none overlaps another. Never raises, whatever the words."""
    found: list[Time] = []
    at = 0
    while at < len(words):
        read = _longest(words[at:], today)
        if read is None:
            at += 1
            continue
        found.append(Time(at, at + read.length, read.kind, read.dates, read.unit, read.readings))
        at += read.length
    return tuple(found)


def _longest(words: Sequence[str], today: date) -> Read | None:
    """The longest expression that begins with the first word, prepositions before it included."""
    best: Read | None = None
    lead = 0
    while lead < len(words) and lead < 3 and (lead == 0 or words[lead - 1] in _LEAD):
        for rule in RULES:
            try:
                read = rule(words[lead:], today)
            except (ValueError, OverflowError):
                # Beyond the calendar, such as the last 900,000 years.
                read = None
            if read and (best is None or read.length + lead > best.length):
                best = msgspec.structs.replace(read, length=read.length + lead)
        if best is None and _year_after(words, lead, today):
            best = _year_after(words, lead, today)
        lead += 1
    return best


def _year_after(words: Sequence[str], lead: int, today: date) -> Read | None:
    """A bare year counts only behind "in" and its like: "more than 2000" is no time."""
    if lead and words[lead - 1] != "the" and lead < len(words) and words[lead] in YEARS:
        return _span(lead + 1, whole("year", date(int(words[lead]), 1, 1), 0), today)
    return None


def _span(length: int, dates: Dates, today: date) -> Read:
    if dates.first > today:
        return Read(length, "future", dates)
    return Read(length, "span", clipped(dates, today))


_FIXED: Final[dict[tuple[str, ...], tuple[Unit, int]]] = {
    ("today",): ("day", 0),
    ("yesterday",): ("day", 1),
    ("day", "before", "yesterday"): ("day", 2),
    ("week", "before", "last"): ("week", 2),
    ("month", "before", "last"): ("month", 2),
    ("quarter", "before", "last"): ("quarter", 2),
    ("year", "before", "last"): ("year", 2),
}
_TO_DATE: Final[dict[tuple[str, ...], Unit]] = {
    **{(unit, "to", "date"): unit for unit in ("week", "month", "quarter", "year")},
    ("wtd",): "week",
    ("mtd",): "month",
    ("qtd",): "quarter",
    ("ytd",): "year",
}
_EVER: Final = (("all", "time"), ("ever",), ("lifetime",), ("since", "the", "beginning"), ("of", "all", "time"))
_BEFORE: Final[dict[tuple[str, ...], Unit | None]] = {
    ("period", "before"): None,
    ("previous", "period"): None,
    ("prior", "period"): None,
    ("preceding", "period"): None,
    ("same", "period", "last", "year"): "year",
    ("same", "time", "last", "year"): "year",
    ("same", "month", "last", "year"): "year",
    ("a", "year", "earlier"): "year",
    ("year", "earlier"): "year",
}


def _starts(words: Sequence[str], phrase: tuple[str, ...]) -> bool:
    return tuple(words[: len(phrase)]) == phrase


def _fixed(words: Sequence[str], today: date) -> Read | None:
    for phrase, (unit, back) in _FIXED.items():
        if _starts(words, phrase):
            return _span(len(phrase), whole(unit, today, back), today)
    for phrase, unit in _TO_DATE.items():
        if _starts(words, phrase):
            return _span(len(phrase), whole(unit, today, 0), today)
    if _starts(words, ("tomorrow",)):
        return Read(1, "future")
    return next((Read(len(phrase), "all") for phrase in _EVER if _starts(words, phrase)), None)


def _before(words: Sequence[str], today: date) -> Read | None:
    for phrase, unit in _BEFORE.items():
        if _starts(words, phrase):
            return Read(len(phrase), "before", unit=unit)
    if len(words) < 2 or words[0] not in UNITS:
        return None
    if words[1] in ("before", "earlier", "prior") and (len(words) < 3 or words[2] not in _CLAUSE):
        return Read(2 + (len(words) > 2 and words[2] in ("that", "it", "then")), "before", unit=UNITS[words[0]])
    return None


# "the week before the launch" is no time that is known here.
_CLAUSE: Final = frozenset({"the", "this", "we", "our", "christmas", "last", "yesterday"})
_LAST: Final = frozenset({"last", "previous", "prior", "preceding"})
_ROLLING: Final = frozenset({"past", "trailing"})
_THIS: Final = frozenset({"this", "current"})
_NEXT: Final = frozenset({"next", "coming", "following", "upcoming"})


def _relative(words: Sequence[str], today: date) -> Read | None:
    """last week, past 3 months, this year, next month."""
    which = words[0]
    if which not in _LAST | _ROLLING | _THIS | _NEXT or len(words) < 2:
        return None
    count, at = _count(words, 1)
    if at >= len(words) or words[at] not in UNITS:
        return None
    unit, length = UNITS[words[at]], at + 1
    if which in _NEXT:
        return Read(length, "future")
    if which in _THIS:
        return _span(length, whole(unit, today, 0), today) if at == 1 else None
    if which in _ROLLING or (unit == "day" and at > 1):
        return _span(length, rolling(unit, today, count), today)
    read = _span(length, whole(unit, today, 1, count), today)
    # "previous week" beside another time is the one before that.
    named = which != "last" and at == 1
    return Read(length, "before", read.dates, unit) if named else read


def _count(words: Sequence[str], at: int) -> tuple[int, int]:
    """A number at a place, 1 where there is none, and where it goes on."""
    if at < len(words):
        if words[at] in COUNTS:
            return COUNTS[words[at]], at + 1
        if words[at].isascii() and words[at].isdigit() and 0 < int(words[at][:5]) <= _MOST:
            return int(words[at]), at + 1
    return 1, at


def _ago(words: Sequence[str], today: date) -> Read | None:
    """two weeks ago, 3 days ago; "a week ago" may be the week or the day."""
    count, at = _count(words, 0)
    if at == 0 or len(words) < at + 2 or words[at] not in UNITS or words[at + 1] != "ago":
        return None
    unit, length = UNITS[words[at]], at + 2
    dates = whole(unit, today, count)
    if unit == "day" or count > 1:
        return _span(length, dates, today)
    day = rolling(unit, today, 1).first
    return Read(length, "unclear", readings=(dates, Dates(day, day)))


def _weekday(words: Sequence[str], today: date) -> Read | None:
    last = words[0] == "last"
    name = words[last] if len(words) > last else ""
    if name in ("weekend", "weekends"):
        if not last:
            return None
        saturday = whole("week", today, 1).last.toordinal() - 1
        return _span(2, Dates(date.fromordinal(saturday), date.fromordinal(saturday + 1)), today)
    if name not in WEEKDAYS:
        return None
    back = (today.weekday() - WEEKDAYS[name] - 1) % 7 + 1
    return _span(1 + last, whole("day", today, back), today)


def _dated(words: Sequence[str], today: date) -> Read | None:
    """An explicit day, month, quarter, half or year."""
    read = point(words, today)
    if read is None:
        return None
    if len(read.readings) > 1:
        return Read(read.length, "unclear", readings=read.readings)
    return _span(read.length, read.readings[0], today) if read.readings else Read(read.length, "unclear")


def _one(words: Sequence[str], today: date) -> Point | None:
    """A time at either end of a range: explicit, or one of the fixed and relative ones."""
    skip = 1 if words and words[0] == "the" else 0
    rest = words[skip:]
    if not rest:
        return None
    if rest[0] in YEARS:
        return Point(skip + 1, (whole("year", date(int(rest[0]), 1, 1), 0),))
    if found := point(rest, today):
        return Point(skip + found.length, found.readings)
    for rule in (_fixed, _relative, _weekday):
        read = rule(rest, today)
        if read and read.dates and read.kind != "future":
            return Point(skip + read.length, (read.dates,))
    return None


def _range(words: Sequence[str], today: date) -> Read | None:
    """between A and B, from A to B, A to B, since A."""
    opening = words[0]
    if opening == "since":
        return _since(words, today)
    lead = 1 if opening in ("between", "from") else 0
    first = _one(words[lead:], today) if lead or opening in MONTHS or "-" in opening else None
    if first is None:
        return None
    at = lead + first.length
    joins = ("and",) if opening == "between" else ("to", "until", "till", "through", "-")
    if at >= len(words) or words[at] not in joins:
        return None
    last = _one(words[at + 1 :], today)
    return None if last is None else _joined(at + 1 + last.length, first, last, today)


def _since(words: Sequence[str], today: date) -> Read | None:
    first = _one(words[1:], today)
    if first is None:
        return None
    length = 1 + first.length
    return _joined(length, first, Point(0, (Dates(today, today),)), today)


def _joined(length: int, first: Point, last: Point, today: date) -> Read:
    found = [Dates(a.first, b.last) for a in first.readings for b in last.readings if a.first <= b.last]
    if len(found) != 1:
        return Read(length, "unclear", readings=tuple(found))
    return _span(length, found[0], today)


RULES: Final[tuple[Rule, ...]] = (_fixed, _before, _relative, _ago, _weekday, _dated, _range)
