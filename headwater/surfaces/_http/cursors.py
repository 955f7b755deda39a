"""Cursors of lists, newest first: numbers as texts that callers only hand back.

>>> read_cursor(cursor_of(1234), "nextCursor")
1234
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from headwater.errors import InvalidRequest

LONGEST_CURSOR: Final = 64
_BEFORE: Final = "before:"


def cursor_of(number: int | None) -> str | None:
    """The cursor of the rows older than ``number``; None where there are none."""
    return None if number is None else urlsafe_b64encode(f"{_BEFORE}{number}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, given_as: str) -> int | None:
    """The number that a cursor was made of; ``given_as`` is what lists call the cursor of the next page."""
    if cursor is None:
        return None
    try:
        word, number = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(":")
        if f"{word}:" == _BEFORE:
            return int(number)
    except ValueError:
        pass
    raise InvalidRequest(
        f"'cursor' is not one that this server gave; send '{given_as}' of the page before.", field="cursor"
    )
