"""The outermost layer: every request comes in here and every answer goes out here.

It gives each request its id, answers from kept responses without going further
in, and turns whatever is raised into the error form of the surface. Nothing of
the inside reaches a caller.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple

import msgspec
import structlog
from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from headwater.errors import HeadwaterError, InternalError, MethodNotAllowed, UnknownPath
from headwater.kit import tracing
from headwater.kit.tracing import Span
from headwater.query.cache import TaggedCache
from headwater.scope import Role
from headwater.surfaces._http.browsers import BrowserHeaders
from headwater.surfaces._http.endpoint import Endpoint, Headers, Reply
from headwater.surfaces._http.envelope import ErrorForms, Visit
from headwater.surfaces._http.serve import Server, check_tenant, credentials
from headwater.surfaces._http.traffic import UNKNOWN_ROUTE, Served

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}").fullmatch
_HEADERS = {
    b"authorization": "authorization",
    b"x-api-key": "api_key",
    b"accept": "accept",
    b"cookie": "cookie",
    b"sec-fetch-site": "fetch_site",
    b"x-csrf-token": "csrf_token",
    b"x-tenant-id": "tenant_id",
    b"x-request-id": "request_id",
    b"idempotency-key": "idempotency_key",
    b"content-type": "content_type",
    b"content-encoding": "content_encoding",
    b"content-length": "content_length",
    b"x-forwarded-for": "forwarded_for",
    b"stripe-signature": "stripe_signature",
}
_BYTES_PER_RESPONSE = 1000
_ROUTE = "headwater.route"
# Request ids tell requests apart; they are no secret, so a random start and a count will do.
_PROCESS = secrets.token_hex(8)
_requests = count(1)
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger(__name__)


class _Kept(NamedTuple):
    """A response of a route; ``of`` names what it shows of the control plane."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    served: Served
    of: tuple[str, ...] = ()


class Gate:
    """The ASGI application over all endpoints."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        server: Server,
        responses: TaggedCache[_Kept],
        forms: ErrorForms,
        *,
        trusted_proxies: int,
        browsers: BrowserHeaders,
        lifespan: Callable[[Receive, Send], Awaitable[None]],
    ) -> None:
        self._server = server
        # None where there are no other processes: then nothing of this is waited for.
        self._feed = server.services.control.shared.feed
        self._traffic = server.services.counted.traffic
        self._responses = responses
        self._forms = forms
        self._trusted_proxies = trusted_proxies
        self._browsers = browsers
        self._lifespan = lifespan
        self._methods: dict[str, dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            self._methods.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        self._fixed = {path for path in self._methods if "{" not in path}
        self._unchanging = {one.path for one in endpoints if one.unchanging}
        self._routes = [Route(path, _unreachable) for path in self._methods if "{" in path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            span = tracing.request(scope["method"], scope["headers"])
            # A kept response takes six microseconds in all: a block more would be felt.
            if not span.recording:
                await self._http(scope, receive, send, span)
                return
            with span:
                await self._http(scope, receive, send, span)

    async def _http(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        began = perf_counter()
        headers = _headers(scope)
        if not _SANE_REQUEST_ID(headers.request_id):
            headers.request_id = f"{_PROCESS}-{next(_requests):x}"
        sent_headers: dict[str, str] = {"x-request-id": headers.request_id}
        try:
            if self._feed is not None and self._may_change(scope, headers):
                await self._feed.catch_up()
            kept = await self._kept(scope, headers, sent_headers)
            if kept is None and await self._freshened(scope, headers):
                kept = await self._kept(scope, headers, sent_headers)
            if kept is not None:
                kept.served.count(200, perf_counter() - began)
                kept.served.kept += 1
                if span.recording:
                    self._tell(span, scope, headers, 200, kept=True)
                await _send(send, 200, kept.headers, sent_headers, kept.body)
                return
            structlog.contextvars.bind_contextvars(request_id=headers.request_id)
            reply = await self._reply(scope, receive, headers, sent_headers)
        except HeadwaterError as error:
            span.fail(error)
            reply = await self._error_reply(error, scope, headers)
        except Exception as error:
            span.fail(error)
            log.exception("request.failed", path=scope["path"], request_id=headers.request_id)
            inside = InternalError("Something failed inside the server; it is logged under this request's id.")
            reply = await self._error_reply(inside, scope, headers)
        if reply.status >= 400:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=reply.status,
                request_id=headers.request_id,
            )
        served = self._traffic.of(self._route(scope), scope["method"])
        served.count(reply.status, perf_counter() - began)
        if span.recording:
            self._tell(span, scope, headers, reply.status, kept=False)
        if reply.stream is not None:
            await _send_stream(send, reply.status, self._lines(reply, None), sent_headers, reply.stream)
            return
        body = reply.body if isinstance(reply.body, bytes) else _encode(reply.body)
        lines = self._lines(reply, body)
        await _send(send, reply.status, lines, sent_headers, b"" if scope["method"] == "HEAD" else body)
        # Behind the answer, which need not wait until it is written a second time.
        self._keep(scope, reply, _Kept(body, lines, served))

    def _tell(self, span: Span, scope: Scope, headers: Headers, status: int, *, kept: bool) -> None:
        route = self._route(scope) or UNKNOWN_ROUTE
        span.rename(f"{tracing.known_method(scope['method'])} {route}")
        span.set(route=route, status=status, request_id=headers.request_id, kept=kept)

    async def _reply(self, scope: Scope, receive: Receive, headers: Headers, sent_headers: dict[str, str]) -> Reply:
        endpoint = self._match(scope)
        request = Request(scope, receive)
        return await self._server.reply(endpoint, request, headers, self._client_ip(scope, headers), sent_headers)

    def _match(self, scope: Scope) -> Endpoint:
        """The endpoint of a path and method; its path parameters go into ``scope``."""
        route = self._route(scope)
        if route is None:
            raise UnknownPath("There is nothing at this path. The API is described at /docs.")
        methods = self._methods[route]
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if method not in methods:
            allowed = sorted({*methods, *(["HEAD"] if "GET" in methods else [])})
            raise MethodNotAllowed(f"This path does not take {scope['method'][:16]}.", allowed)
        return methods[method]

    def _route(self, scope: Scope) -> str | None:
        """The path as it is declared, looked for once; its parameters go into ``scope``."""
        if _ROUTE not in scope:
            scope[_ROUTE] = self._find(scope)
        found: str | None = scope[_ROUTE]
        return found

    def _find(self, scope: Scope) -> str | None:
        if scope["path"] in self._fixed:
            return str(scope["path"])
        for route in self._routes:
            match, child = route.matches(scope)
            if match is not Match.NONE:
                scope["path_params"] = child["path_params"]
                return route.path
        return None

    def _may_change(self, scope: Scope, headers: Headers) -> bool:
        """Whether another process may have changed what is asked for; kept answers need not look for their route."""
        route = scope["path"] if _may_be_kept(scope, headers) else self._route(scope)
        return route not in self._unchanging

    async def _kept(self, scope: Scope, headers: Headers, sent_headers: dict[str, str]) -> _Kept | None:
        """A kept response for this caller, its request counted; None to go the whole way."""
        if not _may_be_kept(scope, headers):
            return None
        server = self._server
        caller = server.services.control.access.cached(*credentials(headers))
        if caller is None or not caller.allows("read", Role.viewer):
            return None
        kept = self._responses.get(_key(caller.organisation_id, scope))
        # What the control plane knows is looked at every two seconds, in case another process changed it.
        if kept is None or not server.services.control.is_known(kept.of, caller.organisation_id):
            return None
        if tracing.is_on():
            tracing.current().set(organisation=caller.organisation_id)
        await server.count(caller, sent_headers)
        check_tenant(headers, caller)
        return kept

    async def _freshened(self, scope: Scope, headers: Headers) -> bool:
        """Look at what is looked at every two seconds; whether there is a kept response that may be as good as ever.

        After a pause many come at once, and none of them needs the whole way.
        """
        if not _may_be_kept(scope, headers):
            return False
        control = self._server.services.control
        try:
            caller = await control.access.authenticate(*credentials(headers))
            kept = self._responses.get(_key(caller.organisation_id, scope))
            if kept is not None:
                await control.freshen(kept.of, caller.organisation_id)
        except HeadwaterError:
            # Whoever needs the credential says what is wrong with it.
            return False
        return kept is not None

    def _keep(self, scope: Scope, reply: Reply, kept: _Kept) -> None:
        if reply.keep is None or reply.status != 200 or scope["method"] != "GET":
            return
        organisation, tags, generations, expires = reply.keep
        if reply.kept_body is not None:
            body = _encode(reply.kept_body)
            kept = _Kept(body, self._lines(reply, body), kept.served)
        kept = kept._replace(of=tuple(kind for _, kind, number in tags if not number))
        self._responses.put(
            _key(organisation, scope), kept, tags, generations, len(kept.body) + _BYTES_PER_RESPONSE, expires
        )

    def _lines(self, reply: Reply, body: bytes | None) -> tuple[tuple[bytes, bytes], ...]:
        """The header lines; of a stream, without ``body``, nobody knows the length."""
        lines = [*reply.headers, *self._browsers.beside(reply.headers)]
        if reply.status != 204:
            lines.append(("content-type", reply.media_type))
            if body is not None:
                lines.append(("content-length", str(len(body))))
        return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in lines)

    async def _error_reply(self, error: HeadwaterError, scope: Scope, sent: Headers) -> Reply:
        # People who mistyped an address have nothing from JSON; programs do not ask for pages.
        looked_at = isinstance(error, UnknownPath) and sent.accept.startswith("text/html")
        form = self._forms.of("/" if looked_at else scope["path"])
        headers: list[tuple[str, str]] = []
        if error.retry_after is not None:
            headers.append(("retry-after", str(error.retry_after)))
        if isinstance(error, MethodNotAllowed):
            headers.append(("allow", ", ".join(error.allowed)))
        if form.page is not None:
            asked = scope["query_string"].decode("latin-1")
            visit = Visit(scope["method"], scope["path"], asked, sent.request_id, sent)
            page = await form.page(error, visit, self._server.services)
            return replace(page, headers=(*page.headers, *headers))
        if error.status == 401:
            headers.append(("www-authenticate", "Bearer"))
        return Reply(form.body(error), error.status, headers=tuple(headers))

    def _client_ip(self, scope: Scope, headers: Headers) -> str:
        """The caller's address; behind proxies, the one that the outermost trusted one saw."""
        address = scope["client"][0] if scope.get("client") else "unknown"
        if not self._trusted_proxies:
            return address
        chain = [part.strip() for part in headers.forwarded_for.split(",") if part.strip()]
        return chain[-self._trusted_proxies] if len(chain) >= self._trusted_proxies else address


def _may_be_kept(scope: Scope, headers: Headers) -> bool:
    return scope["method"] == "GET" and bool(headers.authorization or headers.api_key)


def _key(organisation_id: int, scope: Scope) -> tuple[int, str, bytes]:
    return organisation_id, scope["path"], scope["query_string"]


def _headers(scope: Scope) -> Headers:
    headers = Headers()
    for name, value in scope["headers"]:
        known = _HEADERS.get(name)
        if known:
            setattr(headers, known, value.decode("latin-1"))
    return headers


_Lines = tuple[tuple[bytes, bytes], ...]


async def _send(send: Send, status: int, lines: _Lines, sent_headers: dict[str, str], body: bytes) -> None:
    await _begin(send, status, lines, sent_headers)
    await send({"type": "http.response.body", "body": body})


async def _send_stream(
    send: Send, status: int, lines: _Lines, sent_headers: dict[str, str], stream: AsyncIterator[bytes]
) -> None:
    # A proxy that gathers an answer before it passes it on would defeat the purpose.
    await _begin(send, status, (*lines, (b"x-accel-buffering", b"no")), sent_headers)
    async for piece in stream:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _begin(send: Send, status: int, lines: _Lines, sent_headers: dict[str, str]) -> None:
    extra = [(name.encode(), value.encode()) for name, value in sent_headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": [*lines, *extra]})


async def _unreachable(_: Request) -> Any:
    raise RuntimeError("Routes are matched here, not run.")
