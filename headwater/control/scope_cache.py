"""Scopes of credentials that were good a moment ago, so that a busy caller costs no database.

Bounded in size and in time; holds digests of credentials, never the credentials. One that is
in use when half of its time is over is announced, once, to be looked up again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, NamedTuple

from headwater.control.renewals import RENEWED_AFTER, TRUSTED_FOR
from headwater.kit.clock import Clock
from headwater.scope import Scope

_MOST: Final = 10_000


# What a caller sent to say who they are: in which place, and what.
Credential = tuple[Literal["bearer", "api_key", "session"], str]


class _Entry(NamedTuple):
    scope: Scope
    renewed_from: datetime
    until: datetime


class ScopeCache:
    """Scopes by credential, oldest first."""

    def __init__(self, clock: Clock, renew: Callable[[Credential], None], most: int = _MOST) -> None:
        self._clock = clock
        self._renew = renew
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
        now = self._clock()
        if entry.until <= now:
            del self._entries[digest]
            return None
        if entry.renewed_from <= now:
            self._entries[digest] = entry._replace(renewed_from=entry.until)
            self._renew(credential)
        return entry.scope

    def put(self, credential: Credential, scope: Scope, expires_at: datetime | None, generation: int) -> None:
        """Keep a scope, unless something was evicted since ``generation``."""
        if generation != self.generation:
            return
        now = self._clock()
        until = now + TRUSTED_FOR
        digest = _digest(credential)
        self._entries.pop(digest, None)
        until = min(until, expires_at) if expires_at else until
        self._entries[digest] = _Entry(scope, now + RENEWED_AFTER, until)
        while len(self._entries) > self._most:
            del self._entries[next(iter(self._entries))]

    def forget(self, credential: Credential) -> None:
        """Look this credential up when it comes again."""
        self._entries.pop(_digest(credential), None)

    def evict(self, organisation_id: int) -> None:
        """Forget every scope of an organisation, also those that are being looked up now."""
        self.generation += 1
        self._entries = {
            digest: entry for digest, entry in self._entries.items() if entry.scope.organisation_id != organisation_id
        }

    def clear(self) -> None:
        """Forget every scope there is."""
        self.generation += 1
        self._entries.clear()


def _digest(credential: Credential) -> bytes:
    place, secret = credential
    return hashlib.blake2b(f"{place}\0{secret}".encode("utf-8", "surrogatepass"), digest_size=32).digest()
