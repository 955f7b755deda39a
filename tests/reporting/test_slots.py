"""A slot is the first hour after a moment on a day that the schedule names, whatever the length of the month."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.control.report_schedules.slots import WEEKDAYS, Timing, next_slot

TIMINGS = st.builds(
    Timing,
    st.sampled_from(["daily", "weekly", "monthly"]),
    st.integers(0, 23),
    st.sampled_from(WEEKDAYS),
    st.integers(1, 31),
)
# From 2020 to 2032.
MOMENTS = st.floats(1_577_836_800, 1_956_528_000).map(lambda one: datetime.fromtimestamp(one, UTC))


@pytest.mark.parametrize(
    ("timing", "after", "expected"),
    [
        (Timing("daily", 6), "2026-03-02T05:59:59", "2026-03-02T06:00"),
        (Timing("daily", 6), "2026-03-02T06:00:00", "2026-03-03T06:00"),
        (Timing("weekly", 6), "2026-03-02T05:00:00", "2026-03-02T06:00"),
        (Timing("weekly", 6), "2026-03-02T06:00:00", "2026-03-09T06:00"),
        (Timing("weekly", 0, "sunday"), "2026-03-02T06:00:00", "2026-03-08T00:00"),
        (Timing("monthly", 23), "2026-12-01T23:00:00", "2027-01-01T23:00"),
        (Timing("monthly", 6, day=31), "2026-01-31T06:00:00", "2026-02-28T06:00"),
        (Timing("monthly", 6, day=31), "2028-02-01T00:00:00", "2028-02-29T06:00"),
        (Timing("monthly", 6, day=31), "2026-02-28T06:00:00", "2026-03-31T06:00"),
    ],
)
def test_examples(timing: Timing, after: str, expected: str) -> None:
    found = next_slot(timing, datetime.fromisoformat(f"{after}+00:00"))
    assert found == datetime.fromisoformat(f"{expected}+00:00")


@given(TIMINGS, MOMENTS)
def test_slots_are_whole_hours_later_and_the_first_of_them(timing: Timing, after: datetime) -> None:
    slot = next_slot(timing, after)
    assert slot > after
    assert (slot.hour, slot.minute, slot.second, slot.microsecond) == (timing.hour, 0, 0, 0)
    assert next_slot(timing, slot - timedelta(microseconds=1)) == slot
    longest = {"daily": 1, "weekly": 7, "monthly": 31}[timing.frequency]
    assert slot - after <= timedelta(days=longest)


@given(TIMINGS, MOMENTS)
def test_each_period_has_one(timing: Timing, after: datetime) -> None:
    one = next_slot(timing, after)
    other = next_slot(timing, one)
    if timing.frequency == "monthly":
        assert (other.year * 12 + other.month) - (one.year * 12 + one.month) == 1
        for slot in (one, other):
            assert slot.day == min(timing.day, monthrange(slot.year, slot.month)[1])
    else:
        assert other - one == timedelta(days={"daily": 1, "weekly": 7}[timing.frequency])
