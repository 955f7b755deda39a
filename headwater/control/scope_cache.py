"""Scopes of credentials that were good a moment ago, so that a busy caller costs no database.

Bounded in size and in time; holds digests of credentials, never the credentials.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from headwater.kit.clock import Clock
from headwater.scope import Scope

_LIFE: Final = timedelta(seconds=2)
_MOST: Final = 10_000


# What a caller sent to say who they are: in which place, and what.
Credential = tuple[Literal["bearer", "api_key", "session"], str]


class _Entry(NamedTuple):
    scope: Scope
    until: datetime


class ScopeCache:
    """Scopes by credential, oldest first."""

    def __init__(self, clock: Clock, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._entries: dict[bytes, _Entry] = {}
        self.generation = 0
        """Grows with each eviction: what was read from the database before one may be stale."""

    def get(self, credential: Credential) -> Scope | None:
        """The scope of this credential, if it was good in the last seconds and has not expired."""
        digest = _digest(credential)
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if entry.until <= self._clock():
            del self._entries[digest]
            return None
        return entry.scope

    def put(self, credential: Credential, scope: Scope, expires_at: datetime | None, generation: int) -> None:
        """Keep a scope, unless something was evicted since ``generation``."""
        if generation != self.generation:
            return
        until = self._clock() + _LIFE
        digest = _digest(credential)
        self._entries.pop(digest, None)
        self._entries[digest] = _Entry(scope, min(until, expires_at) if expires_at else until)
        while len(self._entries) > self._most:
            del self._entries[next(iter(self._entries))]

    def evict(self, organisation_id: int) -> None:
        """Forget every scope of an organisation, also those that are being looked up now."""
        self.generation += 1
        self._entries = {
            digest: entry for digest, entry in self._entries.items() if entry.scope.organisation_id != organisation_id
        }


def _digest(credential: Credential) -> bytes:
    place, secret = credential
    return hashlib.blake2b(f"{place}\0{secret}".encode("utf-8", "surrogatepass"), digest_size=32).digest()
