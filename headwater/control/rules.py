"""Checks that several folders make of what people send: texts, documents and row ids.

Each takes the caller's own name of the field, so that the error can name it. Knows no
table and no database.

>>> text("  Winter  ", "name", longest=255)
'Winter'
>>> text("", "name", longest=255)
Traceback (most recent call last):
    ...
headwater.errors.InvalidRequest: 'name' must have 1 to 255 characters; it has 0.
"""

from __future__ import annotations

import re
from typing import Final

from headwater.control.record import LARGEST_ROW_ID
from headwater.errors import InvalidRequest

_DEEPEST: Final = 32
# Lone surrogates cannot be encoded, so no database takes them.
_UNFIT_FOR_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNFIT_FOR_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def text(value: str, field: str, *, longest: int) -> str:
    """One line without white space around it, of 1 to ``longest`` characters."""
    value = value.strip()
    if not 1 <= len(value) <= longest:
        raise InvalidRequest(
            f"'{field}' must have 1 to {longest} characters; it has {len(value)}.", field=field, longest=longest
        )
    if _UNFIT_FOR_LINE.search(value):
        raise InvalidRequest(f"'{field}' must not contain control characters.", field=field)
    return value


def long_text(value: str, field: str, *, longest: int) -> str:
    """Any number of lines, up to ``longest`` characters; may be empty."""
    if len(value) > longest:
        raise InvalidRequest(
            f"'{field}' must have at most {longest} characters; it has {len(value)}.", field=field, longest=longest
        )
    if _UNFIT_FOR_TEXT.search(value):
        raise InvalidRequest(f"'{field}' must not contain control characters but tab and line ends.", field=field)
    return value


def not_too_deep(document: object, field: str) -> None:
    """Refuse a document that is nested so deeply that something on its way could give up."""
    if _deeper_than(document, _DEEPEST):
        raise InvalidRequest(f"'{field}' must not be nested deeper than {_DEEPEST}.", field=field)


def _deeper_than(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(item, levels - 1) for item in items)


def one_line(value: str, longest: int) -> str:
    """``value`` made fit for ``text``: control characters become spaces, the rest is cut off.

    >>> one_line("Which one?\\nThis", 255)
    'Which one? This'
    """
    return _UNFIT_FOR_LINE.sub(" ", value).strip()[:longest].strip()


def is_row_id(value: int) -> bool:
    """Whether a row could have this id; drivers refuse what the column cannot hold."""
    return 1 <= value <= LARGEST_ROW_ID
