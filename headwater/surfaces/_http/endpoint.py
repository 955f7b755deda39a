"""How a route is declared: once, as a value that routing, access, docs and tests all read.

An ``Endpoint`` cannot be made without saying who may call it. Its handler takes a
``Call`` and returns a ``Reply``; everything around it (credential, limits, parsing,
idempotency, errors) is done by ``serve``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from headwater.control.db import UnitOfWork
from headwater.control.work import Work
from headwater.errors import Forbidden, HeadwaterError, NotFound
from headwater.query.cache import Freshness
from headwater.scope import Permission, Role, Scope
from headwater.surfaces._http.multipart import Part
from headwater.surfaces._http.services import Services

Q = TypeVar("Q")
B = TypeVar("B")
Typed = Mapping[str, Sequence[str]]
"""The fields of a form as they were typed."""

_MAX_ID = 2**63 - 1


class Access(NamedTuple):
    """What a caller needs: a permission of the credential and a role of the person behind it."""

    permission: Permission
    role: Role


PUBLIC = None
READ = Access("read", Role.viewer)
WRITE = Access("write", Role.editor)
OWN = Access("write", Role.viewer)
"""What changes nothing but the caller's own account."""
ASK = Access("write", Role.viewer)
"""What changes nothing but spends credits."""
ADMIN = Access("admin", Role.admin)


def forbidden(access: Access, caller: Scope) -> Forbidden:
    permission, role = access
    if permission not in caller.permissions:
        return Forbidden(
            f"This needs the '{permission}' permission, which the credential does not have.",
            required=[permission],
            granted=sorted(caller.permissions),
            required_permission=permission,
        )
    return Forbidden(
        f"This needs the role '{role.name}' or higher; yours is '{caller.role.name}'.",
        required=[role.name],
        granted=[caller.role.name],
        required_role=role.name,
    )


class Headers(msgspec.Struct):
    """The request headers that matter, decoded once."""

    authorization: str = ""
    api_key: str = ""
    cookie: str = ""
    accept: str = ""
    fetch_site: str = ""
    csrf_token: str = ""
    tenant_id: str = ""
    request_id: str = ""
    idempotency_key: str | None = None
    content_type: str = ""
    content_encoding: str = ""
    content_length: str = ""
    forwarded_for: str = ""
    stripe_signature: str = ""


@dataclass
class Call(Generic[Q, B]):
    """One request to a handler: checked, parsed, and with the caller's scope.

    ``raw`` is the body, ``lines`` are the header lines, ``at`` is the path and ``asked`` the query string, as sent;
    ``files`` came with a form.
    """

    services: Services
    caller: Scope | None
    headers: Headers
    path: Mapping[str, str]
    query: Q
    body: B
    client_ip: str
    work: Work
    secure: bool = False
    raw: bytes = b""
    lines: Sequence[tuple[bytes, bytes]] = ()
    asked: bytes = b""
    method: str = "GET"
    at: str = ""
    files: Sequence[Part] = ()

    @property
    def scope(self) -> Scope:
        """The caller's scope; routes that are public have none."""
        if self.caller is None:
            raise RuntimeError("A public route has no scope.")
        return self.caller

    def hold(self, access: Access) -> None:
        """Refuse what needs more than the route itself does; ``Forbidden`` says what."""
        if not self.scope.allows(*access):
            raise forbidden(access, self.scope)

    def path_id(self, name: str) -> int:
        """A positive integer of the path; anything else is as unknown as an id nobody has."""
        text = self.path[name]
        if text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_ID)) and 0 < int(text) <= _MAX_ID:
            return int(text)
        raise NotFound(f"There is no {name.removesuffix('_id').replace('_', ' ')} {text[:64]!r}.", field=name)

    async def writing(self) -> UnitOfWork:
        """The request's one transaction, begun at first use and committed after the handler."""
        return await self.work.begin()


@dataclass(frozen=True)
class Reply:
    """What a handler answers; ``body`` is encoded as JSON unless it is bytes, ``stream`` comes piece by piece.

    ``keep`` not None lets the whole response be kept while it is fresh; where a
    kept answer says that it is one, ``kept_body`` is what it says.
    """

    body: object = b""
    status: int = 200
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    keep: Freshness | None = None
    kept_body: object | None = None
    stream: AsyncIterator[bytes] | None = None


@dataclass(frozen=True)
class Answers:
    """One possible success in the API description: a struct (or media type) and an example.

    A tuple of structs is one of them; ``example`` is of the first.
    """

    description: str
    body: Any = None
    example: Any = None
    media_types: tuple[str, ...] = ("application/json",)

    @property
    def bodies(self) -> tuple[Any, ...]:
        """The structs that the body may be."""
        if self.body is None:
            return ()
        return self.body if isinstance(self.body, tuple) else (self.body,)


Handler = Callable[[Call[Any, Any]], Awaitable[Reply]]
Refused = Callable[[Call[Any, Typed], HeadwaterError], Awaitable[Reply]]
"""Shows a form again: what was typed, and what is wrong with it. Nothing of the request was done."""


@dataclass(frozen=True)
class Endpoint:
    """One method on one path.

    ``errors`` are those beyond what access, limits and parsing bring by themselves.
    ``own_idempotency`` leaves the ``Idempotency-Key`` to the handler, because what it
    guards is not in the control plane's transaction. ``form`` is what a page sends, with
    the token that proves it; ``refused`` shows it again. One that ``takes_files`` is of parts.
    What an ``unchanging`` route answers no request of another process can have changed.
    """

    method: str
    path: str
    handler: Handler
    access: Access | None
    summary: str
    tag: str
    answers: Mapping[int, Answers]
    description: str = ""
    query: type[msgspec.Struct] | None = None
    refuse_unknown: bool = False
    body: type[msgspec.Struct] | None = None
    body_example: Any = None
    raw_body: tuple[str, ...] = ()
    form: type[msgspec.Struct] | None = None
    refused: Refused | None = None
    takes_files: bool = False
    errors: tuple[type[HeadwaterError], ...] = ()
    own_idempotency: bool = False
    unchanging: bool = False
    max_body: Callable[[Services], int] | None = None
    path_params: Mapping[str, str] = field(default_factory=dict)
    operation_id: str = ""
    """What generated clients call it, where method and path would give two routes one name."""
