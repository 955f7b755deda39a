"""Lists by cursor: what every list of decision entities takes and answers."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from headwater.surfaces._http import cursors
from headwater.surfaces._http.cursors import LONGEST_CURSOR, cursor_of

T = TypeVar("T")


class EntitiesQuery(msgspec.Struct, frozen=True):
    """Parameters of every list."""

    limit: Annotated[int, Meta(ge=1, le=200, description="Rows of a page.")] = 25
    cursor: (
        Annotated[str, Meta(max_length=LONGEST_CURSOR, description="`pagination.nextCursor` of the page before.")]
        | None
    ) = None

    @property
    def before(self) -> int | None:
        """The number that the cursor was made of."""
        return cursors.read_cursor(self.cursor, "pagination.nextCursor")


class Pagination(msgspec.Struct, frozen=True, rename="camel"):
    """``total`` counts the rows of all pages; ``nextCursor`` is the ``cursor`` of the next one, null on the last."""

    total: int
    limit: int
    has_more: bool
    next_cursor: str | None


class EntityList(msgspec.Struct, Generic[T], frozen=True):
    """A page, newest first."""

    data: list[T]
    pagination: Pagination


def listed(rows: list[T], query: EntitiesQuery, total: int, before: int | None) -> EntityList[T]:
    """A page, and where the next one begins."""
    return EntityList(rows, Pagination(total, query.limit, before is not None, cursor_of(before)))
