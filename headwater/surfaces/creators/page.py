"""Lists by cursor: what every list takes, and the cursor that it was given."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from headwater.surfaces._http import cursors
from headwater.surfaces._http.cursors import LONGEST_CURSOR

Limit = Annotated[int, Meta(ge=1, le=100, description="Rows of a page.")]
Cursor = Annotated[str, Meta(max_length=LONGEST_CURSOR, description="`meta.nextCursor` of the page before.")]
Search = Annotated[
    str, Meta(max_length=255, description="Only rows with this in a name, handle, title, address or external id.")
]


def read_cursor(cursor: str | None) -> int | None:
    """The number that a cursor was made of."""
    return cursors.read_cursor(cursor, "meta.nextCursor")
