"""Executions are paid for exactly: held before, charged with what is kept, and free where nothing came of them."""

from __future__ import annotations

import asyncio

import pytest

from headwater.agent_runtime.executing import Done, Executor, Order
from headwater.agent_runtime.orders import of_member
from headwater.agent_runtime.turn import OutputFormat
from headwater.control.agents.conversations import KEPT_MESSAGES, Conversations, Thread
from headwater.control.agents.service import AgentFields, Agents
from headwater.control.work import Work
from headwater.errors import InternalError, NotFound, PaymentRequired, Timeout, UpstreamError
from tests.agents.conftest import Stage
from tests.agents.scripted import ANSWER, CITED


def order(stage: Stage, text: str = "Clicks?", thread: Thread | None = None, form: OutputFormat = "text") -> Order:
    return of_member(stage.agent, stage.scope, thread or Thread("api"), text, form=form)


async def execute(stage: Stage, asked: Order) -> Done:
    hold = await stage.executor.hold(asked)
    async with Work(stage.control) as work:
        return await stage.executor.execute(asked, hold, work.begin)


async def test_an_answer_is_charged_with_its_tokens_and_kept(stage: Stage) -> None:
    before, _ = await stage.standing()
    done = await execute(stage, order(stage))
    # One for the execution and one for each thousand tokens that is begun.
    assert await stage.standing() == (before - 3, 0)
    (kept,) = await stage.executions()
    assert (kept.id, kept.status, kept.answered, kept.tokens, kept.credits) == (
        done.execution.id,
        "completed",
        True,
        1500,
        3,
    )
    assert (kept.input, kept.response, kept.user_id) == ("Clicks?", ANSWER.text, stage.scope.user_id)
    assert kept.citations == [{"query": CITED.query, "data_source": CITED.data_source, "rows": 2}]
    ((event, told),) = await stage.told()
    assert (event, told["execution_id"], told["credits"], told["answered"]) == ("agent.execute", kept.id, 3, True)


async def test_what_it_may_cost_is_held_while_it_works_and_no_transaction_is_open(stage: Stage) -> None:
    stage.runner.gate.clear()
    balance, _ = await stage.standing()
    task = asyncio.create_task(execute(stage, order(stage)))
    await stage.runner.asked.wait()
    assert await stage.standing() == (balance, 5)
    async with stage.control.unit_of_work():
        pass
    stage.runner.gate.set()
    await task
    assert await stage.standing() == (balance - 3, 0)


@pytest.mark.parametrize("error", [UpstreamError("The provider failed."), InternalError("x"), RuntimeError("SECRET")])
async def test_what_failed_is_free_and_kept_as_failed(stage: Stage, error: Exception) -> None:
    before = await stage.standing()
    stage.runner.outcome = error
    with pytest.raises(type(error)):
        await execute(stage, order(stage))
    assert await stage.standing() == before
    (kept,) = await stage.executions()
    assert (kept.status, kept.answered, kept.credits, kept.response) == ("failed", False, 0, "")
    assert "SECRET" not in (kept.error or "")
    assert await stage.told() == []


async def test_one_that_takes_too_long_is_stopped_and_free(stage: Stage) -> None:
    before = await stage.standing()
    stage.runner.gate.clear()
    stage.executor = Executor(stage.control, stage.runner, 0.01)
    with pytest.raises(Timeout):
        await execute(stage, order(stage))
    assert await stage.standing() == before


async def test_without_credits_nothing_runs(stage: Stage) -> None:
    balance, _ = await stage.standing()
    async with stage.control.unit_of_work() as uow:
        await stage.control.credits.adjust(uow.session, stage.scope.organisation_id, 4 - balance)
    with pytest.raises(PaymentRequired):
        await execute(stage, order(stage))
    assert stage.runner.turns == []
    assert await stage.standing() == (4, 0)
    assert await stage.executions() == []


async def test_a_visitor_is_not_told_what_the_company_has_left(stage: Stage) -> None:
    balance, _ = await stage.standing()
    async with stage.control.unit_of_work() as uow:
        await stage.control.credits.adjust(uow.session, stage.scope.organisation_id, 4 - balance)
    with pytest.raises(PaymentRequired) as caught:
        await stage.executor.hold_for_visitor(order(stage))
    assert "4" not in str((caught.value.message, caught.value.details))


async def test_a_preview_is_neither_charged_nor_kept(stage: Stage) -> None:
    before = await stage.standing()
    outcome, form = await stage.executor.preview(order(stage, form="json"))
    assert (outcome, form.response) == (ANSWER, ANSWER.text)
    assert await stage.standing() == before
    assert (await stage.executions(), await stage.told()) == ([], [])


async def test_an_agent_that_is_deleted_meanwhile_charges_nothing(stage: Stage) -> None:
    balance, _ = await stage.standing()
    stage.runner.gate.clear()
    task = asyncio.create_task(execute(stage, order(stage)))
    await stage.runner.asked.wait()
    async with stage.control.unit_of_work() as uow:
        await Agents(uow.session, stage.scope).delete(stage.agent.id)
    stage.runner.gate.set()
    with pytest.raises(NotFound):
        await task
    assert (await stage.standing())[0] == balance


class TestConversations:
    async def test_the_next_turn_knows_what_was_said_and_asked(self, stage: Stage) -> None:
        first = await execute(stage, order(stage, "Clicks?"))
        async with stage.control.reading() as session:
            conversations = Conversations(session, stage.scope.organisation_id, stage.agent.id)
            thread = await conversations.by_id(first.conversation_id, "api")
        second = await execute(stage, order(stage, "And the week before?", thread))
        assert second.conversation_id == first.conversation_id
        history = stage.runner.turns[1][1].history
        assert [(one.speaker, one.text, one.asked) for one in history] == [
            ("user", "Clicks?", None),
            ("agent", ANSWER.text, CITED.query),
        ]

    async def test_another_channel_s_or_agent_s_conversation_is_unknown(self, stage: Stage) -> None:
        done = await execute(stage, order(stage))
        async with stage.control.unit_of_work() as uow:
            other = await Agents(uow.session, stage.scope).create(AgentFields(name="Bo"))
        async with stage.control.reading() as session:
            for agent_id, channel in ((other.id, "api"), (stage.agent.id, "chat")):
                with pytest.raises(NotFound):
                    await Conversations(session, stage.scope.organisation_id, agent_id).by_id(
                        done.conversation_id, channel
                    )

    async def test_only_the_last_messages_are_kept(self, stage: Stage) -> None:
        thread = Thread("api")
        for at in range(KEPT_MESSAGES // 2 + 3):
            done = await execute(stage, order(stage, f"Question {at}", thread))
            thread = Thread("api", done.conversation_id)
        async with stage.control.reading() as session:
            conversations = Conversations(session, stage.scope.organisation_id, stage.agent.id)
            history = (await conversations.by_id(done.conversation_id, "api")).history
        assert len(history) == KEPT_MESSAGES
        assert history[0].text == "Question 3"
