"""The control plane in PostgreSQL through losses of its connection, and starts that cannot be."""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from headwater.control import Control, postgres, provide
from headwater.control.db import Change, surroundings
from headwater.control.organisations.models import Organisation
from headwater.errors import InvalidRequest, Unavailable
from headwater.kit.clock import FixedClock
from headwater.settings import Settings, SettingsError, load
from tests import postgres as throwaway
from tests.engines import PASSWORD
from tests.migrated import connected

from .founding import CHEAP_HASHER, Founded

pytestmark = pytest.mark.scaled


@pytest.fixture(params=["postgres"])
def rows_in(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def beside(settings: Settings, clock: FixedClock, control: Control) -> AsyncIterator[Control]:
    """The same in a second process."""
    other = provide(settings, clock, CHEAP_HASHER)
    await other.start()
    yield other
    await other.stop()


def cut(settings: Settings) -> None:
    """End every connection of the server's."""
    ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'headwater'"
    with connected(settings) as connection:
        assert connection.scalar(text(f"{ended} AND datname = current_database()"))


@contextmanager
def hung(settings: Settings) -> Iterator[None]:
    """Nobody answers on any connection of the server's, though all stay open."""
    with connected(settings) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'headwater' AND datname = current_database()"
        pids = list(connection.scalars(text(query)))
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def _name(control: Control) -> str:
    async with control.reading() as session:
        return (await session.scalars(select(Organisation.name))).one()


async def _rename(control: Control, name: str) -> None:
    async with control.unit_of_work() as uow:
        await uow.session.execute(update(Organisation).values(name=name))


async def test_a_lost_connection_while_reading_is_unavailable_and_the_next_is_a_new_one(
    control: Control, settings: Settings, nord: Founded
) -> None:
    async def read_twice() -> None:
        async with control.reading() as session:
            await session.scalar(select(Organisation.name))
            cut(settings)
            await session.scalar(select(Organisation.name))

    with pytest.raises(Unavailable, match="cannot be read now"):
        await read_twice()
    assert await _name(control) == "nord"


async def test_a_lost_connection_while_writing_does_nothing_and_says_so(
    control: Control, settings: Settings, nord: Founded
) -> None:
    async def write_twice() -> None:
        async with control.unit_of_work() as uow:
            await uow.session.execute(update(Organisation).values(name="north"))
            cut(settings)
            await uow.session.execute(update(Organisation).values(name="far north"))

    with pytest.raises(Unavailable, match="nothing was done"):
        await write_twice()
    assert await _name(control) == "nord"
    await _rename(control, "norden")
    assert await _name(control) == "norden"


async def test_a_connection_lost_over_the_commit_is_not_said_to_have_done_nothing(
    control: Control, settings: Settings, nord: Founded
) -> None:
    seen: list[str] = []
    dropped: list[int] = []
    control.trees.on_change(dropped.append)

    async def write() -> None:
        async with control.unit_of_work() as uow:
            await uow.session.execute(update(Organisation).values(name="north"))
            surroundings(uow.session).announce(Change("entities", nord.scope.organisation_id))
            uow.after_commit(lambda: seen.append("told"))
            cut(settings)

    with pytest.raises(Unavailable, match="not known"):
        await write()
    assert seen == []
    # It may have come about: nothing of before is kept.
    assert dropped == [nord.scope.organisation_id]


async def test_idle_connections_that_were_lost_are_noticed_by_nobody(
    control: Control, settings: Settings, nord: Founded
) -> None:
    assert await _name(control) == "nord"
    await _rename(control, "north")
    cut(settings)
    assert await _name(control) == "north"
    await _rename(control, "nord")
    assert await control.responsive()


async def test_a_text_that_cannot_be_stored_is_refused_and_looked_for_in_vain(control: Control, nord: Founded) -> None:
    async with control.reading() as session:
        assert await session.scalar(select(Organisation).where(Organisation.name == "nord\0")) is None
        assert await session.scalar(select(Organisation.name).where(Organisation.name == "nord")) == "nord"
    with pytest.raises(InvalidRequest, match="NUL"):
        await _rename(control, "no\0rd")
    assert await _name(control) == "nord"


async def test_what_a_failure_shows_has_no_row_in_it(control: Control, nord: Founded) -> None:
    async def forget_when() -> None:
        async with control.unit_of_work() as uow:
            await uow.session.execute(text("UPDATE organisation SET created_at = NULL"))

    with pytest.raises(IntegrityError) as failed:
        await forget_when()
    shown = "".join(traceback.format_exception(failed.value))
    assert "created_at" in shown
    assert "nord" not in shown


async def test_what_takes_too_long_is_stopped_and_unavailable(
    control: Control, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_STATEMENT_MILLISECONDS", {True: 1, False: 1})
    impatient = provide(settings, hasher=CHEAP_HASHER)
    slow = text("SELECT pg_sleep(60)")
    with pytest.raises(Unavailable, match="cannot be read now"):
        async with impatient.reading() as session:
            await session.execute(slow)
    with pytest.raises(Unavailable, match="nothing was done"):
        async with impatient.unit_of_work() as uow:
            await uow.session.execute(slow)
    await impatient.stop()


async def test_more_readers_than_connections_wait_their_turn_or_are_told(
    control: Control, settings: Settings, nord: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "READERS", 2)
    monkeypatch.setattr(postgres, "_WAIT_MILLISECONDS", 1)
    narrow = provide(settings, hasher=CHEAP_HASHER)
    async with narrow.reading(), narrow.reading():
        with pytest.raises(Unavailable):
            await _name(narrow)
    assert await _name(narrow) == "nord"
    await narrow.stop()


async def test_all_who_wait_for_the_writer_are_told_when_their_time_is_over(
    control: Control, settings: Settings, nord: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One after another they would take three minutes.
    monkeypatch.setattr(postgres, "_WAIT_MILLISECONDS", 30_000)
    impatient = provide(settings, hasher=CHEAP_HASHER)
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "_ANSWER_SECONDS", 1.0)
        async with control.unit_of_work(), asyncio.timeout(25):
            told = await asyncio.gather(*(_rename(impatient, "north") for _ in range(6)), return_exceptions=True)
    assert [str(one) for one in told] == ["The server's records are busy; nothing was done. Try again."] * 6
    assert {type(one) for one in told} == {Unavailable}
    await _rename(impatient, "norden")
    assert await _name(control) == "norden"
    await impatient.stop()


async def test_a_server_that_falls_silent_is_noticed_soon_and_forgotten_when_it_is_back(
    control: Control, settings: Settings, nord: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two connections that read, and one that writes.
    async with control.reading(), control.reading():
        await _rename(control, "north")
    with hung(settings), monkeypatch.context() as patch:
        patch.setattr(postgres, "_ANSWER_SECONDS", 1.0)
        patch.setattr("headwater.control.db._LOOK_SECONDS", 1.0)
        async with asyncio.timeout(25):
            asked = (control.responsive(), _name(control), _rename(control, "nowhere"))
            answers, read, written = await asyncio.gather(*asked, return_exceptions=True)
    assert answers is False
    assert isinstance(read, Unavailable)
    assert isinstance(written, Unavailable)
    assert await control.responsive()
    assert await _name(control) == "north"
    await _rename(control, "norden")
    assert await _name(control) == "norden"


async def test_who_has_the_database_to_itself_takes_as_long_as_it_takes(
    control: Control, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_STATEMENT_MILLISECONDS", {True: 1000, False: 1000})
    monkeypatch.setattr(postgres, "_SILENT_SECONDS", 0)
    patient = provide(settings, hasher=CHEAP_HASHER)
    async with patient._database.exclusive() as connection:
        assert await connection.scalar(text("SELECT 1 FROM pg_sleep(1.5)")) == 1
    await patient.stop()


async def test_units_of_work_of_several_processes_come_one_after_another(
    control: Control, beside: Control, nord: Founded
) -> None:
    async def add_one(one: Control) -> None:
        async with one.unit_of_work() as uow:
            version = await uow.session.scalar(select(Organisation.entities_version))
            await asyncio.sleep(0)
            await uow.session.execute(update(Organisation).values(entities_version=(version or 0) + 1))

    async with control.reading() as session:
        before = await session.scalar(select(Organisation.entities_version))
    await asyncio.gather(*(add_one(one) for one in [control, beside] * 20))
    async with control.reading() as session:
        assert await session.scalar(select(Organisation.entities_version)) == (before or 0) + 40


async def test_a_process_with_other_secrets_does_not_start_unless_it_adopts(
    control: Control, nord: Founded, settings: Settings, clock: FixedClock, tmp_path: Any
) -> None:
    elsewhere = Settings(data_dir=str(tmp_path / "elsewhere"), control_url=settings.control_url)
    other = provide(elsewhere, clock, CHEAP_HASHER)
    with pytest.raises(SettingsError, match=r"belongs to other secrets.*secrets_file"):
        await other.start()
    await other.stop()
    shared = Settings(**{**_fields(elsewhere), "secrets_file": f"{settings.data_dir}/secrets.json"})
    other = provide(shared, clock, CHEAP_HASHER)
    await other.start()
    assert (await other.access.authenticate(nord.access_token, None, None)).user_id == nord.user.id
    await other.stop()
    other = provide(elsewhere, clock, CHEAP_HASHER)
    await other.start(adopt=True)
    await other.stop()
    former = provide(settings, clock, CHEAP_HASHER)
    with pytest.raises(SettingsError, match="belongs to other secrets"):
        await former.start()
    await former.stop()


def _fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


@pytest.fixture(scope="module")
def port() -> int:
    with throwaway.migrated() as url:
        return int(url.rpartition(":")[2].partition("/")[0])


@pytest.fixture
def nobody(port: int) -> Iterator[None]:
    """A user who may log in and nothing else."""
    server = throwaway.server()
    with server.connected("postgres") as connection:
        connection.execute("CREATE ROLE nobody LOGIN PASSWORD 'hidden'")
        yield
        connection.execute("DROP ROLE nobody")


@pytest.mark.parametrize(
    ("who", "database", "reason"),
    [
        ("postgres:hidden", "postgres", "does not take this user with this password"),
        ("nobody:hidden", "hidden_nowhere", "there is no such database"),
        ("nobody:hidden", "postgres", "lacks a right"),
    ],
)
async def test_a_database_that_cannot_be_used_stops_the_start_with_the_reason(
    who: str, database: str, reason: str, port: int, nobody: None, tmp_path: Any
) -> None:
    control = provide(Settings(data_dir=str(tmp_path), control_url=f"postgresql://{who}@127.0.0.1:{port}/{database}"))
    with pytest.raises(SettingsError, match=reason) as refused:
        await control.start()
    assert "control_url" in str(refused.value)
    assert ":hidden" not in str(refused.value)
    await control.stop()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://a:hidden@b:port/c", "it is no address"),
        ("postgresql://a:hidden@/c", "name a host"),
        ("postgresql://a:hidden@b", "name a user and a database"),
        ("postgresql://b/c", "name a user and a database"),
        ("postgresql://a:hidden@b/c?sslmod=require", "Did you mean 'sslmode'"),
        ("postgresql://a:hidden@b/c?sslmode=yes", "sslmode must be one of disable"),
    ],
)
def test_an_address_that_names_no_database_is_refused_without_being_shown(url: str, reason: str) -> None:
    with pytest.raises(SettingsError, match="control_url") as refused:
        postgres.address(url)
    assert reason in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_an_address_of_something_else_is_refused_by_the_settings() -> None:
    with pytest.raises(SettingsError, match="control_url") as refused:
        load({"HEADWATER_CONTROL_URL": "mysql://a:hidden@b/c"})
    assert "hidden" not in str(refused.value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'headwater\[postgres\]'"):
        postgres.address("postgresql://a:b@c/d")


def test_nothing_of_the_password_is_in_what_the_engine_shows(settings: Settings) -> None:
    url = postgres.address(settings.control_url)
    assert PASSWORD not in f"{url!r} {url}"
