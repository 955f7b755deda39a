"""Where the public question sets and their databases are: in ``HEADWATER_REAL_DATA``, or beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

from evals.suite import Missing

BESIDE = Path(__file__).parents[1].parent / "shared" / "data"


def sql_data(name: str) -> Path:
    """A file of the folder's ``sql``; raises Missing, which says where it was looked for."""
    named = os.environ.get("HEADWATER_REAL_DATA")
    path = Path(named or BESIDE) / "sql" / name
    if not path.is_file():
        where = named or "shared/data beside the repository"
        raise Missing(f"sql/{name} is not in {where}; name the folder of the data with HEADWATER_REAL_DATA.")
    return path
