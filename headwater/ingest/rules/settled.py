"""What a dataset's own rules make of its good records."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa


class Settled(NamedTuple):
    """``columns`` with every field that is kept; ``children`` are the rows that records unfolded into."""

    columns: pa.RecordBatch
    children: pa.Table | None = None
