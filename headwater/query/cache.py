"""Answers kept in memory until what they depend on changes.

Every entry carries tags and the generation each tag had before the answer was
computed. Bumping a tag makes all entries that carry it stale at once, without
looking for them. Concurrent misses for one key compute once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from headwater.kit.clock import Clock, system_clock

V = TypeVar("V")
Tag = tuple[int, str, int]
"""Organisation, kind, id: for instance ``(7, "creative", 3030)``."""
Spoil = Callable[[Iterable[Tag]], Awaitable[None]]
"""Makes everything that depends on tags stale, in every process."""


class Freshness(NamedTuple):
    """What an answer depends on, as it stood before the answer was computed."""

    organisation_id: int
    tags: tuple[Tag, ...]
    generations: tuple[int, ...]
    expires: datetime | None = None
    """When it is too old even if nothing has changed."""


@dataclass(slots=True)
class _Entry(Generic[V]):
    """A kept value; it was found fresh when there had been ``looked`` bumps in all."""

    value: V
    tags: tuple[Tag, ...]
    generations: tuple[int, ...]
    size: int
    looked: int
    expires: datetime | None


class _Flight(Generic[V]):
    """A computation under way, and how many wait for it."""

    def __init__(self, task: asyncio.Task[V]) -> None:
        self.task = task
        self.waiters = 0

    async def wait(self) -> V:
        """The value; the computation is cancelled when the last who waits for it goes away."""
        self.waiters += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self.waiters -= 1
            if not self.waiters and not self.task.done():
                self.task.cancel()


class TagGenerations:
    """How often each tag was bumped; shared by all caches of a process, which keep nothing longer than ``kept_for``."""

    def __init__(self, kept_for: timedelta | None = None) -> None:
        self._generations: dict[Tag, int] = {}
        self._dropped = 0
        self.kept_for = kept_for
        self.bumps = 0
        # Of answers that were asked for: kept ones, and those that had to be computed.
        self.hits = 0
        self.misses = 0

    def bump(self, tags: Iterable[Tag]) -> None:
        """Make everything that depends on ``tags`` stale."""
        self.bumps += 1
        for tag in tags:
            self._generations[tag] = self._generations.get(tag, 0) + 1

    def drop(self) -> None:
        """Make everything stale."""
        self.bumps += 1
        self._dropped += 1

    def of(self, tags: tuple[Tag, ...]) -> tuple[int, ...]:
        """The present generation of each tag."""
        get, dropped = self._generations.get, self._dropped
        return tuple([get(tag, 0) + dropped for tag in tags])


class TaggedCache(Generic[V]):
    """A least-recently-used cache of at most ``max_bytes``, as entries state their size."""

    def __init__(self, max_bytes: int, generations: TagGenerations, clock: Clock = system_clock) -> None:
        self.generations = generations
        self._clock = clock
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, _Entry[V]] = OrderedDict()
        self._flights: dict[Hashable, _Flight[V]] = {}

    def get(self, key: Hashable) -> V | None:
        """The value kept under ``key`` if it is neither stale nor too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires is not None and self._clock() >= entry.expires:
            self._remove(key)
            return None
        # Tags need not be looked at while nothing at all was bumped.
        if entry.looked != self.generations.bumps:
            if self.generations.of(entry.tags) != entry.generations:
                self._remove(key)
                return None
            entry.looked = self.generations.bumps
        self._entries.move_to_end(key)
        return entry.value

    def put(
        self,
        key: Hashable,
        value: V,
        tags: tuple[Tag, ...],
        generations: tuple[int, ...],
        size: int,
        expires: datetime | None = None,
    ) -> None:
        """Keep ``value``, computed when ``tags`` had ``generations``; stale or too large a value is not kept."""
        if size > self._max_bytes // 8 or self.generations.of(tags) != generations:
            return
        if self.generations.kept_for is not None:
            latest = self._clock() + self.generations.kept_for
            expires = latest if expires is None else min(expires, latest)
        self._remove(key)
        self._entries[key] = _Entry(value, tags, generations, size, self.generations.bumps, expires)
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))

    async def get_or_compute(
        self,
        key: Hashable,
        tags: tuple[Tag, ...],
        compute: Callable[[], Awaitable[V]],
        size: Callable[[V], int],
        expires: datetime | None = None,
    ) -> tuple[V, bool]:
        """The value under ``key`` and whether it was kept; computed once for all who ask at the same time.

        Who asks after a tag was bumped does not get what was begun before it.
        """
        kept = self.get(key)
        if kept is not None:
            self.generations.hits += 1
            return kept, True
        self.generations.misses += 1
        generations = self.generations.of(tags)
        flight_key = (key, generations)
        flight = self._flights.get(flight_key)
        if flight is None or flight.task.cancelling():
            flight = _Flight(asyncio.create_task(self._compute(key, tags, generations, compute, size, expires)))
            self._flights[flight_key] = flight
            flight.task.add_done_callback(lambda task: self._land(flight_key, task))
        return await flight.wait(), False

    def _land(self, flight_key: Hashable, task: asyncio.Task[V]) -> None:
        # One that was cancelled may end after another has taken its place.
        flight = self._flights.get(flight_key)
        if flight is not None and flight.task is task:
            del self._flights[flight_key]

    async def _compute(
        self,
        key: Hashable,
        tags: tuple[Tag, ...],
        generations: tuple[int, ...],
        compute: Callable[[], Awaitable[V]],
        size: Callable[[V], int],
        expires: datetime | None,
    ) -> V:
        value = await compute()
        self.put(key, value, tags, generations, size(value), expires)
        return value

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size
