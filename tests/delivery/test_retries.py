"""Pauses between attempts stay within their bounds, grow, and heed what a receiver asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headwater.control.webhooks.retries import GIVEN_UP_AFTER, LONGEST_PAUSE, is_given_up, pause
from headwater.delivery.attempt import retry_after

NOW = datetime(2026, 3, 1, tzinfo=UTC)
chances = st.floats(0, 1)
attempts = st.integers(1, 10_000)


@given(attempts, chances, st.none() | st.timedeltas(timedelta(), timedelta(days=10_000)))
def test_from_five_seconds_to_a_day_and_not_shorter_than_asked(
    number: int, chance: float, asked: timedelta | None
) -> None:
    waited = pause(number, chance, asked)
    assert timedelta(seconds=5) <= waited <= LONGEST_PAUSE
    assert waited >= min(asked or timedelta(), LONGEST_PAUSE)


@given(attempts, chances)
def test_later_pauses_are_not_shorter(number: int, chance: float) -> None:
    assert pause(number + 1, chance) >= pause(number, chance)


@given(st.lists(chances, min_size=40, max_size=40))
def test_every_delivery_ends_within_its_days_and_after_a_dozen_attempts(drawn: list[float]) -> None:
    made, at = 1, NOW
    while not is_given_up(NOW, again := at + pause(made, drawn[made])):
        made, at = made + 1, again
    assert at - NOW <= GIVEN_UP_AFTER
    assert 14 <= made <= 21


@given(st.text() | st.integers().map(str) | st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT")))
def test_whatever_stands_in_the_header_is_read_or_left(text: str) -> None:
    asked = retry_after(text, NOW)
    assert asked is None or asked >= timedelta()
