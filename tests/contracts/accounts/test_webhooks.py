"""Webhooks over HTTP: the seed's examples, what is refused and in which words, the log, and redelivery by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headwater.control.webhooks.events import EVENTS
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.telling import PATH, Hook, Teller
from tests.promises import people
from tests.serving import Company, Server, serving

URL = "https://example.com/webhook"
SEED = {"url": URL, "events": ["agent.execute"]}


async def create(company: Company, **changes: Any) -> httpx.Response:
    return await company.request("POST", PATH, json={**SEED, **changes})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
async def teller(company: Company) -> Teller:
    return Teller(company)


@pytest.fixture
async def hook(teller: Teller) -> Hook:
    return await teller.hook(URL)


class TestTheSeed:
    async def test_create(self, company: Company) -> None:
        answer = await create(company)
        assert answer.status_code == 201
        webhook = answer.json()["webhook"]
        assert webhook.pop("webhook_id").startswith("wh_")
        assert webhook.pop("secret").startswith("whsec_")
        assert webhook == {
            **SEED,
            "status": "active",
            "disabled_reason": None,
            "disabled_at": None,
            "failing_since": None,
            "created_at": "2025-05-03T12:30:00Z",
        }

    async def test_list(self, company: Company) -> None:
        made = [(await create(company, url=f"{URL}/{number}")).json()["webhook"] for number in range(2)]
        answer = await company.get(PATH)
        for one in made:
            del one["secret"]
        assert answer.json() == {"webhooks": made[::-1]}

    async def test_every_event_of_the_contract_can_be_subscribed_to(self, company: Company) -> None:
        agents = {"agent.execute", "agent.chat", "data_source.connected", "data_source.error", "deployment.message"}
        contract = agents | {"report.ready", "credits.low", "annotation.created", "rollup.completed"}
        assert contract <= set(EVENTS)
        assert (await create(company, events=list(EVENTS))).status_code == 201


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"events": ["agent.exekute"]}, "events[0]", "Did you mean 'agent.execute'?"),
            ({"events": ["webhook.test"]}, "events[0]", "webhook.test"),
            ({"events": []}, "events", "'events'"),
            ({"events": "agent.execute"}, "events", "must be a list"),
            ({"events": ["agent.chat", "agent.chat"]}, "events", "'events' names 'agent.chat' more than once."),
            ({"url": "ftp://example.com"}, "url", "must begin with http:// or https://"),
            ({"url": "https://u:p@example.com/"}, "url", "must not hold a user name or password"),
            ({"url": "not a url"}, "url", "characters that must not stand in one"),
            ({"url": "https://unknown.example/"}, "url", "No address is known for the host 'unknown.example'."),
            ({"url": "http://127.0.0.1/"}, "url", "a loopback address"),
            ({"url": "http://[::1]/"}, "url", "a loopback address"),
            ({"url": "http://169.254.169.254/latest"}, "url", "a link-local address"),
            ({"url": "http://10.0.0.1/"}, "url", "a private address"),
            ({"url": "http://inside.example/"}, "url", "leads to a private address"),
            ({"url": f"https://example.com/{'x' * 2048}"}, "url", "2,048"),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, company: Company, hook: Hook, changes: dict[str, Any], field: str, words: str
    ) -> None:
        company.server.names.addresses["inside.example"] = ["93.184.216.34", "192.168.1.1"]
        change = await company.request("PUT", f"{PATH}/{hook.id}", json=changes)
        for answer in (await create(company, **changes), change):
            assert answer.status_code == 400
            assert answer.json()["details"]["field"] == field
            assert words in answer.json()["message"]
        assert len((await company.get(PATH)).json()["webhooks"]) == 1

    async def test_an_unknown_event_says_which_there_are(self, company: Company) -> None:
        assert (await create(company, events=["x"])).json()["details"]["allowed"] == sorted(EVENTS)

    async def test_more_than_twenty(self, company: Company) -> None:
        for _ in range(20):
            assert (await create(company)).status_code == 201
        answer = await create(company)
        assert (answer.status_code, answer.json()["details"]) == (409, {"allowed": 20})

    @pytest.mark.parametrize("change", [{"status": "paused"}, {"rotate_secret": "yes"}, {"url": ""}])
    async def test_changes_that_there_are_not(self, company: Company, hook: Hook, change: dict[str, Any]) -> None:
        answer = await company.request("PUT", f"{PATH}/{hook.id}", json=change)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, next(iter(change)))

    async def test_it_needs_an_admin_even_to_look(self, company: Company, hook: Hook) -> None:
        weak = await people.key(company, "read", "write")
        for path in (PATH, f"{PATH}/{hook.id}", f"{PATH}/{hook.id}/deliveries"):
            assert (await company.server.client.get(path, headers=weak)).status_code == 403


class TestTheSecret:
    async def test_is_shown_when_it_is_made_and_never_again(self, teller: Teller) -> None:
        hook = await teller.hook(URL)
        for path in (PATH, f"{PATH}/{hook.id}", f"{PATH}/{hook.id}/deliveries", "/api/v1/account/audit-log"):
            assert "whsec_" not in (await teller.company.get(path)).text
        changed = await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"events": ["agent.chat"]})
        assert changed.json()["webhook"].keys() == (await teller.shown(hook)).keys()

    async def test_the_same_request_again_gets_it_again(self, company: Company) -> None:
        key = {"idempotency-key": "once"}
        first, second = [await company.request("POST", PATH, json=SEED, headers=key) for _ in range(2)]
        assert first.content == second.content
        assert "whsec_" in first.text
        assert len((await company.get(PATH)).json()["webhooks"]) == 1


class TestChanging:
    async def test_what_is_left_out_stays(self, teller: Teller) -> None:
        hook = await teller.hook(URL)
        before = await teller.shown(hook)
        answer = await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"events": ["agent.chat"]})
        assert answer.json() == {"webhook": {**before, "events": ["agent.chat"]}}
        answer = await teller.company.request("PUT", f"{PATH}/{hook.id}", json={})
        assert answer.json() == {"webhook": {**before, "events": ["agent.chat"]}}

    async def test_one_that_somebody_disabled_is_told_nothing_until_it_is_enabled(self, teller: Teller) -> None:
        hook = await teller.hook(URL)
        await teller.happens(1)
        answer = await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"status": "disabled"})
        webhook = answer.json()["webhook"]
        assert (webhook["status"], webhook["disabled_reason"]) == ("disabled", "person")
        await teller.happens(2)
        assert await teller.states(hook) == ["failed"]
        assert await teller.deliverer.begin() == 0

    async def test_a_deleted_one_is_gone_with_its_log(self, teller: Teller, receiver: Receiver) -> None:
        hook = await teller.hook(URL)
        await teller.happens(1)
        answer = await teller.company.request("DELETE", f"{PATH}/{hook.id}")
        assert answer.json() == {"success": True, "message": "Webhook deleted"}
        assert (await teller.company.get(f"{PATH}/{hook.id}")).status_code == 404
        assert await teller.deliverer.begin() == 0

    async def test_all_of_it_stands_in_the_audit_log(self, teller: Teller) -> None:
        hook = await teller.hook(URL)
        for change in ({"events": ["agent.chat"], "url": f"{URL}/2"}, {"rotate_secret": True}, {"status": "disabled"}):
            assert (await teller.company.request("PUT", f"{PATH}/{hook.id}", json=change)).status_code == 200
        await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"status": "active"})
        await teller.company.request("DELETE", f"{PATH}/{hook.id}")
        assert await teller.audited() == [
            ("webhook_created", hook.id, {"events": ["report.ready"]}),
            ("webhook_changed", hook.id, {"changed": ["url", "events"]}),
            ("webhook_secret_rotated", hook.id, {}),
            ("webhook_disabled", hook.id, {"reason": "person"}),
            ("webhook_enabled", hook.id, {}),
            ("webhook_deleted", hook.id, {}),
        ]


class TestDeliveries:
    @pytest.fixture
    async def server(self, tmp_path: Path) -> AsyncIterator[Server]:
        """One that sends to this machine too."""
        async with serving(tmp_path, allow_private_hosts=True) as started:
            yield started

    async def test_by_pages_newest_first(self, teller: Teller, hook: Hook) -> None:
        await teller.happens(*range(5))
        path = f"{PATH}/{hook.id}/deliveries"
        whole = (await teller.company.get(path)).json()
        assert (whole["total"], whole["limit"], whole["offset"], len(whole["deliveries"])) == (5, 20, 0, 5)
        pages = [(await teller.company.get(path, limit=2, offset=offset)).json() for offset in (0, 2, 4, 6)]
        assert [one for page in pages for one in page["deliveries"]] == whole["deliveries"]
        assert whole["deliveries"][-1] | {"delivery_id": "", "event_id": ""} == {
            "delivery_id": "",
            "event_id": "",
            "type": "report.ready",
            "state": "pending",
            "attempts": 0,
            "created_at": "2025-05-03T12:30:00Z",
            "next_attempt_at": "2025-05-03T12:30:00Z",
            "last_attempt_at": None,
            "finished_at": None,
            "response_status": None,
            "response_excerpt": None,
            "error": None,
            "duration_ms": None,
        }

    async def test_one_that_is_over_goes_out_again_as_the_same_message(
        self, teller: Teller, receiver: Receiver
    ) -> None:
        hook = await teller.hook(receiver.url())
        await teller.happens(1)
        await teller.deliver()
        (first,) = await teller.log(hook)
        answer = await self._redeliver(teller, hook, first)
        assert answer.status_code == 202
        queued = answer.json()["delivery"]
        assert (queued["event_id"], queued["state"]) == (first["event_id"], "pending")
        assert queued["delivery_id"] != first["delivery_id"]
        await teller.deliver()
        one, two = receiver.received
        assert (one.id, one.content) == (two.id, two.content)
        assert await teller.states(hook) == ["delivered", "delivered"]

    async def test_one_that_waits_is_tried_at_once(self, teller: Teller, receiver: Receiver) -> None:
        hook = await teller.hook(receiver.url())
        receiver.fails()
        await teller.happens(1)
        await teller.deliver()
        (waiting,) = await teller.log(hook)
        receiver.works()
        answer = await self._redeliver(teller, hook, waiting)
        assert answer.json()["delivery"]["delivery_id"] == waiting["delivery_id"]
        await teller.deliver()
        assert [(one["state"], one["attempts"]) for one in await teller.log(hook)] == [("delivered", 2)]

    async def test_a_test_goes_to_that_webhook_only(self, teller: Teller, receiver: Receiver) -> None:
        hook, _ = await teller.hook(receiver.url()), await teller.hook(receiver.url())
        answer = await teller.company.request("POST", f"{PATH}/{hook.id}/test")
        assert (answer.status_code, answer.json()["delivery"]["type"]) == (202, "webhook.test")
        await teller.deliver()
        (received,) = receiver.received
        assert (received.body["type"], received.body["data"]["webhook_id"]) == ("webhook.test", hook.id)

    async def test_nothing_is_queued_for_one_that_is_disabled(self, teller: Teller, hook: Hook) -> None:
        await teller.happens(1)
        (delivery,) = await teller.log(hook)
        await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"status": "disabled"})
        tested = await teller.company.request("POST", f"{PATH}/{hook.id}/test")
        for answer in (tested, await self._redeliver(teller, hook, delivery)):
            assert answer.status_code == 409
            assert "Set its 'status' to 'active' first." in answer.json()["message"]

    async def test_a_delivery_of_another_webhook_is_unknown(self, teller: Teller, hook: Hook) -> None:
        await teller.happens(1)
        (delivery,) = await teller.log(hook)
        other = await teller.hook(URL)
        answer = await self._redeliver(teller, other, delivery)
        assert (answer.status_code, answer.json()["details"]["field"]) == (404, "delivery_id")

    async def _redeliver(self, teller: Teller, hook: Hook, delivery: dict[str, Any]) -> httpx.Response:
        path = f"{PATH}/{hook.id}/deliveries/{delivery['delivery_id']}/redeliver"
        return await teller.company.request("POST", path)
