"""API keys, which two surfaces show under their own names: one set of rows, one set of rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.control.tokens.api_keys import ApiKeys
from headwater.control.tokens.models import ApiKey
from headwater.errors import InvalidRequest
from headwater.scope import Permission
from headwater.surfaces._http.endpoint import Call


class KeyBody(msgspec.Struct, frozen=True):
    """A key to be made."""

    name: Annotated[str, Meta(min_length=1, max_length=255, description="What it is for.")]
    permissions: Annotated[
        list[Permission],
        Meta(min_length=1, description="`read` for safe methods, `write` also for others, `admin` for admin's work."),
    ] = msgspec.field(default_factory=lambda: ["read"])
    expires_at: Annotated[datetime, Meta(description="When it ends; without, never.")] | None = None


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret; ``prefix`` is how the secret begins."""

    id: str
    name: str
    prefix: str
    permissions: list[Permission]
    created_at: datetime
    last_used: datetime | None
    expires_at: datetime | None


def row(key: ApiKey) -> KeyRow:
    """The key as answered."""
    return KeyRow(**{name: getattr(key, name) for name in KeyRow.__struct_fields__})


async def listed(call: Call[Any, Any]) -> list[KeyRow]:
    """All keys of the organisation, newest first."""
    async with call.services.control.reading() as session:
        return [row(key) for key in await ApiKeys(session, call.scope).list()]


async def created(call: Call[Any, KeyBody]) -> tuple[KeyRow, str]:
    """A new key and its secret, shown this once."""
    expires = _in_utc(call.body.expires_at)
    unit = await call.writing()
    key, secret = await ApiKeys(unit.session, call.scope, call.client_ip).create(
        call.body.name, call.body.permissions, expires
    )
    return row(key), secret


def _in_utc(time: datetime | None) -> datetime | None:
    """As it is stored and answered; without an offset it was UTC already."""
    if time is None or time.tzinfo is None:
        return time and time.replace(tzinfo=UTC)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest("'expires_at' is outside of the years 1 to 9999 in UTC.", field="expires_at") from None


async def revoked(call: Call[Any, Any]) -> None:
    """Revoke the key that the path names."""
    unit = await call.writing()
    await ApiKeys(unit.session, call.scope, call.client_ip).revoke(call.path["key_id"])


EXAMPLE = {
    "id": "key_0AbC…",
    "name": "Production integration",
    "prefix": "hw_live_3fK9aZ",
    "permissions": ["read", "write"],
    "created_at": "2025-01-15T10:00:00Z",
    "last_used": None,
    "expires_at": None,
}
BODY_EXAMPLE = {"name": "Production integration", "permissions": ["read", "write"]}
