"""Spans of what the server does by itself and of what it sends out."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.trace import SpanKind, StatusCode

from headwater.jobs.registry import Job
from headwater.jobs.schedule import Nightly
from headwater.jobs.worker import Worker
from tests.agents.scripted import Scripted
from tests.delivery.receiver import receiving
from tests.delivery.telling import Teller
from tests.serving import Server, serving
from tests.tracing.conftest import Traced, identity, said


async def _fail() -> None:
    raise OSError("disk on fire")


async def test_a_job_is_a_trace_of_its_own(traced: Traced, server: Server) -> None:
    worker = server.headwater.worker
    assert worker is not None
    await worker.turn(worker.jobs["tidy"])
    job = traced.one("job")
    assert said(job) == {"headwater.job": "tidy"}
    assert job.status.status_code is StatusCode.UNSET
    assert identity(job)[0] in {span.parent.trace_id for span in traced.named("unit of work") if span.parent}


async def test_a_job_that_fails_is_marked(traced: Traced, server: Server) -> None:
    job = Job("burn", Nightly(2, 15), _fail)
    await Worker(server.services.control, [job], server.clock).turn(job)
    span = traced.one("job")
    assert span.status.status_code is StatusCode.ERROR
    assert said(span) == {"headwater.job": "burn", "error.type": "OSError"}


async def test_a_delivery_names_webhook_and_message_and_tells_its_receiver_nothing_of_the_trace(
    traced: Traced, tmp_path: Path
) -> None:
    with receiving() as receiver:
        async with serving(tmp_path, allow_private_hosts=True) as server:
            teller = Teller(await server.company())
            hook = await teller.hook(receiver.url("/hook/of-a-secret-path"))
            await teller.happens(1)
            traced.clear()
            await teller.deliver()
        (received,) = receiver.received
    delivery, sent = traced.one("webhook delivery"), traced.one("outbound")
    assert said(delivery) == {"headwater.webhook.id": hook.id, "headwater.message.id": received.id}
    assert sent.parent is not None
    assert (sent.parent.trace_id, sent.parent.span_id) == identity(delivery)
    assert sent.kind is SpanKind.CLIENT
    assert said(sent) == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "http.response.status_code": 204,
    }
    assert "traceparent" not in received.headers


async def test_an_execution_of_an_agent_belongs_to_the_request_that_asked(traced: Traced, tmp_path: Path) -> None:
    async with serving(tmp_path, Scripted()) as server:
        company = await server.company()
        made = await company.request("POST", "/api/v1/agents", json={"name": "Ana"})
        agent = made.json()["agent"]["agent_id"]
        traced.clear()
        answer = await company.request("POST", f"/api/v1/agents/{agent}/execute", json={"input": "Clicks?"})
    execution = traced.one("agent execution")
    root = traced.one("POST /api/v1/agents/{agent_id}/execute")
    assert identity(execution)[0] == identity(root)[0]
    found = said(execution)
    assert found.pop("gen_ai.usage.total_tokens") >= 0
    assert found == {
        "headwater.agent.id": agent,
        "headwater.execution.id": answer.json()["execution_id"],
        "headwater.execution.kind": "execute",
    }
