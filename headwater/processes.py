"""Whether several processes can be one server with these settings, and how one of them says that it is about to stop.

>>> check(Settings(), "headwater worker")
Traceback (most recent call last):
headwater.settings.SettingsError: headwater worker needs stores that several processes can use; \
without facts_url facts are in DuckDB, which one process has to itself, \
and without cache_url they would not hear of each other's changes. Set HEADWATER_FACTS_URL and HEADWATER_CACHE_URL.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

from headwater.settings import Settings, SettingsError

LEAVING: Final = signal.SIGUSR1
"""Tells a process of a server that it will be stopped: it says that it is not ready, and goes on answering."""
COUNTS: Final = "_HEADWATER_COUNTS"
"""The variable by which a server of several processes tells them in which folder they add up what they count."""
_SHARED: Final = {
    "facts_url": "facts are in DuckDB, which one process has to itself",
    "cache_url": "they would not hear of each other's changes",
}


def check(settings: Settings, what: str) -> None:
    """Refuse ``what``, which needs several processes, where these have nothing to share."""
    missing = [name for name in _SHARED if not getattr(settings, name)]
    if missing:
        reasons = ", and ".join(f"without {name} {_SHARED[name]}" for name in missing)
        variables = " and ".join(f"HEADWATER_{name.upper()}" for name in missing)
        raise SettingsError(f"{what} needs stores that several processes can use; {reasons}. Set {variables}.")


def counts_folder() -> Path | None:
    """Where this process and the others of its server put down what they count; None where it is alone."""
    folder = os.environ.get(COUNTS)
    return Path(folder) if folder else None
