"""Where a number comes from, so that a person can check it by running it again."""

from __future__ import annotations

import msgspec

BUILT_IN = "ds_headwater"
"""The data source that every organisation has: its own measurements, asked through the metric catalogue."""


class Citation(msgspec.Struct, frozen=True):
    """``query`` is SQL, or of ``BUILT_IN`` a metric question as JSON; run on ``data_source`` it gives ``rows`` rows."""

    query: str
    data_source: str
    rows: int
