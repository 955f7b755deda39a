"""Messages of platforms: each is answered once, paid for once, and replied to through what the platform documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from headwater.agent_runtime.executing import Executor
from headwater.agent_runtime.postbox import SORRY, Postbox
from headwater.agent_runtime.turn import Outcome
from headwater.agent_runtime.visitors import VisitorLimits
from headwater.control.deployments import inbox
from headwater.control.deployments.models import Deployment, InboundMessage
from headwater.control.deployments.service import Deployments
from headwater.errors import Conflict, RateLimitExceeded, UpstreamError
from headwater.outbound import HostGuard, Outbound
from headwater.platforms.port import Message
from headwater.platforms.registry import platforms
from headwater.settings import Settings
from headwater.surfaces._http.deployed import fields_of
from tests.agents.conftest import Stage
from tests.agents.scripted import ANSWER
from tests.platforms.callers import CONVERSATION, body, signed
from tests.platforms.stand_ins import StandIns, platforms_listening

SENT_TO = ["whatsapp", "messenger", "telegram", "slack", "woocommerce"]


@pytest.fixture(scope="module")
def listening() -> Iterator[StandIns]:
    with platforms_listening() as stand_ins:
        yield stand_ins


@dataclass
class Post:
    """A postbox, and the platforms that it sends to."""

    stage: Stage
    box: Postbox
    at: StandIns
    outbound: Outbound
    settings: Settings
    others: list[Postbox] = field(default_factory=list)

    async def deploy(self, platform: str) -> Deployment:
        """The agent, let out."""
        async with self.stage.control.unit_of_work() as uow:
            deployments = Deployments(uow.session, self.stage.scope)
            of = fields_of(self.box.platforms[platform])
            return await deployments.create(self.stage.agent.id, platform, of, self.at.config(platform))

    def messages(self, platform: str, **of: Any) -> list[Message]:
        """What somebody says there."""
        return list(
            self.box.platforms[platform].messages(self.at.config(platform), signed(platform, body(platform, **of)))
        )

    async def told(self, platform: str, deployment: Deployment, **of: Any) -> None:
        """A delivery of the platform, worked on until nothing is left."""
        await self.box.take_in(deployment.id, self.messages(platform, **of))
        await self.box.beside.settle()

    async def rows(self) -> list[InboundMessage]:
        """What is kept of messages."""
        async with self.stage.control.reading() as session:
            return list(await session.scalars(select(InboundMessage).order_by(InboundMessage.id)))

    def another(self) -> Postbox:
        """The postbox of another process."""
        executor = Executor(self.stage.control, self.stage.runner, 5)
        limits = VisitorLimits(self.stage.control.shared, self.stage.clock, 20, 60)
        return Postbox(self.stage.control, executor, limits, platforms(self.settings), self.outbound, self.stage.clock)


@pytest.fixture
async def post(stage: Stage, listening: StandIns) -> AsyncIterator[Post]:
    listening.said.clear()
    listening.failing = False
    settings = Settings(**listening.settings())
    outbound = Outbound(HostGuard(allow_private=True))
    visitors = VisitorLimits(stage.control.shared, stage.clock, 20, 60)
    box = Postbox(stage.control, stage.executor, visitors, platforms(settings), outbound, stage.clock)
    yield Post(stage, box, listening, outbound, settings)
    await outbound.aclose()


@pytest.mark.parametrize("platform", SENT_TO)
async def test_a_message_is_answered_where_it_was_said(post: Post, platform: str) -> None:
    deployment = await post.deploy(platform)
    before, _ = await post.stage.standing()
    await post.told(platform, deployment)
    (said,) = post.at.said[platform]
    assert said[1] == ANSWER.text
    assert await post.stage.standing() == (before - 3, 0)
    (row,) = await post.rows()
    assert (row.state, row.error) == ("sent", None)
    events = [event for event, _ in await post.stage.told()]
    assert events == ["agent.chat", "deployment.message"]


@pytest.mark.parametrize("platform", SENT_TO)
async def test_one_that_is_delivered_again_is_not_answered_again(post: Post, platform: str) -> None:
    deployment = await post.deploy(platform)
    for _ in range(3):
        await post.told(platform, deployment)
    await post.told(platform, deployment, id="m2", text="And yesterday?")
    assert len(post.at.said[platform]) == 2
    assert len(post.stage.runner.turns) == 2


async def test_a_conversation_goes_on_and_another_s_is_another(post: Post) -> None:
    deployment = await post.deploy("telegram")
    await post.told("telegram", deployment)
    await post.told("telegram", deployment, id="m2", text="And yesterday?")
    assert [one.text for one in post.stage.runner.turns[1][1].history] == ["How many clicks?", ANSWER.text]
    other = await post.deploy("telegram")
    await post.told("telegram", other)
    assert post.stage.runner.turns[2][1].history == ()


async def test_the_agent_reads_as_a_viewer_and_changes_nothing(post: Post) -> None:
    await post.told("telegram", await post.deploy("telegram"))
    scope = post.stage.runner.turns[0][2]
    assert (scope.role.name, scope.permissions) == ("viewer", frozenset({"read"}))
    assert scope.organisation_id == post.stage.scope.organisation_id


async def test_a_platform_that_is_down_gets_the_reply_later_and_it_is_paid_for_once(post: Post) -> None:
    deployment = await post.deploy("slack")
    before, _ = await post.stage.standing()
    post.at.failing = True
    await post.told("slack", deployment)
    (row,) = await post.rows()
    assert (row.state, row.attempts) == ("answered", 1)
    assert "503" in (row.error or "")
    assert not await post.box.is_due()
    post.at.failing = False
    post.stage.clock.advance(timedelta(seconds=11))
    assert await post.box.is_due()
    await post.box.work_through()
    assert [text for _, text in post.at.said["slack"]] == [ANSWER.text]
    assert await post.stage.standing() == (before - 3, 0)
    assert len(post.stage.runner.turns) == 1


async def test_after_the_last_attempt_it_failed_and_says_why(post: Post) -> None:
    deployment = await post.deploy("slack")
    post.at.failing = True
    await post.told("slack", deployment)
    for _ in inbox.WAITS:
        post.stage.clock.advance(timedelta(hours=1))
        await post.box.work_through()
    assert (await post.rows())[0].state == "failed"
    async with post.stage.control.reading() as session:
        assert "503" in (await inbox.last_error(session, deployment.id) or "")
    post.stage.clock.advance(timedelta(hours=1))
    assert not await post.box.is_due()


async def test_what_a_process_left_behind_is_gone_on_with_by_another_and_only_one(post: Post) -> None:
    deployment = await post.deploy("whatsapp")
    async with post.stage.control.unit_of_work() as uow:
        (row_id,) = await inbox.take_in(uow.session, deployment.id, post.messages("whatsapp"))
        # The process that claimed it dies here.
        assert await inbox.claim(uow.session, row_id) is not None
    other = post.another()
    await other.work_through()
    assert post.stage.runner.turns == []
    post.stage.clock.advance(inbox.CLAIMED_FOR)
    await other.work_through()
    await post.box.work_through()
    assert len(post.at.said["whatsapp"]) == 1
    assert len(post.stage.runner.turns) == 1


async def test_without_credits_the_reply_says_so_and_nothing_runs(post: Post) -> None:
    deployment = await post.deploy("telegram")
    balance, _ = await post.stage.standing()
    async with post.stage.control.unit_of_work() as uow:
        await post.stage.control.credits.adjust(uow.session, post.stage.scope.organisation_id, -balance)
    await post.told("telegram", deployment)
    assert [text for _, text in post.at.said["telegram"]] == [SORRY]
    assert post.stage.runner.turns == []


async def test_an_agent_that_fails_is_tried_again_and_in_the_end_says_so(post: Post) -> None:
    deployment = await post.deploy("telegram")
    post.stage.runner.outcome = UpstreamError("The provider failed.")
    await post.told("telegram", deployment)
    assert "telegram" not in post.at.said
    for _ in inbox.WAITS:
        post.stage.clock.advance(timedelta(hours=1))
        await post.box.work_through()
    assert [text for _, text in post.at.said["telegram"]] == [SORRY]
    assert len(post.stage.runner.turns) == len(inbox.WAITS) + 1


async def test_one_that_breaks_something_holds_up_no_other_and_is_not_tried_for_ever(post: Post) -> None:
    deployment = await post.deploy("telegram")
    post.stage.runner.outcome = RuntimeError("a fault in /srv/headwater")
    await post.told("telegram", deployment)
    (row,) = await post.rows()
    assert (row.claimed_until, row.attempts) == (None, 1)
    assert "srv" not in (row.error or "")
    for _ in inbox.WAITS:
        post.stage.clock.advance(timedelta(hours=1))
        await post.box.work_through()
    assert [text for _, text in post.at.said["telegram"]] == [SORRY]
    assert len(post.stage.runner.turns) == len(inbox.WAITS) + 1


async def test_a_reply_that_is_too_long_is_cut(post: Post) -> None:
    deployment = await post.deploy("messenger")
    post.stage.runner.outcome = Outcome("x" * 5000, answered=False)
    await post.told("messenger", deployment)
    assert len(post.at.said["messenger"][0][1]) == 2000


class TestInline:
    def message(self, id: str = "m1", text: str = "How many clicks?") -> Message:
        return Message(id, CONVERSATION, text, {})

    async def test_the_answer_goes_back_at_once_and_the_same_when_it_is_asked_again(self, post: Post) -> None:
        deployment = await post.deploy("web")
        before, _ = await post.stage.standing()
        assert [await post.box.answer(deployment, self.message()) for _ in range(2)] == [ANSWER.text] * 2
        assert await post.stage.standing() == (before - 3, 0)
        assert len(post.stage.runner.turns) == 1

    async def test_one_that_failed_may_be_asked_again(self, post: Post) -> None:
        deployment = await post.deploy("web")
        post.stage.runner.outcome = UpstreamError("The provider failed.")
        with pytest.raises(UpstreamError):
            await post.box.answer(deployment, self.message())
        post.stage.runner.outcome = ANSWER
        assert await post.box.answer(deployment, self.message()) == ANSWER.text
        post.stage.clock.advance(timedelta(hours=1))
        assert not await post.box.is_due()

    async def test_one_that_is_being_answered_is_a_conflict(self, post: Post) -> None:
        deployment = await post.deploy("web")
        async with post.stage.control.unit_of_work() as uow:
            (row_id,) = await inbox.take_in(uow.session, deployment.id, [self.message()])
            await inbox.claim(uow.session, row_id)
        with pytest.raises(Conflict):
            await post.box.answer(deployment, self.message())

    async def test_a_conversation_is_limited(self, post: Post) -> None:
        deployment = await post.deploy("web")
        for at in range(60):
            await post.box.answer(deployment, self.message(f"m{at}"))
        with pytest.raises(RateLimitExceeded):
            await post.box.answer(deployment, self.message("one more"))
        assert len(post.stage.runner.turns) == 60
