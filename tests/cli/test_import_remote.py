"""How ``headwater import --url`` deals with a server that is busy, gone, or not one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from headwater.cli.importing import connection
from tests.cli.place import Outcome, lines, run
from tests.serving import event

RECEIPT = {"accepted": 1, "duplicates": 0, "rejected": 0, "errors": [], "ignored_fields": []}

Answer = tuple[int, dict[str, str], bytes] | None
"""Status, headers and body; None closes the connection without an answer."""


@contextmanager
def answering(*answers: Answer) -> Iterator[tuple[str, list[str | None]]]:
    """A server that gives these answers in order; its address, and the idempotency keys that it was sent."""
    left = list(answers)
    keys: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            keys.append(self.headers["idempotency-key"])
            answer = left.pop(0)
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", keys
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def send(tmp_path: Path) -> Callable[[str], Outcome]:
    log = tmp_path / "log.ndjson"
    log.write_bytes(lines(event(1)))
    return lambda url: run("import", "ad-events", log, "--url", url, "--key", "hw_live_x")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(connection.time, "sleep", slept.append)
    return slept


OK: Answer = (200, {}, json.dumps(RECEIPT).encode())
BUSY: Answer = (503, {"retry-after": "7"}, b'{"error": true, "message": "Busy.", "code": "UNAVAILABLE", "details": {}}')


def test_a_busy_server_is_asked_again_after_the_time_it_names(
    send: Callable[[str], Outcome], pauses: list[float]
) -> None:
    with answering(BUSY, BUSY, OK) as (url, keys):
        done = send(url)
    assert done.out == "ad-events: 1 accepted, 0 duplicates, 0 rejected\n", done.err
    assert pauses == [7, 7]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert keys[0]


def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    send: Callable[[str], Outcome], pauses: list[float]
) -> None:
    with answering(BUSY, None, OK) as (url, keys):
        done = send(url)
    assert (done.code, len(keys), len(set(keys))) == (0, 3, 1)
    assert pauses == [7, 1]


def test_a_server_that_stays_busy_is_given_up(
    send: Callable[[str], Outcome], pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_ATTEMPTS", 2)
    with answering(BUSY, BUSY) as (url, _):
        done = send(url)
    assert done.code == 1
    assert "Busy. Stored until then: 0 accepted" in done.err
    assert pauses == [7]


def test_what_is_no_headwater_server_is_said_to_be_none(send: Callable[[str], Outcome]) -> None:
    with answering((418, {}, b"<html>")) as (url, _):
        done = send(url)
    assert "answered 418, but not as a Headwater server does" in done.err
    with answering((200, {}, b"<html>")) as (url, _):
        done = send(url)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "not as a Headwater server does" in done.err


def test_no_server_at_all_is_said_at_once(send: Callable[[str], Outcome], pauses: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = send(url)
    assert done.code == 1
    assert f"{url} does not answer" in done.err
    assert pauses == []
    assert "must be the address of a server" in send("ftp://x").err
