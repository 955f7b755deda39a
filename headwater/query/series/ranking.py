"""The order of a list and the page of it that was asked for. Pure.

Rows of which the ranking figure is unknown come last whatever the direction; ties
are ordered by what callers call the rows, so that pages never overlap.

>>> page = ranked(["b", "a", "c"], {"a": 1, "b": 1, "c": None}.get, str, Order("n", descending=True), Cut(2, 0))
>>> page.rows, page.total
([(1, 'a'), (2, 'b')], 3)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from typing import Generic, TypeVar

import msgspec

from headwater.query.series.shape import Number

T = TypeVar("T")


class Order(msgspec.Struct, frozen=True):
    """By which column, and which way."""

    column: str
    descending: bool


class Cut(msgspec.Struct, frozen=True):
    """At most ``limit`` rows behind the first ``offset``."""

    limit: int
    offset: int


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Rows with their ranks, which count from 1 over the whole list; ``total`` is how many the list has."""

    rows: list[tuple[int, T]]
    total: int


def ranked(
    items: Iterable[T], value: Callable[[T], Number | None], name: Callable[[T], str], order: Order, cut: Cut
) -> Page[T]:
    """The page of ``items`` in order of their ``value``."""
    known: list[tuple[Number, T]] = []
    unknown: list[T] = []
    for item in items:
        found = value(item)
        if found is None:
            unknown.append(item)
        else:
            known.append((found, item))
    known.sort(key=itemgetter(0), reverse=order.descending)
    alike = [[item for _, item in same] for _, same in groupby(known, key=itemgetter(0))]
    rows: list[tuple[int, T]] = []
    place, until = 0, cut.offset + cut.limit
    for group in (*alike, unknown):
        # Names are asked for where the page needs them only: of fifty thousand rows it shows twenty.
        if place < until and place + len(group) > cut.offset:
            first = max(cut.offset - place, 0)
            rows.extend(enumerate(sorted(group, key=name)[first : until - place], place + first + 1))
        place += len(group)
    return Page(rows, place)
