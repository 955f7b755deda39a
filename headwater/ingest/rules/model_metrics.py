"""Rules of model metrics: feature importance is an object of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
import pyarrow as pa

from headwater.ingest.problems import Known, Problem, always
from headwater.ingest.rules.settled import Settled

MOST_FEATURES = 1_000
_WORDS = f"feature_importance must be an object of at most {MOST_FEATURES} names with a finite number each."
read_importance = msgspec.json.Decoder(dict[str, float]).decode
"""Feature importance as it is stored."""


def problems(columns: pa.RecordBatch, _: Known) -> Iterator[Problem]:
    """Objects of something else."""
    wrong = pa.array([text is not None and not _good(text) for text in columns["feature_importance"].to_pylist()])
    if wrong.true_count:
        yield Problem(wrong, "feature_importance", always(_WORDS))


def settle(columns: pa.RecordBatch, _: Known, __: datetime) -> Settled:
    """As it is."""
    return Settled(columns)


def _good(text: str) -> bool:
    try:
        return len(read_importance(text)) <= MOST_FEATURES
    except (msgspec.MsgspecError, RecursionError):
        return False
