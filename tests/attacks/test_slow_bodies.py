"""Who sends a body byte by byte, or not at all, holds a connection no longer than it may."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request

from headwater.errors import InvalidRequest, PayloadTooLarge, RequestTimeout
from headwater.surfaces._http import arrival
from tests.crash.processes import Process

LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


def request(pieces: AsyncIterator[dict[str, Any]]) -> Request:
    async def receive() -> dict[str, Any]:
        return await anext(pieces)

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def sending(*pieces: bytes, every: float = 0.0, then: str = "end") -> AsyncIterator[dict[str, Any]]:
    """Pieces of a body, and what comes after them."""
    for piece in pieces:
        await asyncio.sleep(every)
        yield {"type": "http.request", "body": piece, "more_body": True}
    if then == "nothing":
        await asyncio.sleep(3600)
    if then == "hang up":
        yield {"type": "http.disconnect"}
    yield {"type": "http.request", "body": b"", "more_body": False}


async def test_a_body_is_read_to_its_end() -> None:
    assert await arrival.read(request(sending(b"ab", b"", b"cd")), 5, 4) == b"abcd"


async def test_a_body_that_is_too_large_is_not_read_further() -> None:
    with pytest.raises(PayloadTooLarge):
        await arrival.read(request(sending(b"ab", b"cd", b"e", then="nothing")), 5, 4)


async def test_who_sends_nothing_more_is_not_waited_for() -> None:
    with pytest.raises(RequestTimeout) as refused:
        await arrival.read(request(sending(b"ab", then="nothing")), 0.05, 1000)
    assert refused.value.details["field"] == "body"


async def test_who_sends_a_byte_at_a_time_is_not_waited_for_either() -> None:
    with pytest.raises(RequestTimeout):
        await arrival.read(request(sending(*[b"x"] * 10_000, every=0.01)), 0.1, 100_000)


async def test_each_half_kilobyte_gives_a_second_more() -> None:
    pieces = sending(*[b"x" * 500] * 10, every=0.02)
    assert len(await arrival.read(request(pieces), 0.1, 100_000)) == 5000


async def test_what_the_reader_does_is_not_the_sender_s_delay() -> None:
    read = b""
    async for chunk in arrival.chunks(request(sending(b"a", b"b", b"c")), 0.2):
        await asyncio.sleep(0.15)
        read += chunk
    assert read == b"abc"


async def test_who_hangs_up_is_told_so() -> None:
    with pytest.raises(InvalidRequest, match="closed before"):
        await arrival.read(request(sending(b"ab", then="hang up")), 5, 1000)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with Process(tmp_path_factory.mktemp("slow") / "data", body_timeout=1) as one:
        yield one


def connect(server: Process) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=30)


def test_a_real_server_answers_who_sends_too_slowly_and_everybody_else_meanwhile(impatient: Process) -> None:
    held = [connect(impatient) for _ in range(50)]
    for one in held:
        one.sendall(LOGIN + b'{"email":')
    with impatient.client() as client:
        assert client.get("/api/v1/health").status_code == 200
    for one in held:
        head, _, body = one.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert json.loads(body or one.recv(65536))["code"] == "REQUEST_TIMEOUT"
        one.close()


def test_a_body_longer_than_it_says_is_cut(impatient: Process, tmp_path: Path) -> None:
    """What follows the announced length is another request, and none that is understood."""
    with connect(impatient) as one:
        one.sendall(LOGIN.replace(b"1000", b"2") + b"{}" + b"x" * 10_000 + b"\r\n\r\n")
        answer = one.recv(65536)
        while part := one.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") <= 2


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: -1",
        b"Content-Length: 0x5",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ],
)
def test_lengths_that_two_servers_could_read_differently(impatient: Process, lines: bytes) -> None:
    """Smuggling: what looks like a second request inside a body must not be answered as one."""
    inner = b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with connect(impatient) as one:
        one.sendall(head + lines + b"\r\n\r\n0\r\n\r\n" + inner)
        one.shutdown(socket.SHUT_WR)
        answer = b""
        while part := one.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
