"""Promise: several processes on shared stores answer as one, also while some of them are killed or replaced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import postgres
from tests.caching import CacheServer, cache_server
from tests.crash.processes import PROGRAM, HalfSent, Process, environment, make_creatives, register
from tests.delivery.receiver import Receiver, receiving
from tests.facts_server import facts_server

pytestmark = [pytest.mark.scaled, pytest.mark.slow]
_PATIENCE = 90.0


def _until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < until, "it has not come to that"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, CacheServer]]:
    """Where facts lie, and what processes share."""
    with facts_server() as facts, cache_server() as cache:
        yield facts, cache


class Installation:
    """Stores that nobody else has, and processes on them that end with it."""

    def __init__(self, stack: ExitStack, folder: Path, settings: dict[str, object]) -> None:
        self._stack = stack
        self._folder = folder
        self._settings = settings
        self._workers = 0

    def server(self, **more: object) -> Process:
        """A server, ready."""
        return self._stack.enter_context(Process(self._folder, **self._settings, **more))

    def worker(self) -> subprocess.Popen[bytes]:
        """A process that does jobs and nothing else, once it has said so."""
        command = [str(PROGRAM), "worker", "--data-dir", str(self._folder)]
        self._workers += 1
        path = self._folder.with_name(f"worker{self._workers}.log")
        with path.open("wb") as log:
            process = subprocess.Popen(command, env=environment(**self._settings), stderr=log)
        self._stack.callback(process.wait, 30)
        self._stack.callback(process.kill)
        _until(lambda: b"Headwater works" in path.read_bytes() or process.poll() is not None)
        assert process.poll() is None, path.read_text()
        return process


@pytest.fixture
def installation(tmp_path: Path, servers: tuple[str, CacheServer], request: pytest.FixtureRequest) -> Iterator[Any]:
    """The stores of a test."""
    facts, cache = servers
    with ExitStack() as stack:
        control = stack.enter_context(postgres.empty())
        database = f"{request.node.name.split('[')[0]}_{os.getpid()}"
        settings = {"facts_url": f"{facts}/{database}", "control_url": control, "cache_url": cache.url()}
        yield Installation(stack, tmp_path / "data", settings)


class Asking:
    """Sends each request on a connection of its own, and notes which process answered."""

    def __init__(self, process: Process, headers: dict[str, str]) -> None:
        self._process = process
        self._headers = headers
        self.answered_by: set[str] = set()

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        with self._process.client(self._headers) as client:
            answer = client.request(method, path, **more)
        self.answered_by.add(answer.headers["x-request-id"].rpartition("-")[0])
        return answer

    def count(self, campaign: int) -> int:
        """How many impressions a campaign has."""
        params = {"resource": "campaign", "id": campaign, "metric": "impressions"}
        answer = self("GET", "/v2/aggregation-api/counts", params=params).raise_for_status()
        return int(answer.json()[str(campaign)]["impressions"])

    def send(self, creative: int, record: str) -> httpx.Response:
        """An impression with an id."""
        line = {"ts": "2025-04-17T09:30:00Z", "creative_id": creative, "event": "impressions", "id": record}
        headers = {"content-type": "application/x-ndjson"}
        return self("POST", "/api/v1/ingest/ad-events", content=json.dumps(line), headers=headers)


def test_processes_of_one_server_answer_as_one(installation: Installation) -> None:
    process = installation.server(workers=2, default_plan="free")
    asking = Asking(process, register(process))
    campaign, (creative,) = make_creatives(process, asking._headers, 1)
    for number in range(6):
        assert asking.send(creative, f"r{number}").json()["accepted"] == 1
        assert {asking.count(campaign) for _ in range(4)} == {number + 1}
        made = asking("POST", "/api/v2/workspaces", json={"name": f"W{number}"}).json()["data"]["id"]
        assert asking("GET", f"/api/v2/workspaces/{made}").status_code == 200
    assert len(asking.answered_by) == 2
    left = [int(asking("GET", "/api/v2/workspaces").headers["x-ratelimit-remaining"]) for _ in range(6)]
    assert left == sorted(set(left), reverse=True)
    assert left[0] - left[-1] == 5


def test_any_process_tells_what_all_have_counted_also_those_that_were_killed(installation: Installation) -> None:
    process = installation.server(workers=2)
    asking = Asking(process, register(process))
    label = 'headwater_http_requests_total{method="GET",route="/api/v2/workspaces",status="200"}'
    told: list[float] = []

    def all_told(number: int) -> bool:
        try:
            text = asking("GET", "/metrics").text
        except httpx.TransportError:
            # The one that was killed had taken the connection.
            return False
        lines = [line.rpartition(" ") for line in text.splitlines()]
        told.append(sum(float(value) for name, _, value in lines if name == label))
        assert told == sorted(told), "no counter goes back"
        return told[-1] == number

    for _ in range(20):
        asking("GET", "/api/v2/workspaces")
    assert len(asking.answered_by) == 2
    _until(lambda: all_told(20))
    os.kill(_children(process.child.pid)[0], signal.SIGKILL)
    _until(lambda: all_told(20) and len(asking.answered_by) == 3)
    assert "process_resident_memory_bytes" not in asking("GET", "/metrics").text
    assert process.terminate() == 0


def test_what_was_acknowledged_outlives_a_killed_process(installation: Installation) -> None:
    process = installation.server(workers=2)
    asking = Asking(process, register(process))
    campaign, (creative,) = make_creatives(process, asking._headers, 1)
    stored: list[str] = []
    until = time.monotonic() + _PATIENCE

    def send(sender: int) -> None:
        own = Asking(process, asking._headers)
        for number in range(15):
            record = f"{sender}-{number}"
            # What nobody knows is sent again under the same id.
            while not _acknowledged(own, creative, record) and time.monotonic() < until:
                time.sleep(0.05)
            stored.append(record)

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for sender in senders:
        sender.start()
    _until(lambda: len(stored) > 10)
    os.kill(_children(process.child.pid)[0], signal.SIGKILL)
    for sender in senders:
        sender.join(_PATIENCE)
    assert len(stored) == 60
    assert asking.count(campaign) == 60


def _acknowledged(asking: Asking, creative: int, record: str) -> bool:
    try:
        return asking.send(creative, record).status_code == 200
    except httpx.TransportError:
        return False


def _children(pid: int) -> list[int]:
    """The processes that answer for a server."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True)
    return [int(line) for line in found.stdout.split()]


def test_a_server_whose_processes_are_replaced_refuses_nobody(installation: Installation) -> None:
    process = installation.server(workers=2)
    headers = register(process)
    before = set(_children(process.child.pid))
    answers: list[bytes] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answers.append(_status_of_a_late_request(process, headers))

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for client in clients:
        client.start()
    process.child.send_signal(signal.SIGHUP)
    try:
        _until(lambda: before.isdisjoint(_children(process.child.pid)))
    finally:
        done.set()
        for client in clients:
            client.join()
    assert set(answers) == {b"HTTP/1.1 200"}
    assert process.terminate() == 0


def test_a_server_that_stops_takes_no_connections_while_it_answers_its_last(installation: Installation) -> None:
    process = installation.server(workers=2)
    asking = Asking(process, register(process))
    _, (creative,) = make_creatives(process, asking._headers, 1)
    last = HalfSent(process, asking._headers, creative)
    # Requests to both after it: what was sent before is known to have arrived.
    _until(lambda: asking("GET", "/api/v2/workspaces").status_code == 200 and len(asking.answered_by) == 2)
    process.child.terminate()
    _until(lambda: _is_refused(process))
    assert last.finish().startswith(b"HTTP/1.1 200")
    assert process.child.wait(_PATIENCE) == 0


def _is_refused(process: Process) -> bool:
    try:
        process.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def _status_of_a_late_request(process: Process, headers: dict[str, str]) -> bytes:
    """What a client gets whose request comes a moment after its connection; nothing where it is closed before."""
    with process.connect() as connection:
        time.sleep(0.02)
        try:
            lines = "Host: headwater.test\r\nConnection: close\r\nAuthorization: " + headers["authorization"]
            connection.sendall(f"GET /api/v2/workspaces HTTP/1.1\r\n{lines}\r\n\r\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b""))[:12]
        except ConnectionError:
            return b""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_workers_deliver_what_servers_have_committed(installation: Installation, receiver: Receiver) -> None:
    """Also when one of them is killed, whose last delivery may come again under its id; servers deliver nothing."""
    settings = {"jobs": "false", "allow_private_hosts": "true"}
    installation._settings |= settings
    one, other = installation.server(), installation.server()
    headers = register(one)
    with one.client(headers) as client:
        hook = {"url": receiver.url(), "events": ["report.ready"]}
        made = client.post("/api/v1/webhooks", json=hook).raise_for_status().json()["webhook"]["webhook_id"]
    with one.client(headers) as client:
        client.post(f"/api/v1/webhooks/{made}/test").raise_for_status()
        (waiting,) = client.get(f"/api/v1/webhooks/{made}/deliveries").json()["deliveries"]
    assert (waiting["state"], waiting["attempts"], receiver.received) == ("pending", 0, [])
    workers = [installation.worker() for _ in range(2)]

    def tests(process: Process) -> None:
        with process.client(headers) as client:
            client.post(f"/api/v1/webhooks/{made}/test").raise_for_status()

    def delivered() -> set[str]:
        return {request.id for request in receiver.received}

    _until(lambda: len(delivered()) == 1)
    workers[0].kill()
    workers[0].wait(30)
    for process in (other, one):
        tests(process)
    _until(lambda: len(delivered()) == 3)
    workers[1].terminate()
    assert workers[1].wait(30) == 0
