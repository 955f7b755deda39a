"""Sends what waits in the outbox, as soon as it is committed and when it is to be tried again.

A process sends to a webhook while it holds the claim on it, one delivery at a time; to
how many webhooks at once is bounded. A receiver that is slow holds up nobody else's
deliveries, and after some deliveries in a row a webhook lets others have their turn.

    deliverer.start()
    ...
    await deliverer.stop()
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from headwater.control import Control
from headwater.control.webhooks.queue import Outcome, Outgoing, Settled
from headwater.delivery.attempt import attempt
from headwater.errors import HeadwaterError
from headwater.kit import tracing
from headwater.kit.clock import Clock
from headwater.kit.ids import new_id
from headwater.outbound import Outbound

AT_ONCE: Final = 64
IN_A_ROW: Final = 20
_LOOK: Final = timedelta(seconds=5)
_GRACE: Final = timedelta(seconds=3)
log = structlog.get_logger(__name__)


class Deliverer:
    """The deliveries of one process. ``counts`` says what attempts came to since the start."""

    def __init__(self, control: Control, outbound: Outbound, clock: Clock, *, at_once: int = AT_ONCE) -> None:
        self.holder = new_id("deliverer")
        self._control = control
        self._outbound = outbound
        self._clock = clock
        self._at_once = at_once
        self._counts: Counter[str] = Counter(delivered=0, retried=0, given_up=0)
        self._bell = asyncio.Event()
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._looking: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def counts(self) -> Mapping[str, int]:
        """How many attempts delivered, are to be tried again, and were the last of a delivery that is given up."""
        return self._counts

    def start(self) -> None:
        """Send from now on: what this process commits at once, what others do within seconds."""
        self._control.deliveries.on_waiting(self._bell.set)
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Begin nothing more, and give what is under way a moment; the rest is for the next start, or others."""
        self._stopping = True
        if self._looking is None:
            return
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        if self._under_way:
            _, late = await asyncio.wait(tuple(self._under_way), timeout=_GRACE.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with contextlib.suppress(HeadwaterError):
            async with self._control.unit_of_work() as unit:
                await self._control.deliveries.release(unit, self.holder)

    async def begin(self) -> int:
        """Claim what can be sent and begin to; how many webhooks that is."""
        free = self._at_once - len(self._under_way)
        if free <= 0:
            return 0
        queue = self._control.deliveries
        async with self._control.reading() as session:
            due = await queue.due(session, free)
        # A claim of one's own that has run out is no reason to begin twice.
        due = [webhook_id for webhook_id in due if webhook_id not in self._under_way.values()]
        if not due:
            return 0
        async with self._control.unit_of_work() as unit:
            claimed = await queue.claim(unit, due, self.holder)
        for outgoing in claimed:
            task = asyncio.create_task(self._serve(outgoing))
            self._under_way[task] = outgoing.webhook_id
            task.add_done_callback(self._over)
        return len(claimed)

    async def waiting(self) -> int:
        """How many deliveries wait, of all processes."""
        async with self._control.reading() as session:
            return await self._control.deliveries.count(session)

    async def settle(self) -> None:
        """Wait until everything that was begun is over."""
        while self._under_way:
            await asyncio.wait(tuple(self._under_way))

    async def _look(self) -> None:
        while True:
            self._bell.clear()
            try:
                await self.begin()
            except (HeadwaterError, SQLAlchemyError) as error:
                # Busy: everything is still there at the next look.
                log.warning("webhooks.put_off", reason=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), _LOOK.total_seconds())

    async def _serve(self, first: Outgoing) -> None:
        """Deliver to one webhook, until nothing is to be sent to it now or others should have their turn."""
        outgoing: Outgoing | None = first
        for turn in range(IN_A_ROW):
            if outgoing is None:
                return
            with tracing.span("webhook delivery", webhook=outgoing.webhook_id, message=outgoing.event_id):
                outcome = await attempt(self._outbound, outgoing, self._clock())
            go_on = not self._stopping and turn + 1 < IN_A_ROW
            try:
                settled = await self._settle(outgoing, outcome, go_on)
            except HeadwaterError as error:
                # It is sent again once the claim has run out.
                log.warning("webhook.not_written_down", webhook=outgoing.webhook_id, reason=error.message)
                return
            self._tell(outgoing, outcome, settled)
            outgoing = settled.next

    async def _settle(self, outgoing: Outgoing, outcome: Outcome, go_on: bool) -> Settled:
        async with self._control.unit_of_work() as unit:
            return await self._control.deliveries.settle(unit, outgoing, outcome, self.holder, go_on=go_on)

    def _tell(self, outgoing: Outgoing, outcome: Outcome, settled: Settled) -> None:
        if settled.result is None:
            return
        self._counts[settled.result] += 1
        # Neither the URL, which can carry a credential, nor what was answered.
        facts = {"webhook": outgoing.webhook_id, "message": outgoing.event_id, "status": outcome.status}
        if settled.result == "delivered":
            log.debug("webhook.delivered", **facts)
        else:
            log.info(f"webhook.{settled.result}", **facts)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("webhook.failed", exc_info=error)
        # A place is free, and the webhook may have more.
        self._bell.set()
