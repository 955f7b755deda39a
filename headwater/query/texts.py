"""The texts of compiled statements, kept by what decides them: writing one costs more than asking some questions."""

from __future__ import annotations

from collections.abc import Callable, Hashable

_MOST = 1000


class Texts:
    """Texts by their shape; when there are too many, all are forgotten and those still in use written anew.

    >>> Texts().get(("duckdb", "a shape"), lambda: "SELECT 1")
    'SELECT 1'
    """

    def __init__(self) -> None:
        self._texts: dict[Hashable, str] = {}

    def get(self, key: Hashable, write: Callable[[], str]) -> str:
        """The text under ``key``, written if it is not there."""
        text = self._texts.get(key)
        if text is None:
            if len(self._texts) >= _MOST:
                self._texts.clear()
            text = self._texts[key] = write()
        return text
