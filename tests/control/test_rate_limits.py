"""Windows: what is too much is refused, by all processes together where they share a server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from limits import RateLimitItemPerMinute

from headwater.control.rate_limits import RateLimits
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
async def test_processes_count_together_and_kinds_apart(together: tuple[CacheServer, list[Shared]]) -> None:
    _, both = together
    one, other = (RateLimits("letters", shared, system_clock) for shared in both)
    assert [await is_refused(limits) for limits in (one, other, one, other)] == [False, False, True, True]
    with pytest.raises(RateLimitExceeded):
        await other.check(TWO, "ada", "Too many letters")
    assert not await is_refused(RateLimits("visits", both[0], system_clock))


@pytest.mark.scaled
async def test_without_the_server_each_goes_on_from_what_it_has_seen(
    together: tuple[CacheServer, list[Shared]],
) -> None:
    server, both = together
    one, other = (RateLimits("letters", shared, system_clock) for shared in both)
    assert not await is_refused(one)
    server.stop()
    assert [await is_refused(one) for _ in range(2)] == [False, True]
    assert [await is_refused(other) for _ in range(3)] == [False, False, True]
    with pytest.raises(RateLimitExceeded):
        await other.check(TWO, "ada", "Too many letters")
