"""Where the real delivery logs are: in ``HEADWATER_REAL_DATA``, or beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

BESIDE = Path(__file__).parents[2].parent / "shared" / "data"


def real_data() -> Path | None:
    """The folder, if there is one."""
    folder = Path(os.environ.get("HEADWATER_REAL_DATA") or BESIDE)
    return folder if folder.is_dir() else None


def missing_words() -> str:
    """Why nothing is tested against real data."""
    return (
        "NO REAL DATA: nothing was compared with real delivery logs. Name their folder with HEADWATER_REAL_DATA"
        f" (looked at {os.environ.get('HEADWATER_REAL_DATA') or 'shared/data beside the repository'})."
    )
