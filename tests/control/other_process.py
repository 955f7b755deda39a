"""A process of its own over a control plane, for ``test_several_processes``: works, or dies while it writes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import update

from headwater.control import Control, provide
from headwater.control.billing.credits import Work
from headwater.control.jobs.leases import Leases
from headwater.control.organisations.models import Organisation
from headwater.control.webhooks.outbox import post_event
from headwater.errors import PaymentRequired
from headwater.kit.clock import FixedClock
from headwater.settings import Settings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TIMES = 80


class Order(msgspec.Struct):
    """What the process is to do, on its standard input."""

    settings: Settings
    organisation_id: int
    name: str
    dies: bool = False


class Done(msgspec.Struct):
    """What it did, on its standard output: charges that were paid, and jobs that it had."""

    charges: int
    jobs: list[str]


async def _work(control: Control, order: Order) -> Done:
    done = Done(0, [])
    for number in range(TIMES):
        job = f"job {number}"
        async with control.unit_of_work() as uow:
            if await Leases(uow.session).claim(job, NOW, order.name, timedelta(minutes=5)):
                done.jobs.append(job)
        try:
            async with control.unit_of_work() as uow:
                await control.credits.charge(uow.session, order.organisation_id, Work("data_query"), None)
                told = {"by": order.name, "number": done.charges}
                await post_event(uow.session, order.organisation_id, "agent.chat", told)
        except PaymentRequired:
            continue
        done.charges += 1
    return done


async def _die(control: Control) -> None:
    async with control.unit_of_work() as uow:
        await uow.session.execute(update(Organisation).values(name="half done"))
        os.kill(os.getpid(), signal.SIGKILL)


async def _obey(order: Order) -> Done | None:
    control = provide(order.settings, FixedClock(NOW))
    await control.start()
    try:
        return await (_die(control) if order.dies else _work(control, order))
    finally:
        await control.stop()


if __name__ == "__main__":
    found = asyncio.run(_obey(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
    sys.stdout.write(msgspec.json.encode(found).decode())
