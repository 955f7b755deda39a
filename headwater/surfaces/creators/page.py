"""Lists by cursor: what every list takes, and cursors as texts that callers only hand back.

>>> read_cursor(cursor_of(1234))
1234
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from msgspec import Meta

from headwater.errors import InvalidRequest

Limit = Annotated[int, Meta(ge=1, le=100, description="Rows of a page.")]
Cursor = Annotated[str, Meta(max_length=64, description="`meta.nextCursor` of the page before.")]
Search = Annotated[
    str, Meta(max_length=255, description="Only rows with this in a name, handle, title, address or external id.")
]


def cursor_of(number: int | None) -> str | None:
    """The cursor of the rows older than ``number``; None where there are none."""
    return None if number is None else urlsafe_b64encode(b"before:%d" % number).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int | None:
    """The number that a cursor was made of."""
    if cursor is None:
        return None
    try:
        read = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        return int(read.removeprefix("before:"))
    except ValueError:
        raise InvalidRequest(
            "'cursor' is not one that this server gave; send 'meta.nextCursor' of the page before.", field="cursor"
        ) from None
