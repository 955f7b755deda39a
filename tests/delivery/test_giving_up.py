"""A webhook that only fails is disabled, in the audit log and by mail to those who can mend it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from headwater.control.housekeeping import tidy
from headwater.control.record import Record
from headwater.control.users.models import User
from headwater.control.webhooks.models import WebhookDelivery, WebhookEvent
from headwater.scope import Role
from tests.contracts.accounts.mailbox import mails
from tests.delivery.receiver import Answered, Receiver
from tests.delivery.telling import PATH, Hook, Teller
from tests.promises import people


async def verify(teller: Teller, *emails: str) -> None:
    async with teller.server.services.control.unit_of_work() as uow:
        await uow.session.execute(update(User).where(User.email.in_(emails)).values(is_verified=True))


async def hourly_until_disabled(teller: Teller, hook: Hook) -> timedelta:
    """Let something happen each hour; how long it took."""
    begun = teller.server.clock.now
    for number in range(24 * 7):
        await teller.happens(number)
        await teller.deliver()
        if (await teller.shown(hook))["status"] == "disabled":
            break
        teller.server.clock.advance(timedelta(hours=1))
    return teller.server.clock.now - begun


async def test_after_five_days_without_success(teller: Teller, receiver: Receiver) -> None:
    admin, viewer = await people.hire(teller.company, Role.admin), await people.hire(teller.company, Role.viewer)
    unproven = teller.company.email
    await verify(teller, admin, viewer)
    hook = await teller.hook(receiver.url())
    await teller.hook(receiver.url("/watching"), "webhook.disabled")
    receiver.answer = lambda one: Answered(204 if one.path == "/watching" else 500)
    took = await hourly_until_disabled(teller, hook)
    assert timedelta(days=5) <= took < timedelta(days=6, hours=1)
    shown = await teller.shown(hook)
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "failing")
    assert datetime.fromisoformat(shown["disabled_at"]) == teller.server.clock.now
    assert set(await teller.states(hook)) == {"failed"}
    assert ("webhook_disabled", hook.id, {"reason": "failing"}) in await teller.audited()
    (mail,) = await mails(teller.server, admin)
    assert mail["Subject"] == "A webhook was disabled"
    assert hook.id in mail.get_content()
    assert receiver.url() not in mail.get_content()
    assert await mails(teller.server, viewer) == []
    assert [one["Subject"] for one in await mails(teller.server, unproven)] == ["Verify your e-mail address"]
    await teller.deliver()
    (told,) = [one.body for one in receiver.received if one.path == "/watching"]
    assert told["data"] == {"webhook_id": hook.id, "reason": "failing"}


async def test_a_success_in_between_begins_the_days_anew(teller: Teller, receiver: Receiver) -> None:
    hook = await teller.hook(receiver.url())
    for _ in range(3):
        receiver.fails()
        await teller.happens(1)
        await teller.deliver()
        await teller.later(days=2)
        receiver.works()
        await teller.later(days=1)
    assert (await teller.shown(hook))["status"] == "active"


async def test_a_receiver_that_is_gone_says_so_once(teller: Teller, receiver: Receiver) -> None:
    hook = await teller.hook(receiver.url())
    receiver.fails(410)
    await teller.happens(1, 2)
    await teller.deliver()
    assert len(receiver.received) == 1
    shown = await teller.shown(hook)
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "gone")
    first, second = await teller.log(hook)
    assert (first["state"], first["response_status"]) == ("failed", 410)
    assert second["error"] == "The webhook was disabled before this was delivered."


async def test_one_that_is_enabled_again_is_told_of_what_happens_from_then_on(
    teller: Teller, receiver: Receiver
) -> None:
    hook = await teller.hook(receiver.url())
    receiver.fails(410)
    await teller.happens(1)
    await teller.deliver()
    await teller.happens(2)
    receiver.works()
    answer = await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"status": "active"})
    shown = answer.json()["webhook"]
    assert (shown["status"], shown["disabled_reason"], shown["failing_since"]) == ("active", None, None)
    await teller.happens(3)
    await teller.deliver()
    assert receiver.told() == [1, 3]
    assert [one[0] for one in await teller.audited()] == ["webhook_created", "webhook_disabled", "webhook_enabled"]


class TestWhatIsOver:
    @pytest.fixture
    async def hook(self, teller: Teller, receiver: Receiver) -> Hook:
        hook = await teller.hook(receiver.url())
        await teller.happens(1)
        await teller.deliver()
        receiver.fails()
        await teller.happens(2)
        return hook

    async def test_is_forgotten_after_thirty_days(self, teller: Teller, hook: Hook) -> None:
        control = teller.server.services.control
        for days, left in ((29, ["delivered", "pending"]), (1, ["pending"])):
            teller.server.clock.advance(timedelta(days=days))
            async with control.unit_of_work() as uow:
                await tidy(uow.session, control.idempotency)
            assert await teller.states(hook) == left
        assert [await count(teller, table) for table in (WebhookDelivery, WebhookEvent)] == [1, 1]


async def count(teller: Teller, table: type[Record]) -> int:
    async with teller.server.services.control.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0
