"""The cookies of this server: how they are read and set. What they mean is for others.

>>> read(Headers(cookie="theme=dark; headwater_session=abc"), SESSION)
'abc'
>>> lasting("a", "b", 60, secure=True)
('set-cookie', 'a=b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure')
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Final

from headwater.surfaces._http.endpoint import Headers

SESSION: Final = "headwater_session"
"""Whoever has signed in in a browser."""
VISITOR: Final = "headwater_visitor"
"""A browser in which nobody has signed in yet, so that only its own pages can send forms."""


def read(headers: Headers, name: str) -> str | None:
    """The value of a cookie; None where it was not sent, or not as cookies are written."""
    if not headers.cookie:
        return None
    try:
        morsel = SimpleCookie(headers.cookie).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None


def lasting(name: str, value: str, seconds: int, *, secure: bool) -> tuple[str, str]:
    """The header that sets a cookie which no script can read; nought seconds end it."""
    line = f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return "set-cookie", line + ("; Secure" if secure else "")
