"""The period that a page is about, as its address says it. Pure.

Days are whole and UTC's, both ends included, and "last 7 days" is today and the six before, as in
saved reports. What is compared is the period of the same length that ends just before.

>>> chosen = choose("last_7_days", "", "", date(2026, 11, 27))
>>> str(chosen.period.first), str(chosen.before.first), chosen.granularity
('2026-11-21', '2026-11-14', 'day')
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

from headwater.errors import InvalidRequest
from headwater.tools.metric_question import Granularity, Period
from headwater.tools.metric_table import period_words

Preset = Literal["last_7_days", "last_30_days", "last_90_days"]
DAYS: Final[Mapping[Preset, int]] = {"last_7_days": 7, "last_30_days": 30, "last_90_days": 90}
LONGEST: Final = 400
"""Days of a period with daily buckets; beyond it they are weeks or months."""
_DAY: Final = timedelta(days=1)
_FINE: Final = 92


class Chosen(msgspec.Struct, frozen=True):
    """The period, the one before it, and what the address says; ``preset`` is empty for days of one's own."""

    period: Period
    before: Period
    preset: str
    today: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.period.last - self.period.first).days + 1

    @property
    def granularity(self) -> Granularity:
        """The buckets that make a legible line."""
        return "day" if self.days <= _FINE else "week" if self.days <= LONGEST else "month"

    @property
    def granularities(self) -> tuple[Granularity, ...]:
        """The buckets that may be asked for."""
        return ("day", "week", "month") if self.days <= LONGEST else ("week", "month")

    @property
    def words(self) -> str:
        """The period for people."""
        return period_words(self.period)

    @property
    def before_words(self) -> str:
        """The period before, for people."""
        return period_words(self.before)

    @property
    def parameters(self) -> dict[str, str]:
        """As addresses carry it."""
        if self.preset:
            return {"period": self.preset}
        return {"from": str(self.period.first), "to": str(self.period.last)}

    @property
    def unfinished(self) -> bool:
        """Whether it holds today, whose figures still grow."""
        return self.period.first <= self.today <= self.period.last


def choose(preset: Preset, first: str, last: str, today: date) -> Chosen:
    """Days of one's own where both are given, else the preset; ``InvalidRequest`` names what is wrong."""
    if bool(first.strip()) != bool(last.strip()):
        missing = "from" if last.strip() else "to"
        raise InvalidRequest(f"'{missing}' is required with the other one.", field=missing, allowed="both days")
    if not first.strip():
        return _chosen(Period(today - (DAYS[preset] - 1) * _DAY, today), preset, today)
    period = Period(_day(first, "from"), _day(last, "to"))
    if period.last < period.first:
        raise InvalidRequest(
            f"The period ends before it begins: from {period.first} to {period.last}.",
            field="to",
            allowed="a day not before 'from'",
        )
    return _chosen(period, "", today)


def _chosen(period: Period, preset: str, today: date) -> Chosen:
    length = period.last - period.first + _DAY
    return Chosen(period, Period(period.first - length, period.first - _DAY), preset, today)


def _day(text: str, field: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidRequest(f"'{field}' is not a day: {text[:32]!r}.", field=field, allowed="2026-11-27") from None
    # The period before must lie within the years that can be asked about, too.
    if not 2000 <= day.year < 2100:
        raise InvalidRequest(f"'{field}' lies outside of the years 2000 to 2099.", field=field)
    return day
