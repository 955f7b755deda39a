"""The capacity model of docs/scaling.md: from events a day to journals, servers, disks and processes.

Everything is arithmetic on ``Measured``; ``simulation`` holds what it says against a system that is stepped through.

>>> capacity(10_000_000).databases
1
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

DAY = 86_400


class Measured(NamedTuple):
    """Of one core of the machine in benchmarks/RESULTS.md, on 2026-11-28, rounded to the unfavourable side."""

    raw_bytes: float
    """Of an event as ClickHouse stores it: the fact and the key it is recognised by, compressed (LZ4)."""
    cell_bytes: float
    """Of a row of the rollups, compressed."""
    cells_per_creative_day: float
    """Rows of all rollups that a creative has for each day."""
    commit_seconds: float
    """Of a commit of few events: what each commit costs whatever is in it."""
    event_seconds: float
    """That each event adds to its commit."""
    merge_seconds: float
    """Of an event, for merging what it left in the rollups."""
    http_events: float
    """Events a second that one API process takes over HTTP, on two cores."""


MEASURED = Measured(
    raw_bytes=40,
    cell_bytes=8,
    cells_per_creative_day=110,
    commit_seconds=0.06,
    event_seconds=1.8e-6,
    merge_seconds=0.7e-6,
    http_events=80_000,
)


MOST_OF_ALL = 0.01
"""Of all events in one part of an organisation; what twenty databases still spread well."""


class Assumed(NamedTuple):
    """What no measurement here tells; change it to your own."""

    peak: float = 2.0
    """The busiest hour over the mean."""
    busy: float = 0.6
    """How much of anything that can be busy is planned to be."""
    replicas: int = 2
    retention_days: int = 90
    disk_bytes: float = 4e12
    """Of one server, filled to 70 of 100."""
    network_seconds: float = 0.1
    """That a replicated commit adds: ten statements, each acknowledged by a majority. Not measured."""
    commit_events: int = 100_000
    events_per_creative_day: int = 10_000


ASSUMED = Assumed()


class Capacity(NamedTuple):
    """What so many events a day need."""

    events_a_day: int
    peak_per_second: float
    databases: int
    """Each with a journal of its own; today's server has one."""
    commits_per_second: float
    """Of each database, at the peak."""
    raw_bytes: float
    """Of all that is kept, on one replica."""
    rollup_bytes: float
    servers: int
    api_processes: int


def journal_rate(assumed: Assumed = ASSUMED) -> float:
    """Events a second that one journal commits at most, one commit after the other over all processes.

    >>> f"{journal_rate():,.0f}"
    '294,118'
    """
    commit = MEASURED.commit_seconds + assumed.network_seconds + assumed.commit_events * MEASURED.event_seconds
    return assumed.commit_events / commit


def database_rate(assumed: Assumed = ASSUMED) -> float:
    """Events a second that one database takes, planned with one process that writes; turns are not measured."""
    return min(journal_rate(assumed), MEASURED.http_events)


def capacity(events_a_day: int, assumed: Assumed = ASSUMED) -> Capacity:
    """The plan for so many events a day."""
    found = MEASURED
    peak = events_a_day / DAY * assumed.peak
    databases = max(1, math.ceil(peak / (database_rate(assumed) * assumed.busy)))
    kept = events_a_day * assumed.retention_days
    raw = kept * found.raw_bytes
    rollups = kept / assumed.events_per_creative_day * found.cells_per_creative_day * found.cell_bytes
    disks = math.ceil((raw + rollups) / (assumed.disk_bytes * 0.7))
    # Inserts and merges of a database keep about one core busy each; a server of 16 holds several databases.
    cores = peak * (found.event_seconds + found.merge_seconds) / assumed.busy
    servers = max(disks, math.ceil(cores / 16)) * assumed.replicas
    # A writer for each database, and two that answer questions.
    api = databases + 2
    rate = peak / databases / assumed.commit_events
    return Capacity(events_a_day, peak, databases, rate, raw, rollups, servers, api)


def table() -> str:
    """The table of docs/scaling.md."""
    lines = [
        "| events a day | a second, at the peak | databases | commits a second, each | in 90 days | servers | API |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for exponent in range(7, 11):
        found = capacity(10**exponent)
        kept = (found.raw_bytes + found.rollup_bytes) / 1e12
        lines.append(
            f"| {found.events_a_day:,} | {found.peak_per_second:,.0f} | {found.databases}"
            f" | {found.commits_per_second:.2f} | {kept:.2f} TB | {found.servers} | {found.api_processes} |"
        )
    return "\n".join(lines)


def place(organisation: int, databases: Sequence[int], parts: int = 1, part: int = 0) -> int:
    """The database of an organisation (or of one part of a large one), by rendezvous hashing.

    Adding a database takes from each of the others its share and moves nothing between them.
    """

    def weight(database: int) -> bytes:
        return hashlib.blake2b(f"{organisation}/{part % parts}/{database}".encode(), digest_size=8).digest()

    return max(databases, key=weight)


def parts_of(share: float) -> int:
    """Into how many parts an organisation with ``share`` of all events is split: none has more than ``MOST_OF_ALL``.

    How many databases there are has no say in it: parts that change move nearly all that an organisation has.
    """
    return max(1, math.ceil(share / MOST_OF_ALL))
