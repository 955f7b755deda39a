"""The tables are what the models say, whichever step an older database had come to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, insert, inspect, select

import headwater.control.creators.models
import headwater.control.outlets.models
import headwater.control.report_schedules.models
import headwater.control.saved_reports.models  # noqa: F401  (only surfaces use it, and the comparison needs it)
from headwater.control import Control, provide
from headwater.control.organisations.models import Organisation
from headwater.control.plans.models import Plan
from headwater.control.record import Record
from headwater.control.users.models import User
from headwater.kit.clock import FixedClock
from headwater.settings import Settings
from tests.migrated import connected, steps, take_steps

from .founding import CHEAP_HASHER, register

EVERY_STEP = [step.revision for step in ScriptDirectory.from_config(steps()).walk_revisions()][::-1]
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def _is_what_the_models_say(connection: Connection) -> bool:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, Record.metadata) == []


async def test_the_migrations_make_what_the_models_say(control: Control, settings: Settings) -> None:
    with connected(settings) as connection:
        assert _is_what_the_models_say(connection)
        assert set(inspect(connection).get_table_names()) - {"alembic_version"} == set(Record.metadata.tables)


@pytest.mark.parametrize("step", EVERY_STEP[:-1])
async def test_a_database_of_every_older_version_is_brought_up_with_its_rows(
    step: str, empty_settings: Settings, clock: FixedClock
) -> None:
    with connected(empty_settings) as connection:
        take_steps(connection, step)
        _fill(connection)
    control = provide(empty_settings, clock, CHEAP_HASHER)
    await control.start()
    # What numbers rows goes on behind those that were there.
    await register(control, "new@example.com", "New")
    async with control.reading() as session:
        organisations = (await session.scalars(select(Organisation).order_by(Organisation.id))).all()
        users = (await session.scalars(select(User).order_by(User.id))).all()
        plan = await session.get_one(Plan, "starter")
    assert [(one.id, one.name, one.roster_version) for one in organisations] == [
        (1, "nord", 0),
        (2, "syd", 0),
        (3, "New", organisations[2].roster_version),
    ]
    assert [(one.id, one.email, one.is_verified, one.credentials_version) for one in users[:2]] == [
        (1, "a@nord.example", True, 0),
        (2, "a@syd.example", False, 0),
    ]
    assert len({one.public_id for one in organisations if len(one.public_id) == 36}) == 3
    assert (plan.monthly_credits, plan.monthly_price_micros) == (1000, 0)
    await control.stop()
    with connected(empty_settings) as connection:
        assert _is_what_the_models_say(connection)


def _fill(connection: Connection) -> None:
    """Two organisations with a user each, by the columns that there are yet."""
    known = MetaData()
    known.reflect(connection, only=["organisation", "user"])
    for number, name in enumerate(("nord", "syd")):
        organisation = {"name": name, "plan": "free", "analytics_tz": "UTC", "entities_version": 0}
        if "public_id" in known.tables["organisation"].columns:
            organisation["public_id"] = f"{number:036}"
        user = {
            "organisation_id": number + 1,
            "email": f"a@{name}.example",
            "full_name": "A",
            "password_hash": "",
            "role": "owner",
            "is_verified": number == 0,
            "is_operator": False,
        }
        for table, row in (("organisation", organisation), ("user", user)):
            connection.execute(insert(known.tables[table]).values(**row, created_at=_MOMENT))
