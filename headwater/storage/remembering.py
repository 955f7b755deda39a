"""``Idempotency-Key`` of what is stored as facts: how keys and requests are told apart, and what repeats get.

The key lies in the transaction of the facts that it guards, so it is there exactly when they are.
All that store facts share one space of keys, and one ``Remembering``: a key used for another
route is refused, too. It knows neither routes nor bodies.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple, Protocol

from headwater.errors import Conflict, InvalidRequest
from headwater.scope import Scope
from headwater.storage.port import Appended, AppendKey, RememberedAppend

FIELD = "Idempotency-Key"
MAX_KEY_LENGTH = 255


class Memory(Protocol):
    """Where appends under a key are remembered."""

    async def remembered(self, scope: Scope, key_hash: str) -> RememberedAppend | None:
        """The append of this organisation under ``key_hash`` in the last 24 hours."""


Claim = Callable[[str], AbstractAsyncContextManager[bool]]
"""Keeps what has this name from everybody else within the block; whether nobody has it."""


class Keyed(NamedTuple):
    """A request with a key: what to store with its facts, or what it was answered before."""

    key: AppendKey
    before: RememberedAppend | None


class Remembering:
    """Lets each key be used once; ``claim`` knows those whose first request has not been answered yet."""

    def __init__(self, memory: Memory, claim: Claim) -> None:
        self._memory = memory
        self._claim = claim

    @asynccontextmanager
    async def once(self, scope: Scope, key: str, *request: bytes) -> AsyncIterator[Keyed]:
        """The key of ``request`` (its route and all that it says), kept from others until the block is left."""
        name, fingerprint = _name(scope, key), digest(*request)
        async with self._claim(f"facts:{name}") as is_ours:
            if not is_ours:
                raise under_way()
            yield await self._keyed(scope, name, fingerprint)

    async def _keyed(self, scope: Scope, name: str, fingerprint: str) -> Keyed:
        before = await self._memory.remembered(scope, name)
        if before is not None and before.fingerprint != fingerprint:
            raise reused()
        return Keyed(AppendKey(name, fingerprint, b""), before)


def refuse_repeated(appended: Sequence[Appended]) -> None:
    """Conflict where the same request was stored by another process first: its answer is the one that counts."""
    if any(one.repeated for one in appended):
        raise under_way()


def reused() -> Conflict:
    """The refusal of a key that was used for something else."""
    return Conflict(f"This {FIELD} was used with another request within the last 24 hours; use a new key.", field=FIELD)


def under_way() -> Conflict:
    """The refusal of a key whose first request has not been answered yet."""
    return Conflict(f"A request with this {FIELD} is still under way.", retry_after=1, field=FIELD)


def _name(scope: Scope, key: str) -> str:
    """The name under which an organisation's key is kept."""
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidRequest(f"{FIELD} must have 1 to {MAX_KEY_LENGTH} characters.", field=FIELD)
    return digest(str(scope.organisation_id).encode(), key.encode())


def digest(*parts: bytes) -> str:
    """SHA-256 of the parts, each after its length: no two lists of parts run together alike.

    >>> digest(b"ab", b"c") == digest(b"a", b"bc")
    False
    """
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.hexdigest()
