"""What msgspec found wrong, said in the caller's words: which field, what was wrong, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from headwater.errors import InvalidRequest, Place, Problem
from headwater.kit.suggest import did_you_mean
from headwater.kit.type_words import said
from headwater.kit.typed_paths import alternatives, types_at

T = TypeVar("T", bound=msgspec.Struct)

_PATH = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<key>key in )?\$(?P<path>.*?)`)?$", re.DOTALL)
_FIELD = re.compile(r"object (?:missing required|contains unknown) field `(?P<name>[^`]*)`", re.IGNORECASE)


def convert(values: object, struct: type[T]) -> T:
    """``values`` (texts, as a query string has them) as ``struct``, or ``InvalidRequest``."""
    try:
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError as error:
        raise refusal(error, struct, faults(values, struct, strict=False), "query", typed=True) from None


def decode(body: bytes, struct: type[Any]) -> Any:
    """A JSON body as ``struct``, or ``InvalidRequest``."""
    try:
        return msgspec.json.decode(body, type=struct)
    except msgspec.ValidationError as error:
        raise refusal(error, struct, faults(_plain(body), struct, strict=True), "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(
            f"The body is not valid JSON: {error}.", place="body", field="body", allowed="a JSON object"
        ) from None


def _plain(body: bytes) -> object:
    """The body without a type; None where it is not JSON behind the place that was refused."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def refusal(
    error: msgspec.ValidationError,
    struct: type[msgspec.Struct],
    problems: Sequence[Problem],
    place: Place,
    *,
    typed: bool = False,
) -> InvalidRequest:
    """The error as one for the caller: the first problem in its words, and all that were found; ``typed`` are texts."""
    name, message, allowed = _told(error, _types(struct), typed=typed)
    problems = problems or [Problem(name, message)]
    if allowed is None:
        return InvalidRequest(message, place=place, problems=problems, field=name)
    return InvalidRequest(message, place=place, problems=problems, field=name, allowed=allowed)


def faults(values: object, struct: type[msgspec.Struct], *, strict: bool, at: str = "") -> list[Problem]:
    """Every field of ``values`` that is wrong, each looked at by itself; empty where only the whole is wrong."""
    if not isinstance(values, dict):
        return []
    found: list[Problem] = []
    fields = msgspec.structs.fields(struct)
    if struct.__struct_config__.forbid_unknown_fields:
        unknown = values.keys() - {field.encode_name for field in fields}
        found += [Problem(at + name, f"'{at}{name}' is unknown.") for name in sorted(unknown)]
    for field in fields:
        name = at + field.encode_name
        if field.encode_name in values:
            found += _faults_of(values[field.encode_name], field.type, name, strict)
        elif field.required:
            found.append(Problem(name, f"'{name}' is required."))
    return found


def _faults_of(value: object, kind: Any, name: str, strict: bool) -> list[Problem]:
    """What is wrong with one field; a list or a struct within is looked at piece by piece."""
    try:
        msgspec.convert(value, kind, strict=strict, str_keys=True)
    except msgspec.ValidationError as error:
        below: list[Problem] = []
        for one in alternatives(kind):
            if isinstance(value, list) and get_origin(one) is list:
                item = get_args(one)[0]
                below += [
                    bad for key, part in enumerate(value) for bad in _faults_of(part, item, f"{name}[{key}]", strict)
                ]
            elif isinstance(one, type) and issubclass(one, msgspec.Struct):
                below += faults(value, one, strict=strict, at=f"{name}.")
        return below or [Problem(*_told(error, {name: kind}, name, typed=not strict)[:2])]
    return []


def _types(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(struct)}


def _told(
    error: msgspec.ValidationError, types: dict[str, Any], at: str = "", *, typed: bool
) -> tuple[str, str, object]:
    """The name of what is wrong, a sentence, and what is allowed; ``at`` is where the value itself stands."""
    match = _PATH.match(str(error))
    reason, path = (match["reason"], match["path"]) if match else (str(error), None)
    name = (at + (path or "")).lstrip(".") or "body"
    if found := _FIELD.search(str(error)):
        name = found["name"] if name == "body" else f"{name}.{found['name']}"
        fault = "is required" if "missing" in reason else "is unknown"
        return name, f"'{name}' {fault}.", _allowed(types, name)
    choices = _allowed(types, name)
    value = re.search(r"Invalid (?:enum )?value '(?P<value>.*)'", reason)
    hint = did_you_mean(value["value"], choices) if value and isinstance(choices, list) else ""
    return name, f"'{name}' {said(reason, typed=typed)}.{hint}", choices


def _allowed(types: dict[str, Any], name: str) -> object:
    """What the field takes, as its type says; None when the name is not a field's."""
    # Behind the name may stand where in it the value is: "ids[0]", "metric[][1]", "filters[0].measure".
    longest_first = sorted(types, key=len, reverse=True)
    known = next((key for key in longest_first if name == key or name.startswith((f"{key}[", f"{key}."))), None)
    found = types_at(types[known], name.removeprefix(known)) if known is not None else []
    described = [_describe(msgspec.inspect.type_info(one)) for one in found]
    return _joined(described) if described else None


def _describe(kind: msgspec.inspect.Type) -> object:
    match kind:
        case msgspec.inspect.Metadata(type=inner):
            return _describe(inner)
        case msgspec.inspect.LiteralType(values=values):
            return list(values)
        case msgspec.inspect.UnionType(types=types):
            return _joined([_describe(one) for one in types if not isinstance(one, msgspec.inspect.NoneType)])
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item):
            items = _describe(item)
            return items if isinstance(items, list) else f"a list of: {items}"
        case msgspec.inspect.IntType(ge=low, le=high):
            bounds = [f"from {low}"] * (low is not None) + [f"up to {high}"] * (high is not None)
            return " ".join(["integer", *bounds])
        case msgspec.inspect.StrType(min_length=low, max_length=high):
            bounds = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
            return "text" + (f" of {' and '.join(bounds)} characters" if bounds else "")
        case msgspec.inspect.FloatType(ge=low, le=high):
            bounds = [f"from {low:g}"] * (low is not None) + [f"up to {high:g}"] * (high is not None)
            return " ".join(["number", *bounds])
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.StructType() | msgspec.inspect.DictType():
            return "object"
        case _:
            return type(kind).__name__.removesuffix("Type").lower()


def _joined(described: list[object]) -> object:
    """What any of several types takes: the choices of all, else each in its own words."""
    if len(described) == 1:
        return described[0]
    return [choice for one in described for choice in (one if isinstance(one, list) else [str(one)])]
