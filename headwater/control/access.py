"""Credential to scope: the only place where a ``Scope`` is made.

    scope = access.cached(bearer, api_key, session) or await access.authenticate(bearer, api_key, session)

Whether the scope then suffices for an action is for the caller to ask; passwords are
checked in ``users``. Also makes and checks the CSRF token of a cookie session.
"""

from __future__ import annotations

import asyncio
import hmac
from datetime import timedelta
from typing import Final, Literal

import msgspec
import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import Database
from headwater.control.renewals import Renewals
from headwater.control.rules import is_row_id
from headwater.control.scope_cache import Credential, ScopeCache
from headwater.control.secrets import Vault
from headwater.control.tokens import holders
from headwater.control.tokens.access_tokens import AccessTokens
from headwater.control.tokens.api_keys import API_KEY, KEY_PREFIX
from headwater.control.tokens.holders import Holder
from headwater.control.tokens.logins import SESSION
from headwater.control.tokens.models import ApiKey
from headwater.errors import Forbidden, HeadwaterError, NotFound, Unauthorized
from headwater.kit.clock import Clock
from headwater.scope import ALL_PERMISSIONS, Permission, Role, Scope

_log = structlog.get_logger(__name__)

_Kind = Literal["key", "token", "session", "operator"]

_TOUCH_EVERY: Final = timedelta(minutes=1)
_PERSONAL: Final[frozenset[Permission]] = frozenset(("read", "write"))


class Access:
    """Who is asking."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, tokens: AccessTokens, renewals: Renewals
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._tokens = tokens
        self._renewals = renewals
        self._cache = ScopeCache(clock, self._renew)
        self._checks: dict[tuple[Credential, int], asyncio.Task[Scope]] = {}
        self._touches: dict[str, asyncio.Task[None]] = {}

    def cached(self, bearer: str | None, api_key: str | None, session: str | None) -> Scope | None:
        """The scope, if it is known without asking the database."""
        credential = _first_sent(bearer, api_key, session)
        return None if credential is None else self._cache.get(credential)

    async def authenticate(self, bearer: str | None, api_key: str | None, session: str | None) -> Scope:
        """The scope of the first credential that was sent; ``Unauthorized`` where it is not good."""
        credential = _first_sent(bearer, api_key, session)
        if credential is None:
            raise Unauthorized(
                "Sign in, or send an API key or access token as 'Authorization: Bearer …' or an API key as 'X-API-Key'."
            )
        return self._cache.get(credential) or await self._shared(credential)

    async def _shared(self, credential: Credential) -> Scope:
        """One check for all who come with a credential at once, but for those who come after an eviction."""
        key = (credential, self._cache.generation)
        check = self._checks.get(key)
        if check is None:
            check = self._checks[key] = asyncio.create_task(self._checked(credential))
            check.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(check)

    def _end(self, key: tuple[Credential, int], check: asyncio.Task[Scope]) -> None:
        del self._checks[key]
        if not check.cancelled():
            # Asked for here, since those who wanted to know may all have gone away.
            check.exception()

    async def _checked(self, credential: Credential) -> Scope:
        generation = self._cache.generation
        kind, holder = await self._look_up(credential)
        if holder is None or (holder.expires_at is not None and holder.expires_at <= self._clock()):
            raise Unauthorized("The credential is unknown, expired or revoked.")
        scope = _scope(kind, holder)
        self._cache.put(credential, scope, holder.expires_at, generation)
        if kind == "key":
            self._touch(holder)
        return scope

    def _renew(self, credential: Credential) -> None:
        self._renewals.begin("credential", self._renewed(credential))

    async def _renewed(self, credential: Credential) -> None:
        try:
            await self._checked(credential)
        except Unauthorized:
            self._cache.forget(credential)

    async def operator_scope(self, organisation_id: int) -> Scope:
        """The scope in which the server's operator acts for an organisation, as its owner."""
        async with self._database.reading() as session:
            return await owner_scope(session, organisation_id)

    def csrf_token(self, session: str) -> str:
        """The token that must come with every change made under this cookie session."""
        return self._vault.keyed_hash("csrf", session)

    def check_csrf(self, session: str, token: str | None) -> None:
        """Refuse a change whose CSRF token is missing or belongs to another session."""
        expected = self.csrf_token(session).encode()
        if not hmac.compare_digest(expected, (token or "").encode("utf-8", "surrogatepass")):
            raise Forbidden(
                "The CSRF token is missing or wrong. Send the 'csrf_token' of your login as 'X-CSRF-Token'.",
                field="X-CSRF-Token",
            )

    def evict(self, organisation_id: int) -> None:
        """Look every credential of an organisation up again."""
        self._cache.evict(organisation_id)

    def forget(self) -> None:
        """Look every credential up again."""
        self._cache.clear()

    async def settle(self) -> None:
        """Wait until each use of a key that was noticed is written."""
        await asyncio.gather(*self._touches.values())

    async def _look_up(self, credential: Credential) -> tuple[_Kind, Holder | None]:
        place, secret = credential
        if place == "bearer" and not secret.startswith(KEY_PREFIX):
            claims = self._tokens.read(secret)
            if claims is None:
                return "token", None
            async with self._database.reading() as db:
                holder = await holders.of_user(db, claims.user_id, claims.organisation_id, claims.credentials_version)
            return "token", holder and msgspec.structs.replace(holder, expires_at=claims.expires_at)
        async with self._database.reading() as db:
            if place == "session":
                return "session", await holders.of_session(db, self._vault.keyed_hash(SESSION, secret))
            return "key", await holders.of_key(db, self._vault.keyed_hash(API_KEY, secret))

    def _touch(self, holder: Holder) -> None:
        """Write ``last_used`` beside the answer, not before it, and at most once a minute."""
        key_id = holder.credential_id
        fresh = holder.last_used is not None and holder.last_used > self._clock() - _TOUCH_EVERY
        if not fresh and key_id not in self._touches:
            task = asyncio.create_task(self._write_last_used(key_id))
            self._touches[key_id] = task
            task.add_done_callback(lambda _: self._touches.pop(key_id, None))

    async def _write_last_used(self, key_id: str) -> None:
        try:
            async with self._database.unit_of_work() as uow:
                await uow.session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used=self._clock()))
        except HeadwaterError as error:
            # The caller has had their answer; the next use of the key tries again.
            _log.warning("last_used_not_written", key=key_id, reason=error.message)


async def owner_scope(session: AsyncSession, organisation_id: int) -> Scope:
    """The scope of the server itself acting as an organisation's first owner."""
    holder = await holders.of_organisation(session, organisation_id) if is_row_id(organisation_id) else None
    if holder is None:
        raise NotFound(f"There is no organisation {organisation_id}.", field="organisation")
    return _scope("operator", holder)


async def visitor_scope(session: AsyncSession, organisation_id: int) -> Scope:
    """The scope in which an organisation's agents read for people outside of it: a viewer's, reading only."""
    owner = await owner_scope(session, organisation_id)
    return msgspec.structs.replace(owner, role=Role.viewer, permissions=frozenset(("read",)))


async def reader_scope(session: AsyncSession, organisation_id: int, user_id: int) -> Scope | None:
    """The scope in which the server reads for a member, with the role they have today; None for who is none."""
    holder = await holders.of_member(session, user_id, organisation_id)
    if holder is None:
        return None
    return msgspec.structs.replace(_scope("operator", holder), permissions=frozenset(("read",)))


def _first_sent(bearer: str | None, api_key: str | None, session: str | None) -> Credential | None:
    if bearer is not None:
        return "bearer", bearer
    if api_key is not None:
        return "api_key", api_key
    if session is not None:
        return "session", session
    return None


def _scope(kind: _Kind, holder: Holder) -> Scope:
    return Scope(
        organisation_id=holder.organisation_id,
        user_id=holder.user_id,
        role=holder.role,
        permissions=_permissions(kind, holder),
        credential=kind,
        credential_id=holder.credential_id,
        requests_per_hour=holder.requests_per_hour,
        retention_days=holder.retention_days,
    )


def _permissions(kind: _Kind, holder: Holder) -> frozenset[Permission]:
    if kind == "key":
        return holder.permissions
    if kind == "operator":
        return ALL_PERMISSIONS
    return ALL_PERMISSIONS if holder.role >= Role.admin else _PERSONAL
