"""The cookies of this server: how they are read and set. What they mean is for others.

>>> read(Headers(cookie="theme=dark; headwater_session=abc"), SESSION)
'abc'
>>> read(Headers(cookie='prefs={"a": 1}; headwater_session=abc; x; é=ü'), SESSION)
'abc'
>>> lasting("a", "b", 60, secure=True)
('set-cookie', 'a=b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure')
"""

from __future__ import annotations

from typing import Final

from headwater.surfaces._http.endpoint import Headers

SESSION: Final = "headwater_session"
"""Whoever has signed in in a browser."""
VISITOR: Final = "headwater_visitor"
"""A browser in which nobody has signed in yet, so that only its own pages can send forms."""


def read(headers: Headers, name: str) -> str | None:
    """The value of a cookie; None where it was not sent.

    What others set on this host may be written as no standard allows (RFC 6265 section 4.2.1),
    and must not hide ours, as it does from the parser of the standard library.
    """
    for pair in (headers.cookie or "").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return None


def lasting(name: str, value: str, seconds: int, *, secure: bool) -> tuple[str, str]:
    """The header that sets a cookie which no script can read; nought seconds end it."""
    line = f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return "set-cookie", line + ("; Secure" if secure else "")
