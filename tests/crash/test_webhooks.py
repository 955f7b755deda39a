"""Promise: what was committed is delivered though the server is killed before it was, in order and at least once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.crash.processes import Process, register
from tests.delivery.receiver import Answered, Receiver, receiving

pytestmark = pytest.mark.slow

# A dead process's claim holds for half a minute.
_PATIENCE = 90.0


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


class Told:
    """A company of a server, whose webhook hears of annotations."""

    def __init__(self, process: Process, receiver: Receiver) -> None:
        self.headers = register(process)
        with process.client(self.headers) as client:
            body = {"url": receiver.url(), "events": ["annotation.created"]}
            made = client.post("/api/v1/webhooks", json=body).raise_for_status().json()["webhook"]
            self.secret = made["secret"]
            self.id = made["webhook_id"]
            self._organisation = client.get("/api/v1/org").raise_for_status().json()["data"]["id"]

    def annotate(self, client: httpx.Client, title: str) -> None:
        body = {"scope": "org", "entity_id": self._organisation, "title": title}
        client.post("/api/v1/analytics/annotations", json=body).raise_for_status()

    def states(self, process: Process) -> list[str]:
        with process.client(self.headers) as client:
            page = client.get(f"/api/v1/webhooks/{self.id}/deliveries").raise_for_status().json()
        return [one["state"] for one in page["deliveries"]]


def titles(receiver: Receiver) -> list[str]:
    return [one.body["data"]["title"] for one in receiver.received]


@pytest.mark.parametrize("orderly", [False, True], ids=["killed", "stopped"])
def test_what_was_committed_comes_after_the_next_start(tmp_path: Path, *, orderly: bool) -> None:
    folder, go_on = tmp_path / "data", threading.Event()
    with receiving() as receiver:
        receiver.answer = lambda _: Answered(204 if go_on.wait(_PATIENCE) else 500)
        with Process(folder, allow_private_hosts=True) as process:
            told = Told(process, receiver)
            with process.client(told.headers) as client:
                for number in range(4):
                    told.annotate(client, f"Event {number}")
            # The first is under way and hangs, the others wait behind it.
            until(lambda: len(receiver.received) == 1)
            if orderly:
                assert process.terminate() == 0
            else:
                process.kill()
        go_on.set()
        with Process(folder, allow_private_hosts=True) as process:
            until(lambda: len(receiver.received) == 5)
            until(lambda: told.states(process) == ["delivered"] * 4)
        assert titles(receiver) == ["Event 0", *(f"Event {number}" for number in range(4))]
        assert receiver.received[0].id == receiver.received[1].id
        for one in receiver.received:
            one.verified(told.secret)


def test_killed_again_and_again_while_it_delivers(tmp_path: Path) -> None:
    folder, sent = tmp_path / "data", 0
    with receiving() as receiver:
        receiver.answer = lambda _: Answered()
        told: Told | None = None
        for delay in (0.0, 0.05, 0.1):
            with Process(folder, allow_private_hosts=True) as process:
                told = told or Told(process, receiver)
                with process.client(told.headers) as client:
                    for _ in range(20):
                        told.annotate(client, f"Event {sent:02}")
                        sent += 1
                time.sleep(delay)
                process.kill()
        with Process(folder, allow_private_hosts=True):
            expected = {f"Event {number:02}" for number in range(sent)}
            until(lambda: set(titles(receiver)) == expected)
    first_seen = list(dict.fromkeys(titles(receiver)))
    assert first_seen == sorted(expected)
