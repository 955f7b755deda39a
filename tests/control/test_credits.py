"""Credits: the balance is the sum of the ledger and never below zero, whoever charges at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from headwater.control import Control, provide
from headwater.control.billing.credits import Charged, Work
from headwater.control.billing.ledger import Ledger
from headwater.control.billing.models import CreditEntry, CreditHold
from headwater.control.billing.standing import Posting, Standing, after, due
from headwater.control.webhooks.models import WebhookEvent
from headwater.control.webhooks.service import Webhooks
from headwater.errors import InvalidRequest, PaymentRequired
from headwater.kit.clock import FixedClock
from headwater.settings import Settings
from tests.migrated import lay

from .founding import CHEAP_HASHER, Founded, found

QUERY = Work("data_query")


async def standing(control: Control, who: Founded) -> Standing:
    async with control.reading() as session:
        return await Ledger(session, who.scope.organisation_id).standing()


async def ledger_sum(control: Control, who: Founded) -> int:
    own = CreditEntry.organisation_id == who.scope.organisation_id
    async with control.reading() as session:
        return await session.scalar(select(func.sum(CreditEntry.amount)).where(own)) or 0


async def kinds(control: Control, who: Founded) -> list[tuple[str, int]]:
    own = CreditEntry.organisation_id == who.scope.organisation_id
    async with control.reading() as session:
        rows = await session.execute(select(CreditEntry.kind, CreditEntry.amount).where(own).order_by(CreditEntry.id))
        return [(row.kind, row.amount) for row in rows]


async def told(control: Control) -> list[tuple[str, dict[str, Any]]]:
    """What waits for webhooks."""
    async with control.reading() as session:
        events = await session.scalars(select(WebhookEvent).order_by(WebhookEvent.created_at, WebhookEvent.id))
        return [(one.type, json.loads(one.body)["data"]) for one in events]


async def charge(control: Control, who: Founded, work: Work = QUERY, hold: str | None = None) -> Charged:
    async with control.unit_of_work() as uow:
        return await control.credits.charge(uow.session, who.scope.organisation_id, work, hold)


async def hold(control: Control, who: Founded, work: Work) -> str:
    async with control.unit_of_work() as uow:
        return await control.credits.hold(uow.session, who.scope.organisation_id, work)


async def give(control: Control, who: Founded, amount: int) -> None:
    async with control.unit_of_work() as uow:
        await control.credits.adjust(uow.session, who.scope.organisation_id, amount)


async def plan(control: Control, who: Founded, name: str) -> None:
    async with control.unit_of_work() as uow:
        await control.plans.set(uow, str(who.scope.organisation_id), name)


class TestAtTheSameTime:
    @pytest.fixture
    async def both(self, settings: Settings, clock: FixedClock) -> AsyncIterator[list[Control]]:
        """Two processes over one database."""
        free = msgspec.structs.replace(settings, default_plan="free")
        processes = [provide(free, clock, CHEAP_HASHER) for _ in range(2)]
        for one in processes:
            await one.start()
        yield processes
        for one in processes:
            await one.stop()

    async def test_200_charges_never_take_more_than_there_is(self, both: list[Control]) -> None:
        who = await found(both[0], "nord")

        async def one(number: int) -> bool:
            try:
                await charge(both[number % 2], who)
            except PaymentRequired:
                return False
            return True

        done = await asyncio.gather(*(one(number) for number in range(200)))
        assert sum(done) == 100
        assert (await standing(both[0], who))[:3] == (0, 0, 100)
        assert await ledger_sum(both[1], who) == 0
        own = CreditEntry.organisation_id == who.scope.organisation_id
        async with both[0].reading() as session:
            assert await session.scalar(select(func.min(CreditEntry.balance)).where(own)) == 0

    async def test_what_is_held_is_spent_by_nobody_else(self, both: list[Control]) -> None:
        who = await found(both[0], "nord")

        async def one(number: int) -> bool:
            control = both[number % 2]
            try:
                held = await hold(control, who, Work("agent_execute", tokens=2000))
            except PaymentRequired:
                return False
            await charge(control, who, Work("agent_execute", tokens=1500), held)
            return True

        done = await asyncio.gather(*(one(number) for number in range(50)))
        # Three credits each, of a hundred.
        assert sum(done) == 33
        assert (await standing(both[0], who)).balance == 1 == await ledger_sum(both[0], who)


class TestPrices:
    @pytest.mark.parametrize(
        ("work", "price"),
        [
            (Work("data_query"), 1),
            (Work("agent_execute"), 1),
            (Work("agent_execute", tokens=1), 2),
            (Work("agent_execute", tokens=1000), 2),
            (Work("agent_execute", tokens=1001), 3),
        ],
    )
    async def test_each_thousand_tokens_that_is_begun_counts(self, control: Control, work: Work, price: int) -> None:
        assert control.credits.price(work) == price

    async def test_they_are_settings(self, tmp_path: Path, clock: FixedClock) -> None:
        settings = Settings(
            data_dir=str(tmp_path / "x"),
            credits_per_execution=5,
            credits_per_query=0,
            credits_per_1k_tokens=2,
            credit_price="0.0025",
        )
        control = provide(settings, clock, CHEAP_HASHER)
        await control.start()
        who = await found(control, "nord")
        assert await charge(control, who, Work("agent_execute", tokens=1200)) == Charged(9, 22_500, 49_991)
        assert await charge(control, who) == Charged(0, 0, 49_991)
        await control.stop()


class TestHolds:
    async def test_too_much_is_refused_before_any_work(self, control: Control, nord: Founded) -> None:
        await plan(control, nord, "free")
        with pytest.raises(PaymentRequired, match="needs 101 credits and 100 are free") as refused:
            await hold(control, nord, Work("agent_execute", tokens=100_000))
        assert refused.value.details == {"cap": "credits", "needed": 101, "credits": 100}
        await hold(control, nord, Work("agent_execute", tokens=99_000))
        for again in (hold(control, nord, QUERY), charge(control, nord)):
            with pytest.raises(PaymentRequired, match="0 are free"):
                await again

    async def test_a_released_one_is_free_again(self, control: Control, nord: Founded, syd: Founded) -> None:
        await plan(control, nord, "free")
        held = await hold(control, nord, Work("agent_execute", tokens=99_000))
        async with control.unit_of_work() as uow:
            await control.credits.release(uow.session, syd.scope.organisation_id, held)
        with pytest.raises(PaymentRequired):
            await charge(control, nord)
        async with control.unit_of_work() as uow:
            await control.credits.release(uow.session, nord.scope.organisation_id, held)
            await control.credits.release(uow.session, nord.scope.organisation_id, held)
        await charge(control, nord)

    async def test_one_that_was_left_behind_ends_by_itself(
        self, control: Control, nord: Founded, clock: FixedClock
    ) -> None:
        await plan(control, nord, "free")
        late = await hold(control, nord, Work("agent_execute", tokens=99_000))
        clock.advance(timedelta(minutes=15))
        await charge(control, nord)
        # Its work came to an end after all: what is left is taken, and not more.
        done = await charge(control, nord, Work("agent_execute", tokens=99_000), late)
        assert (done.credits, done.balance, done.cost_micros) == (99, 0, 990_000)
        async with control.reading() as session:
            assert await session.scalar(select(func.count()).select_from(CreditHold)) == 0

    async def test_what_was_not_needed_is_not_charged(self, control: Control, nord: Founded) -> None:
        held = await hold(control, nord, Work("agent_execute", tokens=4000))
        done = await charge(control, nord, Work("agent_execute", 812, "agent_1", "exec_1"), held)
        assert done == Charged(2, 20_000, 49_998)
        async with control.reading() as session:
            entry = (await session.scalars(select(CreditEntry).order_by(CreditEntry.id.desc()).limit(1))).one()
        assert (entry.operation, entry.tokens, entry.agent_id) == ("agent_execute", 812, "agent_1")
        assert (entry.reference, entry.cost_micros, entry.amount) == ("exec_1", 20_000, -2)

    async def test_a_charge_is_undone_with_what_it_paid_for(self, control: Control, nord: Founded) -> None:
        async def work() -> None:
            async with control.unit_of_work() as uow:
                await control.credits.charge(uow.session, nord.scope.organisation_id, QUERY)
                raise LookupError

        with pytest.raises(LookupError):
            await work()
        assert (await standing(control, nord)).used == 0


class TestMonths:
    async def test_a_company_has_its_credits_at_once(self, control: Control, nord: Founded) -> None:
        assert await kinds(control, nord) == [("grant", 50_000)]
        assert await standing(control, nord) == (50_000, 50_000, 0, 0, date(2026, 3, 1))

    async def test_what_is_left_of_the_plans_expires_and_topped_up_ones_stay(
        self, control: Control, nord: Founded, clock: FixedClock
    ) -> None:
        await give(control, nord, 500)
        await charge(control, nord)
        # Two months pass with nobody there.
        clock.now = datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)
        seen = await standing(control, nord)
        assert seen == (50_500, 50_000, 0, 0, date(2026, 5, 1))
        for _ in range(2):
            async with control.unit_of_work() as uow:
                assert await Ledger(uow.session, nord.scope.organisation_id).bring_up_to_date() == seen
        assert (await kinds(control, nord))[-2:] == [("expiry", -49_999), ("grant", 50_000)]
        assert await ledger_sum(control, nord) == 50_500

    async def test_another_plan_holds_at_once(self, control: Control, nord: Founded) -> None:
        for _ in range(30):
            await charge(control, nord)
        await plan(control, nord, "free")
        assert (await standing(control, nord))[:4] == (70, 70, 30, 30)
        await plan(control, nord, "starter")
        assert (await standing(control, nord)).balance == 970
        await charge(control, nord)
        assert (await kinds(control, nord))[-2:] == [("expiry", -49_000), ("charge", -1)]

    async def test_a_clock_that_is_behind_begins_no_month(
        self, control: Control, nord: Founded, clock: FixedClock
    ) -> None:
        clock.now = datetime(2026, 4, 1, tzinfo=UTC)
        await charge(control, nord)
        clock.advance(timedelta(seconds=-1))
        await charge(control, nord)
        assert [kind for kind, _ in await kinds(control, nord)] == ["grant", "expiry", "grant", "charge", "charge"]


class TestRunningLow:
    async def test_it_is_told_once_when_a_charge_goes_below_a_tenth(self, control: Control, nord: Founded) -> None:
        await plan(control, nord, "free")
        async with control.unit_of_work() as uow:
            await Webhooks(uow.session, nord.scope).create("https://example.com/hook", ["credits.low"])
        await charge(control, nord, Work("agent_execute", tokens=89_000))
        assert await told(control) == []
        for _ in range(2):
            await charge(control, nord)
        assert await told(control) == [("credits.low", {"credits": 9, "total": 100})]


class TestAdjustments:
    async def test_they_are_written_down_and_take_no_more_than_there_is(self, control: Control, nord: Founded) -> None:
        await give(control, nord, -49_990)
        held = await hold(control, nord, Work("agent_execute", tokens=3000))
        assert held.startswith("hold_")
        for wrong in (0, -7, 10**13):
            with pytest.raises(InvalidRequest):
                await give(control, nord, wrong)
        await give(control, nord, -6)
        assert await standing(control, nord) == (4, 4, 0, 49_996, date(2026, 3, 1))
        async with control.reading() as session:
            events, _ = await control.audit.list(session, nord.scope, 10, 0)
        assert [event.details["amount"] for event in events if event.action == "credits_adjusted"] == [-6, -49_990]


KINDS = st.one_of(
    st.builds(Posting, st.just("charge"), st.integers(-300, 0)),
    st.builds(Posting, st.just("topup"), st.integers(1, 300)),
    st.builds(Posting, st.just("adjustment"), st.integers(-300, 300)),
)
STEPS = st.lists(st.tuples(KINDS, st.integers(0, 1), st.sampled_from([0, 20, 100, 250])), max_size=40)


@given(STEPS)
def test_whatever_happens_the_sums_are_right(steps: list[tuple[Posting, int, int]]) -> None:
    """The running figures against the entries themselves, over months and plans that change."""
    entries: list[tuple[date, Posting]] = []
    now, months = Standing(), 0
    for posting, later, monthly in steps:
        months += later
        month = date(2026 + months // 12, months % 12 + 1, 1)
        for owed in due(now, month, monthly):
            now = after(now, month, owed)
            entries.append((month, owed))
        assert not due(now, month, monthly)
        if posting.amount >= 0 or -posting.amount <= now.balance:
            now = after(now, month, posting)
            entries.append((month, posting))
        of_month = [one.amount for when, one in entries if when == month and one.kind == "charge"]
        assert now.balance == sum(one.amount for _, one in entries)
        assert now.used == -sum(of_month)
        assert 0 <= now.plan_left <= now.balance
        assert now.total - now.used == now.balance
        assert now.plan_left == max(0, monthly - now.plan_used)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(["hold", "charge", "finish", "drop"]), st.integers(0, 60_000)), max_size=15))
def test_holds_and_charges_in_any_order_keep_the_promises(steps: list[tuple[str, int]]) -> None:
    """On a real database: never below zero, and what is held stays there."""

    async def run() -> None:
        with TemporaryDirectory() as folder:
            clock = FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
            control = provide(Settings(data_dir=folder, default_plan="free"), clock, CHEAP_HASHER)
            lay(Path(folder))
            await control.start()
            try:
                await _walk(control, await found(control, "nord"), steps)
            finally:
                await control.stop()

    asyncio.run(run())


async def _walk(control: Control, who: Founded, steps: list[tuple[str, int]]) -> None:
    held: list[tuple[str, int]] = []
    for what, tokens in steps:
        work = Work("agent_execute", tokens=tokens)
        try:
            if what == "hold":
                held.append((await hold(control, who, work), control.credits.price(work)))
            elif what == "charge":
                await charge(control, who, work)
            elif held:
                name, most = held.pop()
                used = Work("agent_execute", tokens=min(tokens, max(0, most - 1) * 1000))
                if what == "finish":
                    assert (await charge(control, who, used, name)).credits == control.credits.price(used)
        except PaymentRequired:
            assert what in ("hold", "charge")
        now = await standing(control, who)
        assert now.balance == await ledger_sum(control, who) >= 0
