"""The types of what stands at a path within a struct: what an error message may say is allowed there.

>>> Filter = msgspec.defstruct("Filter", [("measure", Literal["clicks", "views"])])
>>> Asked = msgspec.defstruct("Asked", [("filters", list[Filter])])
>>> choices(types_at(Asked, "filters[0].measure")), types_at(Asked, "filters[0].nothing")
(['clicks', 'views'], [])
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

_STEP: Final = re.compile(r"(\w+)|\[[^\]]*\]")


def alternatives(kind: Any) -> Iterator[Any]:
    """The types that a union, annotated or not, is made of."""
    if get_origin(kind) in (Annotated, Union, UnionType):
        for one in get_args(kind):
            yield from alternatives(one)
    else:
        yield kind


def structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """The structs among them."""
    for one in alternatives(kind):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            yield one


def types_at(kind: Any, path: str) -> list[Any]:
    """Every type that the value at ``path`` may have; none for a path that leads nowhere."""
    found = [kind]
    for step in _STEP.finditer(path):
        found = [below for one in found for below in _below(one, step[1])]
    return found


def names(kinds: Iterable[Any]) -> list[str]:
    """The fields of every struct among the types."""
    return sorted(
        {field.encode_name for kind in kinds for one in structs(kind) for field in msgspec.structs.fields(one)}
    )


def choices(kinds: Iterable[Any]) -> list[Any]:
    """What the literals among the types allow."""
    literals = (one for kind in kinds for one in alternatives(kind) if get_origin(one) is Literal)
    return [choice for one in literals for choice in get_args(one)]


def _below(kind: Any, name: str | None) -> Iterator[Any]:
    """The types of the field of this name, or of a list's items where there is none."""
    if name is None:
        yield from (item for one in alternatives(kind) if get_origin(one) is list for item in get_args(one))
        return
    for one in structs(kind):
        tag = one.__struct_config__.tag
        if tag is not None and one.__struct_config__.tag_field == name:
            yield Literal[tag]
        yield from (field.type for field in msgspec.structs.fields(one) if field.encode_name == name)
