"""Answers that are given again when a request is repeated under its ``Idempotency-Key``.

The key is stored only as a keyed hash, and the answer encrypted under a key that cannot
be had without it: an answer may hold a secret that the rest of the database does not.

    remembered = await idempotency.find(uow.session, owner, key)
    if remembered and not remembered.matches(route, fingerprint): …conflict…
    await idempotency.remember(uow.session, owner, key, route, fingerprint, 201, headers, body)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.idempotency.models import KeptAnswer
from headwater.control.secrets import Vault
from headwater.errors import Conflict
from headwater.kit.clock import Clock

_KEPT_FOR: Final = timedelta(hours=24)


class _Response(msgspec.Struct, frozen=True):
    headers: dict[str, str]
    body: bytes


class Remembered(msgspec.Struct, frozen=True):
    """The first answer, and what the first request was."""

    route: str
    fingerprint: str
    status: int
    headers: dict[str, str]
    body: bytes

    def matches(self, route: str, fingerprint: str) -> bool:
        """Whether a request is the one that was answered."""
        return (self.route, self.fingerprint) == (route, fingerprint)


class Idempotency:
    """The answers of the last 24 hours; ``owner`` tells apart whose key it is."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    async def find(self, session: AsyncSession, owner: str, key: str) -> Remembered | None:
        """The answer under this key, unless it is older than 24 hours."""
        row = await session.get(KeptAnswer, self._key_hash(owner, key))
        if row is None or row.created_at <= self._clock() - _KEPT_FOR:
            return None
        packed = self._vault.cipher(owner, key).decrypt(row.response)
        response = msgspec.msgpack.decode(packed, type=_Response)
        return Remembered(row.route, row.fingerprint, row.status, response.headers, response.body)

    async def remember(
        self,
        session: AsyncSession,
        owner: str,
        key: str,
        route: str,
        fingerprint: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Keep an answer, in the transaction of what it reports; those that are too old go."""
        await self.forget_old(session)
        packed = msgspec.msgpack.encode(_Response(dict(headers), body))
        session.add(
            KeptAnswer(
                key_hash=self._key_hash(owner, key),
                route=route,
                fingerprint=fingerprint,
                status=status,
                response=self._vault.cipher(owner, key).encrypt(packed),
                created_at=self._clock(),
            )
        )
        try:
            await session.flush()
        except IntegrityError:
            raise Conflict(
                "Another request with this Idempotency-Key has just been answered. Send it again.",
                retry_after=1,
                field="Idempotency-Key",
            ) from None

    async def forget_old(self, session: AsyncSession) -> None:
        """Remove the answers that are too old to be given again."""
        await session.execute(delete(KeptAnswer).where(KeptAnswer.created_at <= self._clock() - _KEPT_FOR))

    def _key_hash(self, owner: str, key: str) -> str:
        return self._vault.keyed_hash("idempotency", f"{owner}\0{key}")
