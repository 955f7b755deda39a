"""The fields of each kind of source, as forms show them: read from the configurations themselves. Pure.

>>> [field.name for field in fields("rest")]
['base_url', 'path', 'rows', 'auth', 'token', 'key', 'header', 'username', 'password']
>>> values(fields("mysql"), {"host": "db", "port": "", "password": ""}, keep_secrets=True)
{'host': 'db', 'port': 3306, 'database': '', 'username': '', 'tls': 'prefer'}
>>> values(fields("rest"), {"base_url": "https://a.example", "auth": "bearer", "token": "t"}, keep_secrets=False)
{'base_url': 'https://a.example', 'path': '', 'rows': '$', 'auth': {'type': 'bearer', 'token': 't'}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect

from headwater.sources.config import LINES, SECRETS, Config, type_of

_CHOICES: Final = {
    "": "It need not",
    "bearer": "Bearer token",
    "api_key": "Key in a header",
    "basic": "Name and password",
    "off": "None",
    "prefer": "Where the server can",
    "require": "Always",
    "verify": "Always, and its certificate is checked",
}
"""What people call what can be chosen."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a form.

    ``default`` is what holds where it is left empty. One that stands within ``within`` belongs to
    its choice ``of``. ``lines`` is of texts of several lines.
    """

    name: str
    label: str
    hint: str = ""
    required: bool = False
    secret: bool = False
    lines: bool = False
    default: Any = ""
    choices: Sequence[tuple[str, str]] = ()
    low: int | None = None
    high: int | None = None
    longest: int | None = None
    within: str = ""
    of: str = ""


@cache
def fields(kind: str) -> tuple[Field, ...]:
    """Those of a kind of source, each of whatever depth beside the others: their names differ."""
    # What structs take over from others comes last in them; a port belongs to its host.
    return tuple(sorted(_fields_of(_struct(kind)), key=lambda one: one.name not in ("host", "port")))


def missing(declared: Sequence[Field], typed: Mapping[str, str], *, keep_secrets: bool) -> list[str]:
    """The fields that must not be empty and are."""
    return [
        field.name
        for field in declared
        if field.required
        and not typed.get(field.name)
        and not (field.secret and keep_secrets)
        and (not field.within or typed.get(field.within) == field.of)
    ]


def values(declared: Sequence[Field], typed: Mapping[str, str], *, keep_secrets: bool) -> dict[str, Any]:
    """What was typed, as ``connection_config`` takes it but for its ``type``.

    With ``keep_secrets`` a secret that was left empty is left out, which keeps the one of before.
    """
    found: dict[str, Any] = {}
    for field in declared:
        if field.within:
            continue
        if any(one.within == field.name for one in declared):
            found[field.name] = _inner(field, declared, typed, keep_secrets=keep_secrets)
        else:
            _put(found, field, typed, keep_secrets=keep_secrets)
    return found


def shown(config: Config) -> dict[str, str]:
    """What stands in the fields of a source's form; nothing in those of secrets."""
    plain = msgspec.to_builtins(config)
    flat: dict[str, str] = {}
    for field in fields(type_of(config)):
        value = (plain.get(field.within) or {}).get(field.name) if field.within else plain.get(field.name)
        if isinstance(value, dict):
            flat[field.name] = value["type"]
        elif value is not None and not field.secret:
            flat[field.name] = str(value)
    return flat


def _inner(
    field: Field, declared: Sequence[Field], typed: Mapping[str, str], *, keep_secrets: bool
) -> dict[str, Any] | None:
    chosen = typed.get(field.name, "")
    if not chosen:
        return None
    inner: dict[str, Any] = {"type": chosen}
    for one in declared:
        if one.within == field.name and one.of == chosen:
            _put(inner, one, typed, keep_secrets=keep_secrets)
    return inner


def _put(found: dict[str, Any], field: Field, typed: Mapping[str, str], *, keep_secrets: bool) -> None:
    text = typed.get(field.name, "")
    if text or not field.secret:
        found[field.name] = text or field.default
    elif not keep_secrets:
        found[field.name] = ""


def _struct(kind: str) -> type[msgspec.Struct]:
    found: type[msgspec.Struct] = next(one for one in get_args(Config) if one.__struct_config__.tag == kind)
    return found


def _fields_of(struct: type[msgspec.Struct], within: str = "", of: str = "") -> Iterator[Field]:
    for one in msgspec.structs.fields(struct):
        kind, meta = inspect.type_info(one.type), {}
        while isinstance(kind, inspect.Metadata):
            meta = {**(kind.extra_json_schema or {}), **(kind.extra or {})}
            kind = kind.type
        alternatives = [part.cls for part in getattr(kind, "types", ()) if isinstance(part, inspect.StructType)]
        yield _field(one, kind, meta, alternatives, within, of)
        for inner in alternatives:
            yield from _fields_of(inner, one.name, str(inner.__struct_config__.tag))


def _field(
    one: msgspec.structs.FieldInfo,
    kind: inspect.Type,
    meta: Mapping[str, Any],
    alternatives: Sequence[type[msgspec.Struct]],
    within: str,
    of: str,
) -> Field:
    tags = ["", *(str(inner.__struct_config__.tag) for inner in alternatives)]
    choices = [(str(value), _CHOICES[value]) for value in getattr(kind, "values", ())]
    return Field(
        name=one.name,
        label=str(meta.get("title", one.name)),
        hint=str(meta.get("description", "")),
        required=one.required,
        secret=one.name in SECRETS,
        lines=LINES in meta,
        default="" if one.default in (msgspec.NODEFAULT, None) else one.default,
        choices=[(tag, _CHOICES[tag]) for tag in tags] if alternatives else choices,
        low=getattr(kind, "ge", None),
        high=getattr(kind, "le", None),
        longest=getattr(kind, "max_length", None),
        within=within,
        of=of,
    )
