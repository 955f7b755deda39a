"""What is asked of creators, videos and campaigns over time; nothing about how to answer it."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from headwater.catalogue.series import EntityKind, Mode

Granularity = Literal["day", "week", "month", "custom"]


class Span(msgspec.Struct, frozen=True, order=True):
    """Whole days from ``first`` to ``last``, both included, in the question's zone."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1


class Grid(msgspec.Struct, frozen=True):
    """How days fall into buckets; ``days`` is the length of custom ones, which begin at the span's first day."""

    granularity: Granularity
    days: int = 1


class SeriesQuestion(msgspec.Struct, frozen=True):
    """One metric of some entities of one kind, bucketed over a span.

    ``ids`` are the roster's numbers. ``base`` is the level that a growth rate is of.
    ``compared`` asks for the period before, ``by_video`` for the parts of the one
    entity. ``oldest`` is the first day that the plan lets be seen.
    """

    metric: str
    mode: Mode
    entity: EntityKind
    ids: tuple[int, ...]
    span: Span
    grid: Grid
    zone: str
    today: date
    base: str | None = None
    compared: bool = False
    by_video: bool = False
    oldest: date | None = None
