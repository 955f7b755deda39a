"""Steps through a day of many databases, and says whether what docs/scaling.md claims holds.

Organisations are of very different size (Zipf), a day has a busy hour, facts come late, a database's
commits are made one at a time. Everything is drawn from one seed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import simpy

from benchmarks.scaling import model
from benchmarks.scaling.model import ASSUMED, DAY, MEASURED

ORGANISATIONS = 5_000
SKEW = 1.1
LATE_SHARE = 0.05
_TICK = 1.0
"""Seconds between batches that reach a database; those of one tick wait together, as in group commit."""


class Wait(NamedTuple):
    """How long batches waited, in seconds, and which part of the time the busiest database was committing."""

    p50: float
    p99: float
    busiest: float


class Moved(NamedTuple):
    """What adding a database moves: the share of facts, the share it should be, and what went between old ones."""

    share: float
    fair: float
    between_old: int


class Late(NamedTuple):
    """The part of all events, and of the late ones, whose day is over when they come."""

    of_all: float
    of_late: float


def shares(seed: int, skew: float = SKEW) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Each organisation's part of all events, in no order."""
    weights = 1 / np.arange(1, ORGANISATIONS + 1) ** skew
    return np.random.default_rng(seed).permutation(weights / weights.sum())


def loads(seed: int, databases: int, *, split: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Each database's part of all events; large organisations are split over several, or stay whole."""
    found = np.zeros(databases)
    for organisation, share in enumerate(shares(seed)):
        parts = model.parts_of(share) if split else 1
        for part in range(parts):
            found[model.place(organisation, range(databases), parts, part)] += share / parts
    return found


def rate_at(second: float) -> float:
    """How busy a moment of the day is beside the mean: the peak at noon."""
    return 1 + (ASSUMED.peak - 1) * math.sin(2 * math.pi * (second / DAY - 0.25))


def waits(seed: int, events_a_day: int, databases: int, *, seconds: int = 1_800, slower: float = 1.0) -> Wait:
    """The busiest half hour; ``slower`` is how much longer commits take, as while a replica is fetched anew."""
    found: list[float] = []
    busy: Counter[int] = Counter()
    environment = simpy.Environment()
    drawn = np.random.default_rng(seed)
    for database, share in enumerate(loads(seed, databases, split=True)):
        store = simpy.Store(environment)
        mean = events_a_day / DAY * share
        environment.process(_arrive(environment, store, mean, drawn))
        environment.process(_commit(environment, store, database, slower, found, busy))
    environment.run(until=seconds)
    ordered = np.array(found) if found else np.array([math.inf])
    highest = max(busy.values(), default=0) / seconds
    return Wait(float(np.quantile(ordered, 0.5)), float(np.quantile(ordered, 0.99)), highest)


def _arrive(environment: Any, store: Any, mean: float, drawn: np.random.Generator) -> Iterator[Any]:
    while True:
        moment = DAY / 2 + environment.now
        count = int(drawn.poisson(mean * rate_at(moment) * _TICK))
        if count:
            store.put((environment.now, count))
        yield environment.timeout(_TICK)


def _commit(
    environment: Any, store: Any, number: int, slower: float, found: list[float], busy: Counter[int]
) -> Iterator[Any]:
    while True:
        batches = [(yield store.get())]
        events = batches[0][1]
        while store.items and events + store.items[0][1] <= ASSUMED.commit_events:
            batches.append((yield store.get()))
            events += batches[-1][1]
        # More than a commit takes of one tick goes in several, one after the other.
        commits = math.ceil(events / ASSUMED.commit_events)
        took = commits * (MEASURED.commit_seconds + ASSUMED.network_seconds) + events * MEASURED.event_seconds
        yield environment.timeout(took * slower)
        busy[number] += took * slower
        found.extend(environment.now - arrived for arrived, _ in batches)


def added(seed: int, databases: int) -> Moved:
    """One more database: who moves."""
    before, after = range(databases), range(databases + 1)
    moved, between = 0.0, 0
    for organisation, share in enumerate(shares(seed)):
        parts = model.parts_of(share)
        for part in range(parts):
            old, new = model.place(organisation, before, parts, part), model.place(organisation, after, parts, part)
            if old != new:
                moved += share / parts
                between += new != databases
    return Moved(moved, 1 / (databases + 1), between)


def late_days(seed: int, events: int = 200_000) -> Late:
    """How many events are of another day than the one they come on: one in twenty is late, by six hours in the mean."""
    drawn = np.random.default_rng(seed)
    late = drawn.random(events) < LATE_SHARE
    delay = np.where(late, drawn.exponential(6 * 3600, events), 0)
    earlier = (drawn.random(events) * DAY) < delay
    return Late(float(earlier.mean()), float(earlier[late].mean()))
