"""Two processes go on with right answers when the shared server is lost, at every step, and when it comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headwater.shared.changes import Told
from tests.caching import CacheServer
from tests.serving import PASSWORD, Company, Hierarchy, event
from tests.shared.conftest import Pair, paired

pytestmark = pytest.mark.scaled
COUNTS = "/v2/aggregation-api/counts"
ME, LOGIN = "/api/v1/auth/me", "/api/v1/auth/login"


class Shown:
    """A company whose events are sent to one process and counted by the other."""

    def __init__(self, pair: Pair, cache: CacheServer, company: Company, made: Hierarchy) -> None:
        self.pair = pair
        self.cache = cache
        self.company = company
        self.elsewhere = pair.seen_by_other(company)
        self.made = made
        self.sent = 0

    async def send(self) -> None:
        """One more event."""
        self.sent += 1
        await self.company.send([event(self.made.creative)])

    async def is_right(self) -> bool:
        """Whether both count what was sent, twice."""
        return [await self.counted(one) for one in (self.elsewhere, self.company) * 2] == [self.sent] * 4

    async def counted(self, company: Company) -> int:
        answer = await company.get(COUNTS, resource="campaign", id=self.made.campaign)
        assert answer.status_code == 200, answer.text
        return int(answer.json()[str(self.made.campaign)]["impressions"])

    async def health(self) -> Any:
        """What the other says of itself; it serves all the while."""
        for path in ("/api/v1/health", "/health/ready"):
            answer = await self.pair.other.client.get(path)
            assert answer.status_code == 200
        return answer.json()


@pytest.fixture
async def shown(tmp_path: Path, own_cache: CacheServer) -> AsyncIterator[Shown]:
    async with paired(tmp_path, own_cache) as pair:
        company = await pair.one.company()
        made = await company.hierarchy()
        found = Shown(pair, own_cache, company, made)
        await found.send()
        assert await found.is_right()
        yield found


async def test_answers_are_right_before_during_and_after_a_loss(shown: Shown) -> None:
    shown.cache.stop()
    assert (await shown.health())["cache"] == {"connected": False}
    for _ in range(2):
        assert await shown.is_right()
        await shown.send()
        assert await shown.is_right()
    health = await shown.health()
    assert (health["status"], health["cache"]) == ("degraded", {"connected": False})
    await shown.send()
    shown.cache.start()
    assert await shown.is_right()
    await shown.send()
    assert await shown.is_right()
    await shown.pair.in_step()
    assert (await shown.health())["status"] == "ok"
    await shown.send()
    assert await shown.is_right()


async def test_rows_are_right_during_a_loss(shown: Shown) -> None:
    shown.cache.stop()
    asked = {"resource": "campaign", "id": shown.made.campaign}
    assert await shown.is_right()
    summer = await shown.company.make("/api/v2/campaigns", name="Summer", workspace_id=shown.made.workspace)
    group = f"/api/v2/creative_groups/{shown.made.group}"
    assert (await shown.company.request("PUT", group, json={"campaign_id": summer})).status_code == 200
    counts = (await shown.elsewhere.get(COUNTS, **asked)).json()
    assert counts[str(shown.made.campaign)]["impressions"] == 0


async def test_nothing_kept_is_given_while_it_is_lost_and_all_the_more_after(shown: Shown) -> None:
    lookups = shown.pair.other.services.counted.generations
    assert await shown.is_right()
    before = lookups.misses
    shown.cache.stop()
    for number in (1, 2, 3):
        await shown.counted(shown.elsewhere)
        assert lookups.misses == before + number
    shown.cache.start()
    await shown.pair.in_step()
    before = lookups.misses
    for _ in range(3):
        await shown.counted(shown.elsewhere)
    assert lookups.misses == before + 1


async def test_a_write_during_a_loss_is_seen_by_who_came_back_first(shown: Shown) -> None:
    shown.cache.stop()
    await shown.send()
    assert await shown.is_right()
    shown.cache.start()
    await shown.pair.in_step()
    assert await shown.is_right()


async def test_a_flush_changes_no_answer(shown: Shown) -> None:
    for _ in range(2):
        shown.cache.ask("FLUSHALL")
        assert await shown.is_right()
        await shown.send()
        shown.cache.ask("FLUSHALL")
        assert await shown.is_right()


async def test_a_server_that_hangs_holds_up_nobody_for_long(shown: Shown) -> None:
    shown.cache.freeze()
    try:
        assert await shown.is_right()
        await shown.send()
        assert await shown.is_right()
        assert (await shown.health())["status"] == "degraded"
    finally:
        shown.cache.thaw()
    await shown.pair.in_step()
    await shown.send()
    assert await shown.is_right()


async def test_a_commit_whose_process_ended_before_it_could_tell(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = [server.services.control.shared.feed for server in (shown.pair.one, shown.pair.other)]
    # As if two seconds had passed since the announcement.
    feeds[1]._open_after = 0.0

    write = feeds[0]._write

    async def only_announced(told: Told) -> None:
        if not told.settled:
            await write(told)

    monkeypatch.setattr(feeds[0], "_write", only_announced)
    await shown.send()
    assert [await shown.counted(shown.elsewhere) for _ in range(2)] == [shown.sent] * 2


async def test_limits_hold_without_the_server(tmp_path: Path, own_cache: CacheServer) -> None:
    async with paired(tmp_path, own_cache, default_plan="free") as pair:
        company = await pair.one.company()
        elsewhere = pair.seen_by_other(company)
        for _ in range(10):
            await elsewhere.get(ME)
        left = int((await company.get(ME)).headers["x-ratelimit-remaining"])
        own_cache.stop()
        seen = [int((await company.get(ME)).headers["x-ratelimit-remaining"]) for _ in range(left)]
        assert seen == list(range(left - 1, -1, -1)), "it goes on from what it knew of all"
        assert (await company.get(ME)).status_code == 429


async def test_limits_hold_when_the_server_forgets(tmp_path: Path, own_cache: CacheServer) -> None:
    async with paired(tmp_path, own_cache, default_plan="free") as pair:
        company = await pair.one.company()
        left = int((await company.get(ME)).headers["x-ratelimit-remaining"])
        own_cache.ask("FLUSHALL")
        seen = [int((await company.get(ME)).headers["x-ratelimit-remaining"]) for _ in range(left)]
        assert seen == list(range(left - 1, -1, -1))
        assert [(await company.get(ME)).status_code for _ in range(2)] == [429, 429]


async def test_failed_logins_are_counted_without_the_server(shown: Shown) -> None:
    async def log_in(password: str) -> int:
        answer = await shown.pair.one.client.post(LOGIN, json={"email": shown.company.email, "password": password})
        return answer.status_code

    assert [await log_in("x") for _ in range(4)] == [401] * 4
    shown.cache.stop()
    assert [await log_in("x") for _ in range(7)] == [401] * 6 + [429]
    assert await log_in(PASSWORD) == 429
