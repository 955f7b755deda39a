"""What a check answers with: rows that must be refused, the field to blame, and words for the sender."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from headwater.ingest.records import LISTED_ERRORS, RecordError, RecordErrors

Words = Callable[[Any], str]
"""Makes a message from the value that is refused (None when it is absent)."""


class Entities(Protocol):
    """The organisation's entities, as far as facts name them."""

    @property
    def creative_ids(self) -> frozenset[int]:
        """All creatives of the organisation, archived ones too."""

    def component_owner(self, component_id: int) -> int | None:
        """The creative that a component belongs to; None for one that the organisation does not have."""


class Problem(msgspec.Struct, frozen=True):
    """Rows (a boolean mask) whose ``field`` breaks a rule."""

    rows: pa.Array
    field: str
    words: Words


def refuse(problems: list[Problem], values: pa.Table, index: pa.Array) -> tuple[pa.Array, RecordErrors]:
    """Which rows are refused, and their errors; ``values`` holds each field under its own name."""
    refused = pa.array([False] * len(index))
    errors = []
    for problem in problems:
        rows = pc.fill_null(problem.rows, False)
        refused = pc.or_(refused, rows)
        for position in islice(pc.indices_nonzero(rows).to_pylist(), LISTED_ERRORS):
            value = values[problem.field][position].as_py()
            errors.append(RecordError(index[position].as_py(), problem.field, problem.words(value)))
    return refused, RecordErrors.of(refused.true_count, errors)
