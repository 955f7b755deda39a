"""Which tables answer a question: the coarsest rollups that fit, raw facts only for the edges.

The parts of a plan never overlap and together cover the window, so their sums
may be added. Pure: knows tables by their catalogue declaration only.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from headwater.catalogue.model import Rollup
from headwater.query.resolve import Resolved
from headwater.query.window import Window, ceil, floor

_COARSENESS = {None: 0, "day": 1, "hour": 2}


class Part(msgspec.Struct, frozen=True):
    """One table read over one span; ``rollup`` None means the raw facts."""

    rollup: Rollup | None
    start: datetime | None
    end: datetime | None


class Plan(msgspec.Struct, frozen=True):
    """What to read for a resolved question: at least one part, also for an empty window."""

    resolved: Resolved
    parts: tuple[Part, ...]


def plan(resolved: Resolved) -> Plan:
    """Choose the tables."""
    window = resolved.window or Window(None, None)
    parts = _cover(window.start, window.end, _fitting(resolved))
    return Plan(resolved, tuple(parts or [Part(None, window.start, window.end)]))


def _fitting(resolved: Resolved) -> list[Rollup]:
    """Rollups that hold the metrics, the dimensions and the granularity, the coarsest first."""
    needed = {dimension.name for dimension in resolved.breakdown} | {"creative"}
    metrics = {metric.name for metric in resolved.stored}
    unbounded = resolved.window is None and resolved.grain is None
    fitting = [
        rollup
        for rollup in resolved.dataset.rollups
        if needed <= set(rollup.dimensions)
        and metrics <= set(rollup.metrics)
        and (rollup.grain is not None or unbounded)
        and not (rollup.grain == "day" and resolved.grain == "hour")
    ]
    return sorted(fitting, key=lambda rollup: (_COARSENESS[rollup.grain], len(rollup.dimensions)))


def _cover(start: datetime | None, end: datetime | None, rollups: list[Rollup]) -> list[Part]:
    """Cover ``[start, end)``: whole buckets from the first rollup, what sticks out from the finer ones."""
    if start is not None and end is not None and start >= end:
        return []
    if not rollups:
        return [Part(None, start, end)]
    grain, finer = rollups[0].grain, rollups[1:]
    if grain is None:
        return [Part(rollups[0], start, end)]
    inner_start = ceil(start, grain) if start is not None else None
    inner_end = floor(end, grain) if end is not None else None
    if inner_start is not None and inner_end is not None and inner_start >= inner_end:
        return _cover(start, end, finer)
    head = _cover(start, inner_start, finer) if start is not None else []
    tail = _cover(inner_end, end, finer) if end is not None else []
    return [*head, Part(rollups[0], inner_start, inner_end), *tail]
