"""The one HTTP client: bounded in time and size, without redirects, proxies or cookies.

    answer = await outbound.send("POST", "https://example.com/hook", content=body, headers=headers)

An answer is an answer, whatever its status; what it means is for the caller to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from headwater.errors import UpstreamError, UpstreamTimeout
from headwater.kit import tracing
from headwater.outbound.hosts import HostGuard
from headwater.outbound.transport import GuardedTransport, checked_url, destination

SECONDS: Final = 30.0
MOST_BYTES: Final = 1024 * 1024


class Answer(msgspec.Struct, frozen=True):
    """What came back; header names are in lower case, a repeated one's values joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """Sends requests to hosts outside; ``aclose`` at the end."""

    def __init__(self, guard: HostGuard, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.guard = guard
        self._given = transport
        self._made: httpx.AsyncBaseTransport | None = None

    async def check(self, url: str, *, seconds: float = SECONDS) -> None:
        """Whether ``url`` could be sent to now, for the moment in which it is saved; raises as ``send`` does."""
        host, port = destination(checked_url(url))
        try:
            async with asyncio.timeout(seconds):
                await self.guard.resolve(host, port)
        except TimeoutError:
            raise _late(host, seconds) from None

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
    ) -> Answer:
        """Send one request and read its whole answer.

        ``HostRefused`` when the URL must not be sent to, ``UpstreamTimeout`` after
        ``seconds`` in all, ``UpstreamError`` when the host cannot be reached, breaks off,
        answers more than ``most_bytes``, or redirects: where to is not followed, since it
        was not what somebody allowed.
        """
        request = httpx.Request(method, checked_url(url), headers=dict(headers or {}), content=content)
        # A compressed answer could be a thousand times larger than what was counted.
        request.headers["accept-encoding"] = "identity"
        request.headers["connection"] = "close"
        # A host and no more: some platforms have their token in the path.
        with tracing.span("outbound", kind="client", method=method, host=request.url.host) as span:
            answer = await self._within(seconds, request, most_bytes)
            span.set(status=answer.status)
        return answer

    async def aclose(self) -> None:
        """Close what is open."""
        if self._made is not None:
            await self._made.aclose()

    async def _within(self, seconds: float, request: httpx.Request, most_bytes: int) -> Answer:
        host = request.url.host
        try:
            async with asyncio.timeout(seconds):
                return await self._answer(request, most_bytes)
        except (TimeoutError, httpx.TimeoutException):
            raise _late(host, seconds) from None
        except httpx.ConnectError as error:
            raise UpstreamError(f"'{host}' cannot be connected to: {_words(error)}.", host=host) from None
        except httpx.HTTPError as error:
            raise UpstreamError(f"The connection to '{host}' failed: {_words(error)}.", host=host) from None

    async def _answer(self, request: httpx.Request, most_bytes: int) -> Answer:
        host = request.url.host
        response = await self._transport().handle_async_request(request)
        try:
            if response.is_redirect:
                raise UpstreamError(f"'{host}' redirects, which is not followed. Give the final URL.", host=host)
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise UpstreamError(f"'{host}' answered compressed, though it was asked not to.", host=host)
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > most_bytes:
                    raise UpstreamError(f"'{host}' answered more than {most_bytes:,} bytes.", host=host)
            return Answer(response.status_code, dict(response.headers), bytes(body))
        finally:
            await response.aclose()

    def _transport(self) -> httpx.AsyncBaseTransport:
        """Made at first use: reading the authorities' certificates takes a while, and many servers send nothing."""
        if self._given is not None:
            return self._given
        if self._made is None:
            self._made = GuardedTransport(self.guard)
        return self._made


def _late(host: str, seconds: float) -> UpstreamTimeout:
    return UpstreamTimeout(f"'{host}' did not answer within {seconds:g} seconds.", host=host)


def _words(error: Exception) -> str:
    """The failure in words, without what would tell an address inside the network."""
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not trusted"
    if "SSL" in text:
        return "TLS could not be agreed on"
    return {
        "ConnectError": "nobody answers there",
        "RemoteProtocolError": "it did not answer as HTTP demands",
        "ReadError": "it broke off",
        "WriteError": "it broke off",
    }.get(type(error).__name__, type(error).__name__)
