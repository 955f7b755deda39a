"""A company that has webhooks, something that happens to it, and the deliverer that tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from headwater.control.webhooks.events import EventType
from headwater.control.webhooks.outbox import post_event
from tests.serving import Company

PATH = "/api/v1/webhooks"


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so, which others see to."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - a thread sees to it
            await asyncio.sleep(0.01)


class Hook(NamedTuple):
    """A webhook that was made."""

    id: str
    secret: str


class Teller:
    """What a test does with one company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.server = company.server
        self.deliverer = company.server.headwater.deliverer

    async def hook(self, url: str, *events: str) -> Hook:
        """A new webhook, for reports that are ready unless other events are named."""
        body = {"url": url, "events": list(events) or ["report.ready"]}
        answer = await self.company.request("POST", PATH, json=body)
        assert answer.status_code == 201, answer.text
        made = answer.json()["webhook"]
        return Hook(made["webhook_id"], made["secret"])

    async def happens(self, *numbers: int, event: EventType = "report.ready") -> None:
        """Something, that carries this number, is committed."""
        for number in numbers:
            async with self.server.services.control.unit_of_work() as uow:
                await post_event(uow.session, self.company.organisation_id, event, {"n": number})

    async def deliver(self) -> None:
        """Send until nothing can be sent now."""
        while await self.deliverer.begin():
            await self.deliverer.settle()

    async def later(self, **by: float) -> None:
        """Send what can be sent after a while."""
        self.server.clock.advance(timedelta(**by))
        await self.deliver()

    async def log(self, hook: Hook) -> list[dict[str, Any]]:
        """The webhook's deliveries, oldest first."""
        answer = await self.company.get(f"{PATH}/{hook.id}/deliveries", limit=100)
        assert answer.status_code == 200, answer.text
        return list(reversed(answer.json()["deliveries"]))

    async def states(self, hook: Hook) -> list[str]:
        """What became of them."""
        return [one["state"] for one in await self.log(hook)]

    async def shown(self, hook: Hook) -> dict[str, Any]:
        """The webhook as it is answered."""
        answer = await self.company.get(f"{PATH}/{hook.id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["webhook"])

    async def audited(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What of webhooks stands in the audit log, oldest first."""
        events = (await self.company.get("/api/v1/account/audit-log", limit=100)).json()["events"]
        found = [(one["action"], one["target"], one["details"]) for one in reversed(events)]
        return [one for one in found if one[0].startswith("webhook_")]
