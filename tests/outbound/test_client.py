"""Promise: a request goes to the address that was judged, and its answer is bounded in size and time."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from headwater.errors import HostRefused, UpstreamError, UpstreamTimeout
from headwater.outbound import Outbound
from headwater.outbound.hosts import HostGuard
from headwater.outbound.transport import GuardedTransport, trusted
from tests.outbound.local_server import answering, ok
from tests.serving import NOW


class Names:
    """A resolver that answers what it is given, one after the other, and counts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0)


@pytest.fixture
async def inside() -> AsyncIterator[Outbound]:
    """May reach this machine."""
    outbound = Outbound(HostGuard(allow_private=True))
    yield outbound
    await outbound.aclose()


@pytest.fixture
async def outside() -> AsyncIterator[Outbound]:
    """May not."""
    outbound = Outbound(HostGuard(allow_private=False))
    yield outbound
    await outbound.aclose()


def named(*answers: Sequence[str]) -> tuple[Outbound, Names]:
    names = Names(*answers)
    return Outbound(HostGuard(allow_private=True, resolver=names)), names


async def test_a_request_is_sent_as_it_is_and_its_answer_read(inside: Outbound) -> None:
    async with answering(ok(b"received", "X-Shown: 1")) as server:
        answer = await inside.send(
            "POST", server.url(path="/hook?a=1"), headers={"X-Signature": "abc"}, content=b"body"
        )
    assert (answer.status, answer.body, answer.headers["x-shown"]) == (200, b"received", "1")
    (request,) = server.requests
    assert request.startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\nbody")
    lines = request.lower().split(b"\r\n")
    assert b"x-signature: abc" in lines
    assert b"host: 127.0.0.1:%d" % server.port in lines


@pytest.mark.parametrize("status", ["404 Not Found", "500 Failed", "204 No Content"])
async def test_an_answer_is_an_answer_whatever_its_status(inside: Outbound, status: str) -> None:
    async with answering(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()) as server:
        assert (await inside.send("GET", server.url())).status == int(status[:3])


async def test_this_machine_is_not_reached_unless_allowed(outside: Outbound) -> None:
    async with answering(ok()) as server:
        for host in ("127.0.0.1", "localhost", "localhost.", "127.0.0.1.", "[::ffff:127.0.0.1]"):
            with pytest.raises(HostRefused):
                await outside.send("GET", server.url(host))
            with pytest.raises(HostRefused):
                await outside.check(server.url(host))
    assert not server.requests


async def test_the_name_is_looked_up_once_and_stays_the_host() -> None:
    async with answering(ok()) as server:
        outbound, names = named(["127.0.0.1"], ["169.254.169.254"])
        assert (await outbound.send("GET", server.url("rebinding.example"))).status == 200
        await outbound.aclose()
    assert names.asked == ["rebinding.example"]
    assert b"host: rebinding.example:%d" % server.port in server.requests[0].lower()


async def test_a_name_that_is_public_first_and_private_then_is_connected_to_where_it_was_public() -> None:
    names = Names(["8.8.8.8"], ["127.0.0.1"])
    connected: list[httpx.Request] = []

    def connect(request: httpx.Request) -> httpx.Response:
        connected.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    guard = HostGuard(allow_private=False, resolver=names)
    outbound = Outbound(guard, GuardedTransport(guard, inner=httpx.MockTransport(connect)))
    await outbound.send("GET", "https://rebinding.example/")
    (request,) = connected
    assert request.url.host == "8.8.8.8"
    assert request.headers["host"] == request.extensions["sni_hostname"] == "rebinding.example"
    assert names.asked == ["rebinding.example"]


async def test_each_request_looks_the_name_up_again_and_shares_no_connection() -> None:
    async with answering(ok()) as server:
        outbound, names = named(["127.0.0.1"], ["169.254.169.254"])
        await outbound.send("GET", server.url("rebinding.example"))
        with pytest.raises(HostRefused):
            await outbound.send("GET", server.url("rebinding.example"))
        await outbound.aclose()
    assert len(names.asked) == 2
    assert len(server.requests) == 1


async def test_the_next_address_is_tried_when_nobody_listens() -> None:
    async with answering(ok()) as server:
        outbound, _ = named(["127.0.0.2", "127.0.0.1"])
        assert (await outbound.send("POST", server.url("two.example"), content=b"once")).status == 200
        await outbound.aclose()
    assert [request[-4:] for request in server.requests] == [b"once"]


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/", "http://127.0.0.1:1/", "https://example.com/"])
async def test_a_redirect_is_not_followed(inside: Outbound, target: str) -> None:
    head = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
    async with answering(head.encode()) as server:
        with pytest.raises(UpstreamError, match="redirects, which is not followed"):
            await inside.send("GET", server.url())
    assert len(server.requests) == 1


async def test_an_endless_body_is_cut_off(inside: Outbound) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with answering(endless) as server:
        with pytest.raises(UpstreamError, match="more than 200,000 bytes"):
            await inside.send("GET", server.url(), most_bytes=200_000)


async def test_a_body_may_be_as_long_as_the_limit(inside: Outbound) -> None:
    async with answering(ok(b"x" * 1000)) as server:
        assert len((await inside.send("GET", server.url(), most_bytes=1000)).body) == 1000
        with pytest.raises(UpstreamError):
            await inside.send("GET", server.url(), most_bytes=999)


async def test_endless_headers_are_cut_off(inside: Outbound) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"x" * 8000 + b"\r\n")
            await writer.drain()

    async with answering(endless) as server:
        with pytest.raises(UpstreamError, match="did not answer as HTTP demands"):
            await inside.send("GET", server.url())


async def test_a_body_that_trickles_ends_at_the_time_limit_of_the_whole(inside: Outbound) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with answering(slow) as server:
        began = time.monotonic()
        with pytest.raises(UpstreamTimeout, match=r"within 0\.3 seconds"):
            await inside.send("GET", server.url(), seconds=0.3)
        # The whole body would take twenty.
        assert time.monotonic() - began < 15


async def test_a_server_that_says_nothing_ends_at_the_time_limit(inside: Outbound) -> None:
    async with answering(lambda _: asyncio.sleep(60)) as server:
        with pytest.raises(UpstreamTimeout):
            await inside.send("GET", server.url(), seconds=0.1)


async def test_a_resolver_that_says_nothing_ends_at_the_time_limit() -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    outbound = Outbound(HostGuard(allow_private=True, resolver=never))
    with pytest.raises(UpstreamTimeout):
        await outbound.send("GET", "http://example.com/", seconds=0.1)
    with pytest.raises(UpstreamTimeout):
        await outbound.check("http://example.com/", seconds=0.1)
    await outbound.aclose()


async def test_a_compressed_answer_is_refused(inside: Outbound) -> None:
    async with answering(ok(b"....", "Content-Encoding: gzip")) as server:
        with pytest.raises(UpstreamError, match="compressed"):
            await inside.send("GET", server.url())
    assert b"accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
async def test_what_is_not_http_or_breaks_off_is_said_to_be(inside: Outbound, answer: bytes) -> None:
    async with answering(answer) as server:
        with pytest.raises(UpstreamError, match=r"The connection to '127\.0\.0\.1' failed"):
            await inside.send("GET", server.url())


async def test_nobody_listening_is_said(inside: Outbound) -> None:
    async with answering(ok()) as server:
        pass
    with pytest.raises(UpstreamError, match="nobody answers there"):
        await inside.send("GET", server.url())


async def test_proxies_and_cookies_of_before_play_no_part(inside: Outbound, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    async with answering(ok(b"", "Set-Cookie: session=1")) as server:
        await inside.send("GET", server.url())
        await inside.send("GET", server.url())
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's side of TLS, for a certificate that is good for ``name``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(NOW.tzinfo)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    client = trusted()
    client.load_verify_locations(cadata=pem.decode())
    return server, client


async def test_tls_is_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    server_side, client_side = certified(tmp_path, "secure.example")
    asked: list[str] = []
    server_side.sni_callback = lambda _socket, name, _context: asked.append(name)
    guard = HostGuard(allow_private=True, resolver=Names(["127.0.0.1"], ["127.0.0.1"]))
    outbound = Outbound(guard, GuardedTransport(guard, client_side))
    async with answering(ok(), server_side) as server:
        assert (await outbound.send("GET", server.url("secure.example"))).status == 200
        with pytest.raises(UpstreamError, match="certificate is not trusted"):
            await outbound.send("GET", server.url("another.example"))
    assert asked == ["secure.example", "another.example"]
