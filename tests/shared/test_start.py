"""The setting that names the shared server, and how a server starts with it."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute

from headwater.control.rate_limits import RateLimits
from headwater.errors import RateLimitExceeded
from headwater.kit.clock import system_clock
from headwater.settings import Settings, SettingsError, load
from headwater.shared import Shared, check
from headwater.shared.address import address
from headwater.shared.changes import Rows
from headwater.shared.feed import NOBODY
from tests.caching import CacheServer, cache_server, in_step, until
from tests.certificates import own_certificate
from tests.engines import free_port
from tests.serving import serving

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("valkey://cache", ("cache", 6379, "", "", 0, False)),
        ("redis://:p%40ss@cache:7000/3", ("cache", 7000, "", "p@ss", 3, False)),
        ("valkeys://ada:secret@[::1]", ("::1", 6379, "ada", "secret", 0, True)),
        ("rediss://cache/", ("cache", 6379, "", "", 0, True)),
    ],
)
def test_what_an_address_says(url: str, found: tuple[object, ...]) -> None:
    one = address(url)
    assert (one.host, one.port, one.user, one.password, one.database, one.secure) == found
    assert one.prefix == "headwater"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"valkey://:{SECRET}@/0", "name a host"),
        (f"valkey://:{SECRET}@cache:port/0", "Port could not be cast"),
        (f"valkey://:{SECRET}@cache/zero", "number of a database"),
        (f"valkey://:{SECRET}@cache/0?prefxi=a", "Did you mean 'prefix'"),
        (f"valkey://:{SECRET}@cache/0?prefix=a b", "the prefix must be"),
        (f"valkey://:{SECRET}@cache/0?prefix", "name=value"),
        (f"valkeys://:{SECRET}@cache/0?ca=/nowhere.pem", "no file '/nowhere.pem'"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refusal:
        address(url)
    assert SECRET not in str(refusal.value)
    assert "cache_url" in str(refusal.value)


def test_another_kind_of_server_is_refused() -> None:
    with pytest.raises(SettingsError, match="cache_url"):
        load({"HEADWATER_CACHE_URL": "memcached://cache"})


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkey.asyncio", None)
    with pytest.raises(SettingsError, match=r"pip install 'headwater\[valkey\]'"):
        address("valkey://cache")


@pytest.mark.scaled
@pytest.mark.parametrize("given", ["", f":{SECRET}@", f"ada:{SECRET}@"])
async def test_a_wrong_password_stops_the_start(given: str) -> None:
    with cache_server(requirepass="right") as server:
        shared = Shared(address(f"valkey://{given}127.0.0.1:{server.port}/0"))
        with pytest.raises(SettingsError, match=f"cache_url: 127.0.0.1:{server.port}/0 refuses us") as refusal:
            await shared.start()
        assert SECRET not in str(refusal.value)
        await shared.stop()


@pytest.mark.scaled
def test_the_command_line_looks_before_it_starts_a_worker(cache: CacheServer) -> None:
    check(Settings())
    check(Settings(cache_url=cache.url()))
    check(Settings(cache_url=f"valkey://127.0.0.1:{free_port()}/0"))
    with pytest.raises(SettingsError, match="refuses us"):
        check(Settings(cache_url=f"valkey://127.0.0.1:{cache.port}/99"))


@pytest.mark.scaled
async def test_a_database_that_is_not_there_stops_the_start(cache: CacheServer) -> None:
    shared = Shared(address(f"valkey://127.0.0.1:{cache.port}/99"))
    with pytest.raises(SettingsError, match="refuses us"):
        await shared.start()
    await shared.stop()


@pytest.mark.scaled
async def test_a_server_that_cannot_save_just_now_is_no_reason_not_to_start() -> None:
    with cache_server() as server:
        # What is written to the side cannot take the place of a folder.
        (server._folder / "dump.rdb").mkdir()
        server.ask("SET", "one", 1)
        server.ask("CONFIG", "SET", "save", "3600 1")
        server.ask("BGSAVE")

        async def has_failed() -> bool:
            return bool(server.ask("INFO", "persistence")["rdb_last_bgsave_status"] == "err")

        await until(has_failed)
        shared = Shared(address(server.url()))
        await shared.start()
        assert await shared.responsive() is False
        (server._folder / "dump.rdb").rmdir()
        server.ask("BGSAVE")
        await shared.begin(NOBODY)
        await in_step(shared)
        await shared.stop()


@pytest.mark.scaled
async def test_the_rights_that_the_docs_name_are_enough() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    named = re.search(r"The user needs `([^`]+)`", page)
    assert named
    with cache_server() as server:
        server.ask("ACL", "SETUSER", "ada", "on", f">{SECRET}", *named[1].split())
        both = [Shared(address(f"valkey://ada:{SECRET}@127.0.0.1:{server.port}/1")) for _ in range(2)]
        for shared in both:
            await shared.start()
            await shared.begin(NOBODY)
        await in_step(*both)
        one, other = both
        limits = RateLimits("letters", one, system_clock)
        async with one.announcing([Rows("roster", 7)]), one.lock("a", timedelta(minutes=1)) as held, one.claim("b"):
            assert held
        await other.catch_up()
        assert [await one.count("c", 1, timedelta(minutes=1)), other.feed and other.feed.counts.applied] == [1, 1]
        item = RateLimitItemPerMinute(2)
        for _ in range(2):
            await limits.hit(item, "ada", "Too many letters")
        for ask in (limits.hit, limits.check):
            with pytest.raises(RateLimitExceeded):
                await ask(item, "ada", "Too many letters")
        assert one.windows
        assert not await one.windows.test(item, "letters:ada"), "it was counted there, not by the process alone"
        assert [await shared.responsive() for shared in both] == [True, True]
        assert not server.ask("ACL", "LOG"), "nothing was refused on the way"
        for shared in both:
            await shared.stop()


@pytest.mark.scaled
async def test_the_right_password_is_taken() -> None:
    with cache_server(requirepass="right") as server:
        shared = Shared(address(server.url()))
        await shared.start()
        assert await shared.count("one", 1, timedelta(minutes=1)) == 1
        await shared.stop()


@pytest.mark.scaled
async def test_a_server_that_does_not_answer_is_no_reason_not_to_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    async with serving(tmp_path, cache_url=f"valkey://:{SECRET}@127.0.0.1:{port}/0") as server:
        company = await server.company()
        assert (await company.hierarchy()).creative
        health = await server.client.get("/api/v1/health")
        assert (health.status_code, health.json()["status"], health.json()["cache"]) == (
            200,
            "degraded",
            {"connected": False},
        )
    said = "".join(capsys.readouterr())
    assert "cache.lost" in said
    assert SECRET not in said


@pytest.mark.scaled
async def test_a_server_speaks_tls_and_is_known_by_its_certificate(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path)
    plain = free_port()
    options = {"tls-cert-file": str(certificate), "tls-key-file": str(certificate), "tls-auth-clients": "no"}
    with cache_server(**options, **{"tls-port": str(plain)}):
        where = f"valkeys://127.0.0.1:{plain}/0"
        trusting, doubting = Shared(address(f"{where}?ca={certificate}")), Shared(address(where))
        await trusting.start()
        await trusting.begin(NOBODY)
        await in_step(trusting)
        assert await trusting.count("one", 1, timedelta(minutes=1)) == 1
        await trusting.stop()
        await doubting.start()
        assert await doubting.responsive() is False
        await doubting.stop()
