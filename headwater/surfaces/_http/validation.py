"""What msgspec found wrong, said in the caller's words: which field, what was wrong, what is allowed."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean

_PATH = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<key>key in )?\$(?P<path>.*?)`)?$", re.DOTALL)
_FIELD = re.compile(r"object (?:missing required|contains unknown) field `(?P<name>[^`]*)`", re.IGNORECASE)


def convert(values: object, struct: type[Any]) -> Any:
    """``values`` (texts, as a query string has them) as ``struct``, or ``InvalidRequest``."""
    try:
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError as error:
        raise refusal(error, struct) from None


def decode(body: bytes, struct: type[Any]) -> Any:
    """A JSON body as ``struct``, or ``InvalidRequest``."""
    try:
        return msgspec.json.decode(body, type=struct)
    except msgspec.ValidationError as error:
        raise refusal(error, struct) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.", field="body", allowed="a JSON object") from None


def refusal(error: msgspec.ValidationError, struct: type[msgspec.Struct]) -> InvalidRequest:
    """The error as one for the caller."""
    match = _PATH.match(str(error))
    reason, path = (match["reason"], match["path"]) if match else (str(error), None)
    reason = reason[:1].lower() + reason[1:]
    name = (path or "").lstrip(".") or "body"
    if found := _FIELD.search(str(error)):
        name = found["name"] if name == "body" else f"{name}.{found['name']}"
        reason = "is required" if "missing" in reason else "is unknown"
        return _invalid(f"'{name}' {reason}.", name, _allowed(struct, name))
    choices = _allowed(struct, name)
    value = re.search(r"enum value '(?P<value>.*)'", reason)
    hint = did_you_mean(value["value"], choices) if value and isinstance(choices, list) else ""
    return _invalid(f"'{name}' is wrong: {reason.replace('`', '')}.{hint}", name, choices)


def _invalid(message: str, field: str, allowed: object) -> InvalidRequest:
    if allowed is None:
        return InvalidRequest(message, field=field)
    return InvalidRequest(message, field=field, allowed=allowed)


def _allowed(struct: type[msgspec.Struct], name: str) -> object:
    """What the field takes, as its type says; None when the name is not a field's."""
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    # An index behind the name is the position in a list: "ids[0]", "metric[][1]".
    known = next(
        (key for key in sorted(fields, key=len, reverse=True) if name == key or name.startswith(f"{key}[")), None
    )
    if known is None:
        return None
    return _describe(msgspec.inspect.type_info(fields[known]))


def _describe(kind: msgspec.inspect.Type) -> object:
    match kind:
        case msgspec.inspect.Metadata(type=inner):
            return _describe(inner)
        case msgspec.inspect.LiteralType(values=values):
            return list(values)
        case msgspec.inspect.UnionType(types=types):
            described = [_describe(one) for one in types if not isinstance(one, msgspec.inspect.NoneType)]
            return described[0] if len(described) == 1 else [str(one) for one in described]
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item):
            items = _describe(item)
            return items if isinstance(items, list) else f"a list of: {items}"
        case msgspec.inspect.IntType(ge=low, le=high):
            bounds = [f"from {low}"] * (low is not None) + [f"up to {high}"] * (high is not None)
            return " ".join(["integer", *bounds])
        case msgspec.inspect.StrType(min_length=low, max_length=high):
            bounds = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
            return "text" + (f" of {' and '.join(bounds)} characters" if bounds else "")
        case _:
            return type(kind).__name__.removesuffix("Type").lower()
