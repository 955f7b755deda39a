"""Headers that let a browser do no more with an answer than show it, after OWASP's sheet for REST services.

An answer that sets one of them itself knows better; pages do.
"""

from __future__ import annotations

from typing import Final

_DEFAULTS: Final = (
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
)
_ONLY_TLS: Final = ("strict-transport-security", "max-age=31536000")


class BrowserHeaders:
    """The headers of a server whose people reach it by TLS, or not."""

    def __init__(self, *, tls: bool) -> None:
        self._defaults = (*_DEFAULTS, _ONLY_TLS) if tls else _DEFAULTS

    def beside(self, own: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
        """What goes out with an answer that has ``own`` headers; names are in small letters.

        >>> dict(BrowserHeaders(tls=False).beside((("cache-control", "max-age=60"),))).get("cache-control")
        """
        named = {name for name, _ in own}
        return [one for one in self._defaults if one[0] not in named]
