"""Rules of segment members: what can be said of one, and the order in which it was said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.decisions import JOINS, LEAVES
from headwater.ingest.problems import Known, Problem, always
from headwater.ingest.rules.settled import Settled
from headwater.kit.ids import SNOWFLAKES

_OPS: Final = pa.array([JOINS, LEAVES])


def problems(columns: pa.RecordBatch, _: Known) -> Iterator[Problem]:
    """What can neither join nor leave."""
    op = columns["op"]
    wrong = pc.and_(op.is_valid(), pc.invert(pc.is_in(op, _OPS)))
    yield Problem(wrong, "op", always(f"op must be {JOINS} or {LEAVES}, or absent, which is {JOINS}."))


def settle(columns: pa.RecordBatch, _: Known, now: datetime) -> Settled:
    """Joining unless they leave; received now, one after the other."""
    rows = columns.num_rows
    at = columns.schema.get_field_index("op")
    columns = columns.set_column(at, "op", pc.fill_null(columns["op"], JOINS))
    received = pa.repeat(pa.scalar(now.replace(tzinfo=None), pa.timestamp("us")), rows)
    return Settled(
        columns.append_column("at", received).append_column("arrival", pa.array(SNOWFLAKES.take(rows), pa.int64()))
    )
