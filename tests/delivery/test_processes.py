"""Several processes share the deliveries: each is sent once in the ordinary run, none is lost with a process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from headwater.control import Control, provide
from headwater.control.webhooks.queue import CLAIM
from headwater.delivery.deliverer import Deliverer
from tests.control.founding import CHEAP_HASHER
from tests.delivery.receiver import Answered, Receiver
from tests.delivery.telling import Teller, until


@pytest.fixture
async def other(teller: Teller) -> AsyncIterator[Deliverer]:
    """The deliverer of a second process over the same control plane."""
    services = teller.server.services
    control: Control = provide(services.settings, services.clock, CHEAP_HASHER)
    await control.start()
    yield Deliverer(control, services.outbound, services.clock)
    await control.stop()


async def test_two_deliver_each_once_and_in_order(teller: Teller, other: Deliverer, receiver: Receiver) -> None:
    paths = [f"/{number}" for number in range(6)]
    for path in paths:
        await teller.hook(receiver.url(path))
    await teller.happens(*range(30))

    async def work(deliverer: Deliverer) -> None:
        while await deliverer.waiting():
            await deliverer.begin()
            await deliverer.settle()

    services = teller.server.services
    one = Deliverer(services.control, services.outbound, services.clock, at_once=3)
    await one.begin()
    await asyncio.gather(work(one), work(other))
    for path in paths:
        assert receiver.told(path) == list(range(30))
    sent = [deliverer.counts["delivered"] for deliverer in (one, other)]
    assert sum(sent) == 180
    assert all(sent)


async def test_what_one_has_begun_another_leaves_until_it_has_fallen_silent(
    teller: Teller, other: Deliverer, receiver: Receiver
) -> None:
    go_on = threading.Event()
    receiver.answer = lambda _: Answered() if go_on.wait(30) else Answered(500)
    hook = await teller.hook(receiver.url())
    await teller.happens(1, 2)
    assert await other.begin() == 1
    await until(lambda: len(receiver.received) == 1)
    assert await teller.deliverer.begin() == 0
    teller.server.clock.advance(CLAIM - timedelta(seconds=1))
    assert await teller.deliverer.begin() == 0
    teller.server.clock.advance(timedelta(seconds=1))
    assert await other.begin() == 0
    assert await teller.deliverer.begin() == 1
    await until(lambda: len(receiver.received) == 2)
    go_on.set()
    # Who had fallen silent comes back, and finds that it is no longer for them to write down.
    await other.settle()
    await teller.deliverer.settle()
    await teller.deliver()
    assert receiver.told() == [1, 1, 2]
    assert other.counts["delivered"] == 0
    assert await teller.states(hook) == ["delivered", "delivered"]


async def test_no_more_than_so_many_at_once(teller: Teller, receiver: Receiver) -> None:
    go_on = threading.Event()
    receiver.answer = lambda _: Answered() if go_on.wait(30) else Answered(500)
    services = teller.server.services
    few = Deliverer(services.control, services.outbound, services.clock, at_once=2)
    for number in range(3):
        await teller.hook(receiver.url(f"/{number}"))
    await teller.happens(1)
    assert [await few.begin(), await few.begin()] == [2, 0]
    go_on.set()
    await few.settle()
    assert await few.begin() == 1
    await few.settle()
    assert len(receiver.received) == 3


class TestRunning:
    async def test_what_is_committed_is_sent_without_being_asked_for(self, teller: Teller, receiver: Receiver) -> None:
        await teller.hook(receiver.url())
        teller.deliverer.start()
        await teller.happens(1, 2)
        await until(lambda: receiver.told() == [1, 2])
        await teller.deliverer.stop()
        await teller.happens(3)
        assert receiver.told() == [1, 2]

    async def test_stopping_leaves_what_hangs_for_the_next_start(
        self, teller: Teller, other: Deliverer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("headwater.delivery.deliverer._GRACE", timedelta(milliseconds=50))
        go_on = threading.Event()
        receiver.answer = lambda _: Answered() if go_on.wait(30) else Answered(500)
        hook = await teller.hook(receiver.url())
        teller.deliverer.start()
        await teller.happens(1)
        await until(lambda: len(receiver.received) == 1)
        await teller.deliverer.stop()
        go_on.set()
        # At once, since the claim was let go of.
        assert await other.begin() == 1
        await other.settle()
        assert receiver.told() == [1, 1]
        assert await teller.states(hook) == ["delivered"]
