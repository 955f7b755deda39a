"""Units of work commit whole or not at all, and the tables are what the models say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from headwater.control import Control, provide
from headwater.control.db import Change, surroundings
from headwater.control.letters import contains
from headwater.control.organisations.models import Organisation
from headwater.errors import InternalError, Unauthorized, Unavailable
from headwater.kit.clock import FixedClock
from headwater.settings import Settings, SettingsError

from .founding import CHEAP_HASHER, Founded, register


async def _names(control: Control) -> list[str]:
    async with control.reading() as session:
        return list(await session.scalars(select(Organisation.name).order_by(Organisation.id)))


async def test_a_unit_of_work_commits_and_then_runs_its_callbacks_once(control: Control, nord: Founded) -> None:
    seen: list[str] = []
    async with control.unit_of_work() as uow:
        organisation = await uow.session.get(Organisation, nord.scope.organisation_id)
        assert organisation is not None
        organisation.name = "north"
        uow.after_commit(lambda: seen.append("evicted"))
        await uow.session.flush()
        assert seen == []
    assert seen == ["evicted"]
    assert await _names(control) == ["north"]


async def test_an_exception_rolls_back_and_runs_no_callback(control: Control, nord: Founded) -> None:
    seen: list[str] = []

    async def fail_half_way() -> None:
        async with control.unit_of_work() as uow:
            await uow.session.execute(text("UPDATE organisation SET name = 'north'"))
            uow.after_commit(lambda: seen.append("evicted"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail_half_way()
    assert seen == []
    assert await _names(control) == ["nord"]


async def test_a_standing_refusal_commits_what_was_done_before_it(control: Control, nord: Founded) -> None:
    seen: list[str] = []

    async def refuse() -> None:
        async with control.unit_of_work() as uow:
            await uow.session.execute(text("UPDATE organisation SET name = 'north'"))
            uow.after_commit(lambda: seen.append("evicted"))
            raise uow.standing(Unauthorized("No."))

    with pytest.raises(Unauthorized):
        await refuse()
    assert (await _names(control), seen) == (["north"], ["evicted"])


async def test_units_of_work_wait_for_one_another(control: Control, nord: Founded) -> None:
    async def add_one() -> None:
        async with control.unit_of_work() as uow:
            organisation = await uow.session.get(Organisation, nord.scope.organisation_id)
            assert organisation is not None
            await asyncio.sleep(0)
            organisation.entities_version += 1

    before = await _version(control)
    await asyncio.gather(*(add_one() for _ in range(10)))
    assert await _version(control) == before + 10


async def _version(control: Control) -> int:
    async with control.reading() as session:
        return (await session.scalars(select(Organisation.entities_version))).one()


async def test_a_reading_session_can_change_nothing(control: Control, nord: Founded) -> None:
    async with control.reading() as session:
        with pytest.raises(DBAPIError, match=r"readonly database|read-only transaction"):
            await session.execute(text("UPDATE organisation SET name = 'x'"))
        with pytest.raises(InternalError):
            surroundings(session).announce(Change("access", 1))


async def test_a_database_held_by_another_process_is_unavailable_not_a_crash(
    control: Control, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.control.sqlite._BUSY_MILLISECONDS", 1)
    monkeypatch.setattr("headwater.control.postgres._WAIT_MILLISECONDS", 1)
    impatient = provide(settings, hasher=CHEAP_HASHER)
    async with control.unit_of_work():
        with pytest.raises(Unavailable, match="nothing was done"):
            async with impatient.unit_of_work():
                pytest.fail("Two write at once.")
    await impatient.stop()


async def test_who_reads_waits_for_no_writer_and_sees_one_state(control: Control, nord: Founded) -> None:
    name = select(Organisation.name)
    async with control.reading() as session:
        assert await session.scalar(name) == "nord"
        async with control.unit_of_work() as uow:
            await uow.session.execute(update(Organisation).values(name="north"))
        assert await session.scalar(name) == "nord"
    assert await _names(control) == ["north"]


@pytest.mark.parametrize("search", ["ÉTÉ", "été", "straße", "ΟΔΟΣ", "москва", "100%", "a_b", "\\"])
async def test_letters_are_found_without_regard_to_capitals_in_every_script(
    control: Control, nord: Founded, search: str
) -> None:
    names = ["L'Été", "STRASSE", "Straße", "οδος", "МОСКВА", "100%", "1000", "A_B", "aXb", "back\\slash"]
    async with control.unit_of_work() as uow:
        uow.session.add_all(Organisation(name=name, plan="free", created_at=nord.user.created_at) for name in names)
    async with control.reading() as session:
        found = list(
            await session.scalars(
                select(Organisation.name).where(contains(Organisation.name, search)).order_by(Organisation.id)
            )
        )
    assert found == [name for name in names if search.lower() in name.lower()]


async def test_texts_are_ordered_by_their_bytes(control: Control, nord: Founded) -> None:
    names = ["a", "B", "Z", "_", "-", "é", "10", "9", "a b", "ab"]
    async with control.unit_of_work() as uow:
        made = [Organisation(name=name, plan="free", created_at=nord.user.created_at) for name in names]
        uow.session.add_all(made)
    async with control.reading() as session:
        found = list(await session.scalars(select(Organisation.name).order_by(Organisation.name)))
    assert found == sorted([*names, "nord"], key=str.encode)


@pytest.mark.parametrize("rows_in", ["sqlite"], indirect=True)
async def test_the_database_survives_a_power_cut_and_holds_to_its_references(control: Control) -> None:
    async with control.unit_of_work() as uow:
        pragmas = [
            await uow.session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]


async def test_responsive_tells_a_working_database_from_a_missing_one(control: Control, tmp_path: Path) -> None:
    assert await control.responsive()
    nowhere = provide(Settings(data_dir=str(tmp_path / "missing" / "folder")))
    assert not await nowhere.responsive()
    await nowhere.stop()


async def test_two_can_start_in_one_empty_folder_at_once(settings: Settings, clock: FixedClock) -> None:
    both = [provide(settings, clock, CHEAP_HASHER) for _ in range(2)]
    await asyncio.gather(*(each.start() for each in both))
    made = await register(both[0], "a@nord.example", "Nord")
    # The other knows the token: they share their secrets.
    assert (await both[1].access.authenticate(made.signed.access_token, None, None)).user_id == made.user.id
    for each in both:
        await each.stop()


async def test_a_database_of_a_newer_version_stops_the_start(
    control: Control, settings: Settings, clock: FixedClock
) -> None:
    async with control.unit_of_work() as uow:
        await uow.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    older = provide(settings, clock, CHEAP_HASHER)
    with pytest.raises(SettingsError, match="newer"):
        await older.start()
    await older.stop()


async def test_an_unknown_default_plan_stops_the_start(tmp_path: Path) -> None:
    control = provide(Settings(data_dir=str(tmp_path), default_plan="entreprise"))
    with pytest.raises(SettingsError, match="Did you mean 'enterprise'"):
        await control.start()
    await control.stop()


async def test_times_are_stored_in_utc_and_a_time_without_zone_is_refused(control: Control, nord: Founded) -> None:
    async def set_time(moment: datetime) -> None:
        async with control.unit_of_work() as uow:
            await uow.session.execute(update(Organisation).values(created_at=moment))

    await set_time(datetime(2026, 3, 29, 3, 30, 0, 7, tzinfo=timezone(timedelta(hours=2))))
    async with control.reading() as session:
        read = (await session.scalars(select(Organisation.created_at))).one()
    assert (read, read.tzinfo) == (datetime(2026, 3, 29, 1, 30, 0, 7, tzinfo=UTC), UTC)
    with pytest.raises(StatementError, match="time zone"):
        await set_time(datetime(2026, 3, 29, tzinfo=UTC).replace(tzinfo=None))
