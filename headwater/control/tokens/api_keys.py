"""API keys: made, listed and revoked by the organisation that they speak for.

The secret leaves this module once, from ``create``; afterwards only its keyed hash exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, cast

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Audit
from headwater.control.db import Change, surroundings
from headwater.control.plans.service import Plans, hold_cap
from headwater.control.rules import text
from headwater.control.tokens.models import ApiKey
from headwater.errors import Forbidden, InvalidRequest, NotFound
from headwater.kit.ids import new_id, new_secret
from headwater.kit.suggest import did_you_mean
from headwater.scope import ALL_PERMISSIONS, Permission, Role, Scope

KEY_PREFIX: Final = "hw_live_"
API_KEY: Final = "api-key"
_RANDOM_BYTES = 32
_SHOWN_CHARACTERS = len(KEY_PREFIX) + 6
_NEEDED_ROLE: Final[dict[Permission, Role]] = {"read": Role.viewer, "write": Role.editor, "admin": Role.admin}


class ApiKeys:
    """The API keys of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope, ip: str | None = None) -> None:
        self._session = session
        self._scope = scope
        self._ip = ip
        self._around = surroundings(session)

    async def create(
        self, name: str, permissions: Iterable[str] = ("read",), expires_at: datetime | None = None
    ) -> tuple[ApiKey, str]:
        """A new key and its secret, which cannot be had again."""
        now = self._around.clock()
        name = text(name, "name", longest=255)
        granted = self._granted(permissions)
        if expires_at is not None and expires_at <= now:
            raise InvalidRequest("'expires_at' must be in the future.", field="expires_at")
        await self._hold_cap(now)
        secret = KEY_PREFIX + new_secret(_RANDOM_BYTES)
        key = ApiKey(
            id=new_id("key"),
            organisation_id=self._scope.organisation_id,
            user_id=self._scope.user_id,
            name=name,
            prefix=secret[:_SHOWN_CHARACTERS],
            secret_hash=self._around.vault.keyed_hash(API_KEY, secret),
            permissions=granted,
            created_at=now,
            last_used=None,
            expires_at=expires_at,
        )
        self._session.add(key)
        await self._session.flush()
        await self._record("key_created", key)
        return key, secret

    async def list(self) -> Sequence[ApiKey]:
        """All keys, newest first."""
        own = ApiKey.organisation_id == self._scope.organisation_id
        query = select(ApiKey).where(own).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
        return (await self._session.scalars(query)).all()

    async def revoke(self, key_id: str) -> None:
        """Remove a key; it is refused from the commit on."""
        key = await self._session.get(ApiKey, key_id)
        if key is None or key.organisation_id != self._scope.organisation_id:
            raise NotFound(f"There is no API key '{key_id}'.", field="id")
        await self._session.delete(key)
        await self._session.flush()
        await self._record("key_revoked", key)
        self._around.announce(Change("access", key.organisation_id))

    def _granted(self, permissions: Iterable[str]) -> Sequence[Permission]:
        wanted = set(permissions)
        if not wanted:
            raise InvalidRequest(
                "'permissions' must name at least one.", field="permissions", allowed=sorted(_NEEDED_ROLE)
            )
        for name in sorted(wanted - ALL_PERMISSIONS):
            hint = did_you_mean(name, _NEEDED_ROLE)
            raise InvalidRequest(
                f"'{name}' is not a permission.{hint}", field="permissions", allowed=list(_NEEDED_ROLE)
            )
        granted = [permission for permission in _NEEDED_ROLE if permission in wanted]
        for permission in granted:
            if not self._scope.allows(permission, _NEEDED_ROLE[permission]):
                raise Forbidden(f"You cannot give '{permission}', since you do not have it.", field="permissions")
        return granted

    async def _hold_cap(self, now: datetime) -> None:
        plan = await Plans().of(self._session, self._scope.organisation_id)
        if plan.max_api_keys is None:
            return
        alive = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
        own = ApiKey.organisation_id == self._scope.organisation_id
        used = await self._session.scalar(select(func.count()).select_from(ApiKey).where(own, alive))
        hold_cap("max_api_keys", plan.max_api_keys, cast(int, used))

    async def _record(self, action: Literal["key_created", "key_revoked"], key: ApiKey) -> None:
        await Audit.record(
            self._session,
            key.organisation_id,
            self._scope.user_id,
            action,
            target=key.id,
            ip=self._ip,
            details={"name": key.name, "permissions": list(key.permissions)},
        )
