"""The periods that a question is about, and the one it compares them with. Pure.

>>> week = Period(date(2026, 11, 16), date(2026, 11, 22))
>>> earlier(week).first, earlier(Period(date(2026, 11, 1), date(2026, 11, 27))).last
(datetime.date(2026, 11, 9), datetime.date(2026, 10, 27))
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from headwater.analyst.metric_intent import Unclear
from headwater.analyst.metric_names import replaced
from headwater.analyst.metric_reading import Item, Reading
from headwater.analyst.periods import Dates, Unit, before, rolling
from headwater.analyst.times import Time
from headwater.tools.metric_question import Period

DEFAULT_DAYS: Final = 30
_LONGEST: Final[dict[Unit, int]] = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}


class Periods(msgspec.Struct, frozen=True):
    """``main`` None where none is named; ``ever`` when all time is."""

    main: Period | None = None
    compare: Period | None = None
    ever: bool = False


def periods(reading: Reading, times: Sequence[Item], *, comparing: bool, former: Period | None) -> Periods:
    """The periods that the question's times mean; ``former`` is that of the question before. Raises ``Unclear``."""
    found = [(item, item.meaning) for item in times if isinstance(item.meaning, Time)]
    for item, time in found:
        _refuse(reading, item, time)
    if comparing and any({"between", "from"} & set(item.phrase.split()) for item in times):
        raise Unclear("A change from one time to another: name the later one first, as in 'October vs September'.")
    spans = [_period(time.dates) for _, time in found if time.kind == "span" and time.dates]
    befores = [(item, time) for item, time in found if time.kind == "before"]
    ever = any(time.kind == "all" for _, time in found)
    if ever and len(found) > 1:
        raise Unclear("All time and another time together: which of the two do you mean?")
    if len(befores) > 1 or len(spans) > 2:
        raise Unclear("That is more than two periods; ask about one, or compare two.")
    if len(spans) == 2:
        if befores or not comparing:
            raise Unclear("Two periods are named. Compare them with 'compared with', or ask about one after the other.")
        return Periods(spans[0], spans[1])
    if not befores:
        return Periods(spans[0] if spans else None, None, ever)
    (item, time), *_ = befores
    if spans:
        return Periods(spans[0], _shifted(spans[0], time, item))
    return _before_alone(item, time, comparing=comparing, former=former)


def _before_alone(item: Item, time: Time, *, comparing: bool, former: Period | None) -> Periods:
    if former is not None:
        shifted = _shifted(former, time, item)
        return Periods(former, shifted) if comparing else Periods(shifted)
    if time.dates is not None and not comparing:
        return Periods(_period(time.dates))
    raise Unclear(f"'{item.text}' of what? Name the period that it comes before.")


def _refuse(reading: Reading, item: Item, time: Time) -> None:
    if time.kind == "unclear":
        options = [f"on {one.first}" if one.days == 1 else f"from {one.first} to {one.last}" for one in time.readings]
        said = (
            f" It could be {' or '.join(options)}."
            if options
            else " There is no such day, or it ends before it begins."
        )
        suggestions = tuple(replaced(reading.question, item, option) for option in options)
        raise Unclear(f"I am not sure which days '{item.text}' is.{said}", suggestions)


def _shifted(main: Period, time: Time, item: Item) -> Period:
    unit, days = time.unit, (main.last - main.first).days + 1
    if unit is not None and unit != "year":
        fits = days <= _LONGEST[unit] and (days >= _LONGEST[unit] - 3 or _begins(main.first, unit))
        if not fits:
            raise Unclear(
                f"'{item.text}': the period is {days} days, not a {unit}. Name both, or say 'the period before'."
            )
    return earlier(main) if unit is None else _period(before(_dates(main), unit))


def earlier(main: Period) -> Period:
    """The period before: of a week or month that has not ended, the same days of the one before."""
    dates = _dates(main)
    if main.first.weekday() == 0 and dates.days <= _LONGEST["week"]:
        return _period(before(dates, "week"))
    if main.first.day == 1 and dates.days < _LONGEST["month"] and not _ends_month(main.last):
        return _period(before(dates, "month"))
    return _period(before(dates))


def recent(today: date, days: int = DEFAULT_DAYS) -> Period:
    """The days up to today."""
    return _period(rolling("day", today, days))


def _begins(day: date, unit: Unit) -> bool:
    if unit == "week":
        return day.weekday() == 0
    return day.day == 1 and (unit == "month" or day.month % 3 == 1)


def _ends_month(day: date) -> bool:
    return date.fromordinal(day.toordinal() + 1).day == 1


def _period(dates: Dates) -> Period:
    return Period(dates.first, dates.last)


def _dates(period: Period) -> Dates:
    return Dates(period.first, period.last)
