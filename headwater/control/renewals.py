"""What is kept for two seconds is looked up again after one, beside the requests that still use it.

Otherwise every caller would wait each time that it runs out, all of them at once.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

import structlog

from headwater.errors import HeadwaterError
from headwater.kit.beside import Beside

TRUSTED_FOR: Final = timedelta(seconds=2)
"""For how long what another process may have changed is used without asking the database."""
RENEWED_AFTER: Final = TRUSTED_FOR / 2
_log = structlog.get_logger(__name__)


class Renewals:
    """The lookups under way."""

    def __init__(self) -> None:
        self._beside = Beside()

    def begin(self, what: str, lookup: Coroutine[Any, Any, object]) -> None:
        """Do a lookup in the background; when it fails, what it would have renewed runs out."""
        self._beside.begin(self._run(what, lookup))

    async def settle(self) -> None:
        """Wait for all of them."""
        await self._beside.settle()

    async def _run(self, what: str, lookup: Coroutine[Any, Any, object]) -> None:
        try:
            await lookup
        except HeadwaterError as error:
            _log.warning("renewal.failed", what=what, reason=error.message)
