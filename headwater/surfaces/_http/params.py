"""Query strings as structs: ``id[]=1&id[]=2``, ``id=1&id=2`` and ``id=1,2`` all mean a list.

A struct's list is given as often as one likes, with or without ``[]`` behind its
name; all other fields at most once. Unknown names are refused where the endpoint
says so, with the nearest known one.
"""

from __future__ import annotations

from functools import cache
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from headwater.errors import InvalidRequest, Problem
from headwater.kit.suggest import did_you_mean
from headwater.surfaces._http.validation import convert, faults

T = TypeVar("T", bound=msgspec.Struct)

_MOST = 20_000


def parse_query(raw: bytes, struct: type[T], *, refuse_unknown: bool) -> T:
    """The query string as ``struct``; ``InvalidRequest`` names the parameters that are wrong."""
    names, lists = _names(struct)
    values: dict[str, object] = {}
    refused: list[InvalidRequest] = []
    for name, value in _pairs(raw):
        known = name if name in names else _other_spelling(name)
        if known not in names:
            if refuse_unknown:
                refused.append(_unknown(name, names))
        elif known in lists:
            items = values.setdefault(known, [])
            if isinstance(items, list):
                items.extend(item for item in value.split(",") if item)
                if len(items) > _MOST:
                    raise _invalid(f"'{known}' has more than {_MOST:,} values.", known, _MOST)
        elif known in values:
            refused.append(_invalid(f"'{name}' is given more than once.", name, "one value"))
        else:
            values[known] = value
    if refused:
        raise _all(refused, faults(values, struct, strict=False))
    return convert(values, struct)


def _all(refused: list[InvalidRequest], more: list[Problem]) -> InvalidRequest:
    """The first refusal, with the problems of all."""
    first = refused[0]
    problems = [*(problem for one in refused for problem in one.problems), *more]
    error = InvalidRequest(first.message, place="query", problems=problems)
    error.details = first.details
    return error


@cache
def _names(struct: type[msgspec.Struct]) -> tuple[frozenset[str], frozenset[str]]:
    """All names, and those of lists."""
    info = msgspec.inspect.type_info(struct)
    fields = info.fields if isinstance(info, msgspec.inspect.StructType) else ()
    lists = frozenset(field.encode_name for field in fields if _is_list(field.type))
    return frozenset(field.encode_name for field in fields), lists


def _is_list(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.Metadata):
        return _is_list(kind.type)
    return isinstance(kind, msgspec.inspect.ListType | msgspec.inspect.VarTupleType)


def _other_spelling(name: str) -> str:
    return name.removesuffix("[]") if name.endswith("[]") else f"{name}[]"


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except UnicodeDecodeError:
        raise InvalidRequest(
            "The query string is not percent-encoded UTF-8.", place="query", field="query string"
        ) from None
    except ValueError:
        raise _invalid(f"The query string has more than {_MOST:,} parameters.", "query string", _MOST) from None
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise InvalidRequest(
                "The query string holds a NUL character.", place="query", field=name.replace("\0", "")[:64]
            )
    return pairs


def _unknown(name: str, names: frozenset[str]) -> InvalidRequest:
    shown = name[:64]
    return _invalid(f"Unknown parameter '{shown}'.{did_you_mean(shown, sorted(names))}", shown, sorted(names))


def _invalid(message: str, field: str, allowed: object) -> InvalidRequest:
    return InvalidRequest(message, place="query", field=field, allowed=allowed)
