"""Numbers in order of time: unique, strictly rising, and of 63 bits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from headwater.kit.ids import Snowflakes

START_OF_2026_MS = 1_767_225_600_000


@given(
    st.lists(st.tuples(st.integers(START_OF_2026_MS, START_OF_2026_MS + 50), st.integers(0, 6_000)), max_size=12),
    st.integers(0, 1023),
)
def test_numbers_rise_strictly_whatever_the_clock_does(steps: list[tuple[int, int]], process: int) -> None:
    now = [START_OF_2026_MS]
    numbers = Snowflakes(now_ms=lambda: now[0], process=process)
    taken: list[int] = []
    for at, count in steps:
        now[0] = at
        taken += numbers.take(count)
        taken.append(numbers.next())
    assert all(before < after for before, after in pairwise(taken))
    assert all(0 < number < 2**63 and number >> 12 & 1023 == process for number in taken)


def test_a_number_tells_its_millisecond() -> None:
    number = Snowflakes(now_ms=lambda: START_OF_2026_MS + 7).next()
    assert (number >> 22) + 1_577_836_800_000 == START_OF_2026_MS + 7


def test_a_full_millisecond_runs_over_into_the_next() -> None:
    numbers = Snowflakes(now_ms=lambda: START_OF_2026_MS, process=0)
    taken = numbers.take(4_097)
    assert taken[4_095] >> 22 == taken[0] >> 22
    assert taken[4_096] >> 22 == (taken[0] >> 22) + 1
    assert taken[4_096] & 4_095 == 0


def test_threads_never_take_the_same_number() -> None:
    numbers = Snowflakes()
    with ThreadPoolExecutor(8) as threads:
        taken = [number for part in threads.map(lambda _: numbers.take(500), range(40)) for number in part]
    assert len(set(taken)) == 20_000


def test_the_clock_of_the_machine_is_the_default() -> None:
    first, second = Snowflakes(process=1), Snowflakes(process=2)
    assert abs((first.next() >> 22) - (second.next() >> 22)) < 60_000


def test_another_number_of_the_process_holds_from_then_on_and_numbers_go_on_rising() -> None:
    now = [START_OF_2026_MS]
    numbers = Snowflakes(now_ms=lambda: now[0], process=9)
    taken = [numbers.next()]
    for turn, process in enumerate([3, 1024 + 7, 7, 0, 1023]):
        numbers.renumber(process)
        taken += numbers.take(4096 if turn % 2 else 1)
        assert {number >> 12 & 1023 for number in taken[-1:]} == {process % 1024}
        now[0] += turn
        taken += numbers.take(2)
    assert taken == sorted(set(taken))


def test_no_millisecond_is_shared_by_two_numbers_of_a_process() -> None:
    numbers = Snowflakes(now_ms=lambda: START_OF_2026_MS, process=0)
    found: dict[int, set[int]] = {}
    for process in (1, 2, 1, 2):
        numbers.renumber(process)
        for number in numbers.take(3):
            found.setdefault(number >> 22, set()).add(number >> 12 & 1023)
    assert [len(one) for one in found.values()] == [1] * 4
