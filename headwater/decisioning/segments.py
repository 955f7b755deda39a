"""Refreshing a segment: its list becomes the customers whose interactions meet its filters now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from headwater.catalogue.decisions import SEGMENT_MEMBERS
from headwater.control.decisions.book import Segment
from headwater.decisioning.ports import Books, Facts
from headwater.decisioning.recommend import as_facts
from headwater.decisioning.rows import member_rows
from headwater.decisioning.turns import Turns
from headwater.errors import InvalidRequest, NotFound
from headwater.kit.clock import Clock
from headwater.scope import Scope
from headwater.storage.port import FactBatch


class Customers(Protocol):
    """Who the facts say meets filters."""

    async def matching(self, filters: Sequence[Mapping[str, Any]], scope: Scope) -> list[str]:
        """The customers whose interactions meet every filter."""


class Segments:
    """Makes lists of segments."""

    def __init__(self, books: Books, customers: Customers, facts: Facts, turns: Turns, clock: Clock) -> None:
        self._books = books
        self._customers = customers
        self._facts = facts
        self._clock = clock
        self._turns = turns

    async def refresh(self, public_id: str, scope: Scope) -> None:
        """Store the segment's list anew, durable on return.

        Refreshes of one segment take turns, so that the last one's list stays. Raises
        ``NotFound``, and ``InvalidRequest`` for a segment without filters, which is told its members.
        """
        segment = _found((await self._books.get(scope.organisation_id)).segments.values(), public_id)
        if not segment.filters:
            raise InvalidRequest(
                f"The segment '{public_id}' has no filters to refresh it by; send its members to"
                " 'ingest/segment-members' or give it 'filters'.",
                field="filters",
            )
        async with self._turns.of(scope.organisation_id, segment.number):
            customers = await self._customers.matching(segment.filters, scope)
            rows = member_rows(segment.number, customers, as_facts(self._clock()))
            await self._facts.append_together([FactBatch(scope, SEGMENT_MEMBERS.name, rows)])


def _found(segments: Iterable[Segment], public_id: str) -> Segment:
    found = next((one for one in segments if one.id == public_id and not one.archived), None)
    if found is None:
        raise NotFound(f"There is no segment '{public_id[:64]}'.", field="id")
    return found
