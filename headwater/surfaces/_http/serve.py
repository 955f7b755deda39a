"""What happens around a handler, in this order: credential, limit, access, parsing, idempotency, commit."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import msgspec
from starlette.requests import Request

from headwater.control.work import Work
from headwater.errors import (
    Forbidden,
    HeadwaterError,
    InternalError,
    InvalidRequest,
    NotFound,
    Place,
    UnsupportedMediaType,
)
from headwater.ingest.body import read_body
from headwater.kit import tracing
from headwater.scope import Scope
from headwater.surfaces._http import arrival, cookies, forms, idempotency, params, validation
from headwater.surfaces._http.endpoint import Call, Endpoint, Headers, Refused, Reply, Typed, forbidden
from headwater.surfaces._http.limits import HourlyLimits
from headwater.surfaces._http.multipart import MEDIA_TYPE, Part, read_form
from headwater.surfaces._http.services import Services

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def credentials(headers: Headers) -> tuple[str | None, str | None, str | None]:
    """Bearer, API key and session cookie, each None where it was not sent."""
    scheme, _, bearer = headers.authorization.partition(" ")
    if scheme.lower() != "bearer":
        bearer = ""
    return bearer.strip() or None, headers.api_key or None, cookies.read(headers, cookies.SESSION)


class Server:
    """Serves endpoints with the running parts of the server."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.limits = HourlyLimits(services.control.shared, services.clock)
        self._flights = idempotency.Flights(services.control.shared)

    async def reply(
        self, endpoint: Endpoint, request: Request, headers: Headers, client_ip: str, sent_headers: dict[str, str]
    ) -> Reply:
        """Answer one request; raises ``HeadwaterError``. ``sent_headers`` go out with errors too."""
        try:
            return await self._reply(endpoint, request, headers, client_ip, sent_headers)
        except InvalidRequest as error:
            error.place = error.place or _place(endpoint, error)
            raise

    async def _reply(
        self, endpoint: Endpoint, request: Request, headers: Headers, client_ip: str, sent_headers: dict[str, str]
    ) -> Reply:
        caller = await self.authenticate(endpoint, headers, sent_headers)
        if caller and endpoint.access and not caller.allows(*endpoint.access):
            raise forbidden(endpoint.access, caller)
        if endpoint.form is None:
            self._check_csrf(endpoint, headers, caller)
        query = params.parse_query(
            request.scope["query_string"], endpoint.query or _Nothing, refuse_unknown=endpoint.refuse_unknown
        )
        if endpoint.method == "POST" and headers.idempotency_key is not None:
            idempotency.check_key(headers.idempotency_key)
        raw = await self._body(endpoint, request, headers)
        body = validation.decode(raw, endpoint.body) if endpoint.body else raw
        call = Call(
            services=self.services,
            caller=caller,
            headers=headers,
            path=request.path_params,
            query=query,
            body=body,
            client_ip=client_ip,
            work=Work(self.services.control),
            secure=self.services.settings.behind_tls or request.url.scheme == "https",
            raw=raw,
            lines=request.scope["headers"],
            asked=request.scope["query_string"],
            method=endpoint.method,
            at=request.url.path,
        )
        if endpoint.form is not None:
            return await self._submitted(endpoint, endpoint.form, call)
        async with call.work:
            if endpoint.method != "POST" or endpoint.own_idempotency:
                return await endpoint.handler(call)
            return await self._flights.once(endpoint, call, raw, request.url.path, request.scope["query_string"])

    async def _submitted(self, endpoint: Endpoint, form: type[msgspec.Struct], call: Call[Any, Any]) -> Reply:
        """Take what a page's form holds, or show it again once nothing of it is left in the transaction."""
        typed, files = await _typed(endpoint, call)
        forms.check_token(self.services.control.access, call.headers, call.caller, typed)
        try:
            async with call.work:
                return await endpoint.handler(replace(call, body=forms.decode(typed, form), files=files))
        except HeadwaterError as error:
            # What is not there may be what the form names; a page that is not there cannot be shown again.
            gone = isinstance(error, NotFound) and error.details.get("field") not in form.__struct_encode_fields__
            if endpoint.refused is None or gone or isinstance(error, InternalError):
                raise
            return await self._shown_again(endpoint.refused, replace(call, body=typed), error)

    async def _shown_again(self, refused: Refused, call: Call[Any, Any], error: HeadwaterError) -> Reply:
        async with Work(self.services.control) as work:
            return await refused(replace(call, work=work), error)

    async def authenticate(self, endpoint: Endpoint, headers: Headers, sent_headers: dict[str, str]) -> Scope | None:
        """The caller's scope, its request counted; None on a public route."""
        if endpoint.access is None:
            return None
        with tracing.span("authentication") as span:
            caller = await self.services.control.access.authenticate(*credentials(headers))
            span.set(credential=caller.credential)
        tracing.current().set(organisation=caller.organisation_id)
        await self.count(caller, sent_headers)
        check_tenant(headers, caller)
        return caller

    async def count(self, caller: Scope, sent_headers: dict[str, str]) -> None:
        """Count the request against the plan's hourly limit."""
        limit_headers, refusal = await self.limits.hit(caller)
        sent_headers.update(limit_headers)
        if refusal:
            raise refusal

    def _check_csrf(self, endpoint: Endpoint, headers: Headers, caller: Scope | None) -> None:
        if caller and caller.credential == "session" and endpoint.method not in SAFE_METHODS:
            session = credentials(headers)[2] or ""
            self.services.control.access.check_csrf(session, headers.csrf_token)

    async def _body(self, endpoint: Endpoint, request: Request, headers: Headers) -> bytes:
        if endpoint.body is None and endpoint.form is None and not endpoint.raw_body:
            return b""
        _check_media_type(endpoint, headers)
        limit = endpoint.max_body(self.services) if endpoint.max_body else self.services.settings.max_body_bytes
        if headers.content_length.isdigit() and int(headers.content_length) > limit:
            raise arrival.too_large(limit)
        patience = self.services.settings.body_timeout
        if endpoint.raw_body:
            return await read_body(arrival.chunks(request, patience), headers.content_encoding or None, limit)
        if headers.content_encoding not in ("", "identity"):
            raise UnsupportedMediaType(
                "This route reads uncompressed bodies.", field="Content-Encoding", allowed=["identity"]
            )
        return await arrival.read(request, patience, limit)


class _Nothing(msgspec.Struct):
    """The query of a route that has none."""


async def _typed(endpoint: Endpoint, call: Call[Any, Any]) -> tuple[Typed, Sequence[Part]]:
    """What was typed into a form, and the files that came with it."""
    if not endpoint.takes_files:
        return forms.parse(call.raw), ()
    sent = await read_form(call.raw, call.headers.content_type)
    # A browser sends an empty part without a name where no file was chosen.
    return forms.gathered(sent.fields.items()), [part for part in sent.files if part.name or part.data]


def check_tenant(headers: Headers, caller: Scope) -> None:
    """``X-Tenant-Id``, where sent, must name the caller's own organisation."""
    if headers.tenant_id and not hmac.compare_digest(headers.tenant_id.encode(), str(caller.organisation_id).encode()):
        raise Forbidden(
            "X-Tenant-Id names another organisation than the credential's.",
            field="X-Tenant-Id",
            allowed="the credential's own organisation, or no such header",
        )


def _place(endpoint: Endpoint, error: InvalidRequest) -> Place:
    """Where a rule behind the handler found something wrong: where the route has a field of that name."""
    field = error.problems[0].path.partition("[")[0].partition(".")[0]
    for place, struct in (("query", endpoint.query), ("body", endpoint.body or endpoint.form)):
        names = {one.encode_name.removesuffix("[]") for one in msgspec.structs.fields(struct)} if struct else set()
        if field in names:
            return cast(Place, place)
    if f"{{{field}}}" in endpoint.path:
        return "path"
    return "body" if endpoint.body or endpoint.form or endpoint.raw_body else "query"


def _check_media_type(endpoint: Endpoint, headers: Headers) -> None:
    of_forms = MEDIA_TYPE if endpoint.takes_files else forms.MEDIA_TYPE
    allowed = [of_forms] if endpoint.form else list(endpoint.raw_body) or ["application/json"]
    media_type = headers.content_type.partition(";")[0].strip().lower()
    if media_type not in allowed:
        sent = f"'{media_type[:64]}' is not read here" if media_type else "Content-Type is missing"
        raise UnsupportedMediaType(f"{sent}; send {' or '.join(allowed)}.", field="Content-Type", allowed=allowed)
