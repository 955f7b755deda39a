"""How long decisions took: the median and the 99th percentile of each day, interpolated linearly."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from headwater.catalogue.decisions import DECISION_TRACES, RUN_LATENCIES
from headwater.kit.rounding import rounded_number
from headwater.query.decisions.dashboard import Span
from headwater.query.decisions.facts import Facts
from headwater.storage.schema import AMOUNT_SCALE

_FRACTIONS: Final = (0.5, 0.99)


class LatencyDay(msgspec.Struct, frozen=True):
    """Whole milliseconds; None on a day without any run."""

    date: date
    p50: int | None = None
    p99: int | None = None


async def latencies(facts: Facts, span: Span) -> tuple[LatencyDay, ...]:
    """Of runs, or of traces where the window has no runs; nothing where it has neither."""
    rows = await facts.quantiles(RUN_LATENCIES, "duration_ms", _FRACTIONS, span.window)
    rows = rows or await facts.quantiles(DECISION_TRACES, "latency_ms", _FRACTIONS, span.window)
    found = {day: LatencyDay(day, *(int(rounded_number(value / AMOUNT_SCALE, 0)) for value in of)) for day, *of in rows}
    return tuple(found.get(day, LatencyDay(day)) for day in span.shown) if rows else ()
