"""What waits is delivered: signed, in order, again when it failed, and to nobody who must not be reached."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs

from headwater.control.webhooks.models import Webhook
from headwater.control.webhooks.outbox import post_event
from headwater.settings import Settings
from tests.delivery.receiver import Answered, Received, Receiver
from tests.delivery.telling import PATH, Teller, until
from tests.migrated import connected
from tests.serving import serving


def written_to(settings: Settings) -> bytes:
    """The control plane's database as it lies on the disk, or all that is in its tables."""
    if not settings.control_url:
        return b"".join(path.read_bytes() for path in Path(settings.data_dir).glob("control.db*"))
    with connected(settings) as connection:
        connection.execute(text("SET bytea_output = 'escape'"))
        tables = inspect(connection).get_table_names()
        rows = [connection.scalars(text(f'SELECT one::text FROM "{table}" one')).all() for table in tables]
    return "".join(row for found in rows for row in found).encode()


def really_now(teller: Teller) -> None:
    """Have the server's clock say what the library's says, which holds signatures to be fresh."""
    teller.server.clock.now = datetime.now(UTC)


async def test_the_library_that_receivers_use_finds_the_signature_right(teller: Teller, receiver: Receiver) -> None:
    hook = await teller.hook(receiver.url())
    really_now(teller)
    await teller.happens(7)
    await teller.deliver()
    (received,) = receiver.received
    body = received.verified(hook.secret)
    assert (body["type"], body["data"]) == ("report.ready", {"n": 7})
    assert body.keys() == {"type", "timestamp", "data"}
    assert datetime.fromisoformat(body["timestamp"]) == teller.server.clock.now
    assert received.headers["content-type"] == "application/json"
    other = await teller.hook(receiver.url())
    with pytest.raises(WebhookVerificationError):
        received.verified(other.secret)


async def test_only_who_is_for_it_is_told(teller: Teller, receiver: Receiver) -> None:
    await teller.hook(receiver.url("/reports"))
    await teller.hook(receiver.url("/both"), "credits.low", "report.ready")
    await teller.hook(receiver.url("/credits"), "credits.low")
    stranger = Teller(await teller.server.company())
    await stranger.hook(receiver.url("/stranger"))
    await teller.happens(1)
    await teller.deliver()
    assert sorted(one.path for one in receiver.received) == ["/both", "/reports"]


async def test_what_is_rolled_back_is_not_told(teller: Teller, receiver: Receiver) -> None:
    hook = await teller.hook(receiver.url())

    async def breaks() -> None:
        async with teller.server.services.control.unit_of_work() as uow:
            await post_event(uow.session, teller.company.organisation_id, "report.ready", {"n": 1})
            raise LookupError

    with pytest.raises(LookupError):
        await breaks()
    await teller.deliver()
    assert receiver.received == []
    assert await teller.log(hook) == []


async def test_a_failure_is_tried_again_as_the_same_message(teller: Teller, receiver: Receiver) -> None:
    hook = await teller.hook(receiver.url())
    receiver.answer = lambda _: Answered(500, content=b"out of \x00 order")
    await teller.happens(1)
    await teller.deliver()
    (waiting,) = await teller.log(hook)
    assert (waiting["state"], waiting["attempts"], waiting["response_status"]) == ("pending", 1, 500)
    assert (waiting["error"], waiting["response_excerpt"]) == ("The receiver answered 500.", "out of   order")
    pause = datetime.fromisoformat(waiting["next_attempt_at"]) - teller.server.clock.now
    assert timedelta(seconds=5) <= pause <= timedelta(seconds=10)
    await teller.later(seconds=4.9)
    assert len(receiver.received) == 1
    receiver.works()
    await teller.later(seconds=5.1)
    first, second = receiver.received
    assert (first.id, first.content) == (second.id, second.content)
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 10
    (delivered,) = await teller.log(hook)
    assert (delivered["state"], delivered["attempts"], delivered["response_status"]) == ("delivered", 2, 204)
    assert (delivered["error"], delivered["next_attempt_at"], delivered["event_id"]) == (None, None, first.id)


async def test_a_later_event_waits_for_the_earlier_one(teller: Teller, receiver: Receiver) -> None:
    await teller.hook(receiver.url())
    receiver.fails()
    await teller.happens(1, 2, 3)
    await teller.later(seconds=60)
    await teller.later(seconds=60)
    assert set(receiver.told()) == {1}
    receiver.works()
    before = len(receiver.received)
    await teller.later(hours=1)
    assert receiver.told()[before:] == [1, 2, 3]


async def test_one_that_is_given_up_lets_the_next_go(teller: Teller, receiver: Receiver) -> None:
    hook = await teller.hook(receiver.url())
    receiver.answer = lambda request: Answered(422 if request.body["data"]["n"] == 1 else 204)
    await teller.happens(1, 2)
    # Three days and a last try: chance may put that beyond the third.
    for _ in range(24 * 3 + 2):
        await teller.later(hours=1)
    assert await teller.states(hook) == ["failed", "delivered"]
    given_up, delivered = await teller.log(hook)
    assert given_up["attempts"] >= 10
    assert datetime.fromisoformat(delivered["finished_at"]) > datetime.fromisoformat(
        given_up["finished_at"]
    ) - timedelta(1)
    assert (await teller.shown(hook))["failing_since"] is None


@pytest.mark.parametrize(
    ("asked", "seconds"), [("3600", 3600), ("Sat, 03 May 2025 13:30:00 GMT", 3600), ("999999", 86400)]
)
async def test_a_receiver_may_ask_for_a_longer_pause(
    teller: Teller, receiver: Receiver, asked: str, seconds: int
) -> None:
    hook = await teller.hook(receiver.url())
    receiver.fails(503, retry_after=asked)
    await teller.happens(1)
    await teller.deliver()
    (waiting,) = await teller.log(hook)
    pause = datetime.fromisoformat(waiting["next_attempt_at"]) - teller.server.clock.now
    assert pause == timedelta(seconds=seconds)


async def test_a_slow_receiver_holds_up_nobody_else(teller: Teller, receiver: Receiver) -> None:
    go_on = threading.Event()

    def slow(request: Received) -> Answered:
        if request.path == "/slow":
            go_on.wait(30)
        return Answered()

    receiver.answer = slow
    await teller.hook(receiver.url("/slow"))
    await teller.hook(receiver.url("/fast"))
    await teller.happens(1, 2, 3)
    await teller.deliverer.begin()
    await until(lambda: receiver.told("/fast") == [1, 2, 3])
    assert receiver.told("/slow") == [1]
    go_on.set()
    await teller.deliverer.settle()
    assert receiver.told("/slow") == [1, 2, 3]


async def test_more_than_some_in_a_row_let_others_have_their_turn(teller: Teller, receiver: Receiver) -> None:
    await teller.hook(receiver.url())
    await teller.happens(*range(50))
    await teller.deliverer.begin()
    await teller.deliverer.settle()
    assert receiver.told() == list(range(20))
    await teller.deliver()
    assert receiver.told() == list(range(50))


class TestWhereItGoes:
    async def test_a_host_that_leads_inside_by_now_is_not_reached(self, tmp_path: Path, receiver: Receiver) -> None:
        async with serving(tmp_path) as server:
            teller = Teller(await server.company())
            server.names.addresses["hook.example"] = ["93.184.216.34"]
            hook = await teller.hook(receiver.url(host="hook.example"))
            server.names.addresses["hook.example"] = ["127.0.0.1"]
            await teller.happens(1)
            await teller.deliver()
            (waiting,) = await teller.log(hook)
        assert receiver.received == []
        assert (waiting["state"], waiting["response_status"]) == ("pending", None)
        assert waiting["error"] == (
            "The host 'hook.example' leads to a loopback address, which this server does not connect to."
        )

    async def test_a_redirect_is_a_failure_and_is_not_followed(self, teller: Teller, receiver: Receiver) -> None:
        hook = await teller.hook(receiver.url())
        receiver.fails(302, location=receiver.url("/elsewhere"))
        await teller.happens(1)
        await teller.deliver()
        assert [one.path for one in receiver.received] == ["/hook"]
        assert "redirects" in (await teller.log(hook))[0]["error"]

    async def test_a_new_url_gets_what_waits_at_once(self, teller: Teller, receiver: Receiver) -> None:
        hook = await teller.hook(receiver.url("/old"))
        receiver.fails()
        await teller.happens(1)
        await teller.deliver()
        receiver.works()
        await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"url": receiver.url("/new")})
        await teller.deliver()
        assert receiver.told("/new") == [1]
        assert (await teller.shown(hook))["failing_since"] is None


class TestSecrets:
    async def test_a_new_one_and_the_former_one_sign_for_a_day(self, teller: Teller, receiver: Receiver) -> None:
        hook = await teller.hook(receiver.url())
        answer = await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"rotate_secret": True})
        secret = answer.json()["webhook"]["secret"]
        assert secret != hook.secret
        really_now(teller)
        teller.server.clock.advance(timedelta(seconds=-1))
        await teller.happens(1)
        await teller.deliver()
        # It was made at the other time that the clock had said, long ago.
        with pytest.raises(WebhookVerificationError):
            receiver.received[0].verified(hook.secret)
        receiver.received[0].verified(secret)
        again = (await teller.company.request("PUT", f"{PATH}/{hook.id}", json={"rotate_secret": True})).json()
        await teller.happens(2)
        await teller.deliver()
        receiver.received[1].verified(secret)
        receiver.received[1].verified(again["webhook"]["secret"])

    async def test_it_is_in_no_log_line_and_no_table(self, teller: Teller, receiver: Receiver) -> None:
        with capture_logs() as lines:
            hook = await teller.hook(receiver.url("/hook?token=of-the-url"))
            receiver.fails()
            await teller.happens(1)
            await teller.deliver()
            receiver.works()
            await teller.later(minutes=1)
        assert {line["event"] for line in lines} >= {"webhook.retried", "webhook.delivered"}
        told = repr(lines)
        stored = written_to(teller.server.services.settings)
        assert hook.id.encode() in stored
        for secret in (hook.secret, hook.secret.removeprefix("whsec_")):
            assert secret not in told
            assert secret.encode() not in stored
        assert "of-the-url" not in told

    async def test_one_that_cannot_be_read_any_more_is_a_failure_like_others(
        self, teller: Teller, receiver: Receiver
    ) -> None:
        hook, other = await teller.hook(receiver.url("/one")), await teller.hook(receiver.url("/other"))
        control = teller.server.services.control
        async with control.unit_of_work() as uow:
            row = await uow.session.get(Webhook, hook.id)
            assert row is not None
            row.secret = b"of another server"
        await teller.happens(1)
        await teller.deliver()
        assert "secret cannot be read" in (await teller.log(hook))[0]["error"]
        assert await teller.states(other) == ["delivered"]
        assert receiver.told("/one") == []


async def test_attempts_and_what_waits_are_counted(teller: Teller, receiver: Receiver) -> None:
    await teller.hook(receiver.url())
    receiver.fails()
    await teller.happens(1, 2)
    await teller.deliver()
    await teller.happens(3)
    metrics = (await teller.server.client.get("/metrics")).text
    assert 'headwater_webhook_attempts_total{result="retried"} 1.0' in metrics
    assert "headwater_webhook_deliveries_waiting 3.0" in metrics
    receiver.works()
    await teller.later(seconds=10)
    metrics = (await teller.server.client.get("/metrics")).text
    assert 'headwater_webhook_attempts_total{result="delivered"} 3.0' in metrics
    assert "headwater_webhook_deliveries_waiting 0.0" in metrics
