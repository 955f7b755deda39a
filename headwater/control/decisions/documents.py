"""Documents within a body as the structs that they must be, and what is wrong with one in the caller's words. Pure.

>>> class Cap(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
...     max_contacts: int
>>> typed({"maxContacts": 3}, Cap, "config").max_contacts
3
>>> typed({"maxContact": 3}, Cap, "config")
Traceback (most recent call last):
    ...
headwater.errors.InvalidRequest: 'config.maxContact' is unknown. Did you mean 'maxContacts'?
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean
from headwater.kit.type_words import said
from headwater.kit.typed_paths import choices, names, types_at

T = TypeVar("T")

_FIELD: Final = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_CHOICE: Final = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_LONGEST_SHOWN: Final = 64


def typed(value: Any, kind: type[T], path: str) -> T:
    """``value`` as ``kind``; ``path`` is what the caller calls the document."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason, _, at = str(error).partition(" - at `$")
        raise _refusal(reason, path, at.rstrip("`"), kind) from None


def _refusal(reason: str, path: str, at: str, kind: Any) -> InvalidRequest:
    if match := _FIELD.fullmatch(reason):
        field, known = f"{path}{at}.{match[2][:_LONGEST_SHOWN]}", names(types_at(kind, at))
        if match[1] == "missing required":
            return InvalidRequest(f"'{field}' is required.", field=field)
        hint = did_you_mean(match[2], known)
        return InvalidRequest(f"'{field}' is unknown.{hint}", field=field, allowed=known)
    field = path + at
    if match := _CHOICE.fullmatch(reason):
        allowed = choices(types_at(kind, at))
        words = f"'{field}' must be one of {', '.join(allowed)}.{did_you_mean(match[1], allowed)}"
        return InvalidRequest(words, field=field, allowed=allowed)
    return InvalidRequest(f"'{field}' {said(reason)}.", field=field)
