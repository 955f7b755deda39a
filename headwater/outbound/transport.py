"""The guarded way under an HTTP client: a host is looked up once and connected to at that address.

The name stays in the ``Host`` header and in TLS, where the certificate is checked
against it. Libraries that take an ``httpx`` client of the caller's can be given one
over this transport.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import httpx

from headwater.errors import HostRefused
from headwater.outbound.hosts import HostGuard, plain_host

_PORTS = {"http": 80, "https": 443}


def trusted() -> ssl.SSLContext:
    """Who is believed in TLS: the authorities that browsers know, and those of this machine."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def checked_url(url: str | httpx.URL) -> httpx.URL:
    """``url``, when a request may be sent there; ``HostRefused`` says what is wrong with it.

    Whatever programs read in different ways is refused rather than read.
    """
    text = str(url)
    if not text.isprintable() or any(character in text for character in " \\"):
        raise HostRefused("The URL has characters that must not stand in one.", field="url")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise HostRefused(f"The URL cannot be read: {error}.", field="url", allowed="https://host/path") from None
    if parsed.scheme not in _PORTS:
        raise HostRefused("The URL must begin with http:// or https://.", field="url", allowed=["http", "https"])
    if parsed.userinfo:
        raise HostRefused("The URL must not hold a user name or password.", field="url", allowed="https://host/path")
    if not parsed.host:
        raise HostRefused("The URL names no host.", field="url", allowed="https://host/path")
    destination(parsed)
    return parsed


def destination(url: httpx.URL) -> tuple[str, int]:
    """The host, in its one spelling, and the port that ``url`` leads to."""
    # Dots and letters of other scripts are ASCII by now.
    host = plain_host(url.raw_host.decode("ascii"))
    port = _PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        raise HostRefused(f"There is no port {port}.", field="url", allowed="a port from 1 to 65535")
    return host, port


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends a request to one of the host's judged addresses; the next one is tried when nobody listens."""

    def __init__(
        self, guard: HostGuard, context: ssl.SSLContext | None = None, inner: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._guard = guard
        # A connection is used once: one to an address must not serve another name of that address.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = inner or httpx.AsyncHTTPTransport(verify=context or trusted(), trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; ``HostRefused``, ``UpstreamError`` and what ``httpx`` raises."""
        url = checked_url(request.url)
        host, port = destination(url)
        addresses = await self._guard.resolve(host, port)
        return await self._send(request, url, host, addresses)

    async def _send(
        self, request: httpx.Request, url: httpx.URL, host: str, addresses: Sequence[str]
    ) -> httpx.Response:
        headers = request.headers.copy()
        headers["host"] = _authority(host, url.port)
        extensions = dict(request.extensions)
        if host not in addresses:
            extensions["sni_hostname"] = host
        for address in addresses:
            pinned = httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=headers,
                stream=request.stream,
                extensions=extensions,
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except httpx.ConnectError:
                if address == addresses[-1]:
                    raise
        raise httpx.ConnectError("The host has no address.")

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


def _authority(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"
