"""Takes out of texts what looks like a credential, wherever it came from.

A second line of defence for logs and records: nothing is meant to put a credential
there, but an exception of a library may repeat what it was given.

>>> redacted("key hw_live_3fK9aZqqqqqqqqqqqqqqqq was sent")
'key hw_live_… was sent'
>>> redacted('{"password": "correct horse", "name": "x"}')
'{"password": "…", "name": "x"}'
>>> redacted("Authorization: Bearer abc.def")
'Authorization: Bearer …'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

HIDDEN: Final = "…"
_NAMES: Final = (
    r"[\w-]{0,40}(?:passw(?:or)?d|secret|token|api[_-]?key|credential|authorization|cookie|csrf|headwater_session)"
    r"[\w-]{0,40}"
)
_BY_FORM = re.compile(
    r"(?P<key>hw_live_)(?:[0-9A-Za-z]{12,})"
    r"|(?P<hook>whsec_)[0-9A-Za-z+/=_-]{8,}"
    r"|(?P<jwt>eyJ)[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|(?P<hash>\$argon2)[^\s'\"]+"
    r"|(?P<bearer>\b(?:[Bb]earer|[Bb]asic) )[^\s'\",]+"
)
# A name that says what follows, then the value: in quotes (which may be escaped once more), or up to the next break.
_BY_NAME = re.compile(
    rf"(?P<name>\b{_NAMES}\\?[\"']?\s*[=:]\s*)"
    r"(?:b?(?P<quote>\\?[\"'])(?P<quoted>.{0,4096}?)(?P=quote)"
    r"|(?P<plain>(?!Bearer |Basic |bearer |basic )[^\s\"',;&}\]\)]+))",
    re.IGNORECASE | re.DOTALL,
)
_SENSITIVE = re.compile(_NAMES, re.IGNORECASE).fullmatch


def redacted(text: str) -> str:
    """``text`` with each credential in it cut to what tells its sort."""
    text = _BY_FORM.sub(lambda found: f"{found[found.lastgroup or 0]}{HIDDEN}", text)
    return _BY_NAME.sub(lambda found: f"{found['name']}{found['quote'] or ''}{HIDDEN}{found['quote'] or ''}", text)


def redacted_value(value: Any, name: str = "") -> Any:
    """The same of everything in a value as JSON has them; what stands under a telling name goes altogether."""
    if isinstance(value, str):
        return HIDDEN if value and _SENSITIVE(name) else redacted(value)
    if isinstance(value, Mapping):
        return {key: redacted_value(one, str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_value(one, name) for one in value]
    return value


def redact_line(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The same of a log line, as a step of logging; to be taken after exceptions are text."""
    for name, value in line.items():
        line[name] = redacted_value(value, name)
    return line
