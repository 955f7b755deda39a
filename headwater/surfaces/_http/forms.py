"""Forms of pages: their fields as a struct, and the token that proves that one of our pages sent them.

>>> class Person(msgspec.Struct):
...     name: str
...     age: int | None = None
...     likes: list[str] = []
>>> decode(parse(b"name=Ada+L&age=&likes=a&likes=b,c"), Person)
Person(name='Ada L', age=None, likes=['a', 'b,c'])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from headwater.control.access import Access
from headwater.errors import Forbidden, InvalidRequest
from headwater.scope import Scope
from headwater.surfaces._http import cookies
from headwater.surfaces._http.endpoint import Headers, Typed
from headwater.surfaces._http.validation import faults, refusal

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
TOKEN: Final = "csrf_token"  # noqa: S105  # a field's name
_MOST = 2000


def parse(raw: bytes) -> Typed:
    """What was typed, by field; a field that is there twice has two texts."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except (UnicodeDecodeError, ValueError):
        raise InvalidRequest("The form is not encoded as forms are.", place="body", field="body") from None
    return gathered(pairs)


def gathered(pairs: Iterable[tuple[str, str]]) -> Typed:
    """The same of fields that were told apart before."""
    typed: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise InvalidRequest("The form holds a NUL character.", place="body", field=name.replace("\0", "")[:64])
        typed.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return typed


def decode(typed: Typed, struct: type[msgspec.Struct]) -> Any:
    """The form as ``struct``; a field that was left empty counts as not sent where the struct does without it."""
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(struct):
        sent = typed.get(field.encode_name, [])
        if isinstance(msgspec.inspect.type_info(field.type), msgspec.inspect.ListType):
            values[field.encode_name] = [text for text in sent if text]
        elif sent and (sent[-1] or field.required):
            values[field.encode_name] = sent[-1]
    try:
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError as error:
        raise refusal(error, struct, faults(values, struct, strict=False), "body", typed=True) from None


def secret_of(headers: Headers, caller: Scope | None) -> str:
    """What the token of this browser's forms is made from; empty where it has nothing."""
    return cookies.read(headers, cookies.SESSION if caller else cookies.VISITOR) or ""


def check_token(access: Access, headers: Headers, caller: Scope | None, typed: Typed) -> None:
    """Refuse a form that no page of ours sent, or that one sent before somebody else signed in."""
    secret, token = secret_of(headers, caller), typed.get(TOKEN, [""])[-1]
    try:
        access.check_csrf(secret, token)
    except Forbidden:
        secret = ""
    if not secret:
        raise Forbidden(
            "This form was not sent from a page that is still good. Go back, reload the page and send it again.",
            field=TOKEN,
        )
