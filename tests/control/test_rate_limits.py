"""Windows: what is too much is refused, by all processes together where they share a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from limits import RateLimitItemPerMinute

from headwater.control.rate_limits import RateLimits
from headwater.control.users.throttle import AddressThrottle
from headwater.errors import RateLimitExceeded
from headwater.kit.clock import system_clock
from headwater.shared import Shared
from headwater.shared.address import address
from tests.caching import CacheServer, cache_server, new_prefix

TWO = RateLimitItemPerMinute(2)


@pytest.fixture
async def together() -> AsyncIterator[tuple[CacheServer, list[Shared]]]:
    """Two processes and their server."""
    with cache_server() as server:
        where = address(server.url(new_prefix()))
        both = [Shared(where), Shared(where)]
        for one in both:
            await one.start()
        yield server, both
        for one in both:
            await one.stop()


@pytest.fixture
def letters(together: tuple[CacheServer, list[Shared]]) -> list[RateLimits]:
    """The same limit in both."""
    return [RateLimits("letters", shared, system_clock) for shared in together[1]]


async def is_refused(limits: RateLimits, key: str = "ada") -> bool:
    try:
        await limits.hit(TWO, key, "Too many letters")
    except RateLimitExceeded as error:
        refusal = error
    else:
        return False
    assert 1 <= (refusal.retry_after or 0) <= 61
    assert "Too many letters; try again in" in refusal.message
    return True


async def test_one_process_counts_by_itself() -> None:
    limits = RateLimits("letters", Shared(None), system_clock)
    assert [await is_refused(limits) for _ in range(3)] == [False, False, True]
    assert not await is_refused(limits, "bob")
    await limits.count(TWO, "bob")
    with pytest.raises(RateLimitExceeded):
        await limits.check(TWO, "bob", "Too many letters")


@pytest.mark.scaled
async def test_processes_count_together_and_kinds_apart(
    together: tuple[CacheServer, list[Shared]], letters: list[RateLimits]
) -> None:
    one, other = letters
    assert [await is_refused(limits) for limits in (one, other, one, other)] == [False, False, True, True]
    with pytest.raises(RateLimitExceeded):
        await other.check(TWO, "ada", "Too many letters")
    assert not await is_refused(RateLimits("visits", together[1][0], system_clock))


@pytest.mark.scaled
async def test_without_the_server_each_goes_on_from_what_it_has_seen(
    together: tuple[CacheServer, list[Shared]], letters: list[RateLimits]
) -> None:
    server, _ = together
    one, other = letters
    assert not await is_refused(one)
    server.stop()
    assert [await is_refused(one) for _ in range(2)] == [False, True]
    assert [await is_refused(other) for _ in range(3)] == [False, False, True]
    with pytest.raises(RateLimitExceeded):
        await other.check(TWO, "ada", "Too many letters")


@pytest.mark.scaled
async def test_a_server_that_forgets_does_not_make_processes_forget(
    together: tuple[CacheServer, list[Shared]], letters: list[RateLimits]
) -> None:
    server, _ = together
    one, other = letters
    assert [await is_refused(one) for _ in range(2)] == [False, False]
    server.ask("FLUSHALL")
    with pytest.raises(RateLimitExceeded) as refusal:
        await one.check(TWO, "ada", "Too many letters")
    assert (refusal.value.retry_after or 0) > 1, "it says when the two that it knows of are over"
    assert await is_refused(one)
    # It has seen none of them, and counts from nought.
    assert [await is_refused(other) for _ in range(3)] == [False, False, True]


@pytest.mark.scaled
async def test_what_others_had_counted_is_not_counted_by_oneself(
    together: tuple[CacheServer, list[Shared]], letters: list[RateLimits]
) -> None:
    server, _ = together
    one, other = letters
    assert [await is_refused(limits) for limits in (other, other, one, one, one)] == [False] * 2 + [True] * 3
    server.stop()
    assert [await is_refused(one) for _ in range(3)] == [False, False, True], "refusals count nowhere"


async def let_in(throttles: list[AddressThrottle], times: int, ip: str | None = None) -> int:
    """How many of so many attempts at once, spread over processes, are not refused."""
    attempts = [throttles[turn % len(throttles)].take("ada@example.com", ip) for turn in range(times)]
    found = await asyncio.gather(*attempts, return_exceptions=True)
    assert {type(one) for one in found} <= {type(None), RateLimitExceeded}
    return found.count(None)


@pytest.mark.scaled
async def test_mails_that_are_asked_for_at_once_count_together(together: tuple[CacheServer, list[Shared]]) -> None:
    _, both = together
    throttles = [AddressThrottle("recover", shared, system_clock) for shared in both]
    assert await let_in(throttles, 40, "192.0.2.7") == 10
    assert await let_in(throttles, 4, "192.0.2.7") == 0


async def test_what_is_refused_is_counted_for_no_address() -> None:
    throttle = AddressThrottle("recover", Shared(None), system_clock)
    for turn in range(50):
        await throttle.take(f"{turn}@example.com", "192.0.2.7")
    assert await let_in([throttle], 20, "192.0.2.7") == 0
    assert await let_in([throttle], 20, "192.0.2.8") == 10, "who is refused cannot use up what somebody else may ask"
