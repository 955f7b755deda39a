"""Promise: several processes over one PostgreSQL keep what one keeps, and one that dies holds up nobody."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE

import msgspec
import pytest
from sqlalchemy import select

from headwater.control import Control
from headwater.control.billing.models import CreditEntry
from headwater.control.organisations.models import Organisation
from headwater.control.webhooks.models import WebhookDelivery, WebhookEvent
from headwater.control.webhooks.service import Webhooks
from headwater.settings import Settings

from .founding import Founded
from .other_process import TIMES, Done, Order
from .test_credits import ledger_sum, plan, standing

pytestmark = pytest.mark.scaled


@pytest.fixture(params=["postgres"])
def rows_in(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def _told(order: Order) -> tuple[int | None, bytes]:
    """How another process ended that was told to do this, and what it said."""
    command = [sys.executable, "-m", "tests.control.other_process"]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    said, _ = await process.communicate(msgspec.json.encode(order))
    return process.returncode, said


async def test_two_spend_every_credit_once_take_each_job_once_and_tell_in_order(
    control: Control, nord: Founded, settings: Settings
) -> None:
    await plan(control, nord, "free")
    async with control.unit_of_work() as uow:
        await Webhooks(uow.session, nord.scope).create("https://example.com/told", ["agent.chat"])
    orders = [Order(settings, nord.scope.organisation_id, name) for name in ("one", "other")]
    ended = await asyncio.gather(*(_told(order) for order in orders))
    assert [code for code, _ in ended] == [0, 0]
    one, other = (msgspec.json.decode(said, type=Done) for _, said in ended)

    assert one.charges + other.charges == 100
    assert ((await standing(control, nord)).balance, await ledger_sum(control, nord)) == (0, 0)
    assert sorted(one.jobs + other.jobs) == sorted(f"job {number}" for number in range(TIMES))
    async with control.reading() as session:
        entries = (await session.scalars(select(CreditEntry).order_by(CreditEntry.id))).all()
        query = select(WebhookEvent.body).join(WebhookDelivery, WebhookDelivery.event_id == WebhookEvent.id)
        bodies = [json.loads(body)["data"] for body in await session.scalars(query.order_by(WebhookDelivery.number))]
    # Each entry goes on from the one before it.
    sums = [sum(entry.amount for entry in entries[: number + 1]) for number in range(len(entries))]
    assert [entry.balance for entry in entries] == sums
    for name, done in (("one", one), ("other", other)):
        assert [body["number"] for body in bodies if body["by"] == name] == list(range(done.charges))


async def test_one_that_dies_while_it_writes_leaves_nothing_and_holds_up_nobody(
    control: Control, nord: Founded, settings: Settings
) -> None:
    code, _ = await _told(Order(settings, nord.scope.organisation_id, "one", dies=True))
    assert code == -signal.SIGKILL
    async with control.unit_of_work() as uow:
        assert (await uow.session.scalars(select(Organisation.name))).one() == "nord"
