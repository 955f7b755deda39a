"""Rules of interactions: outcomes that exist, and what of an interaction they decide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.decisions import Classification, is_impression
from headwater.ingest.problems import Known, Problem, Words, always
from headwater.ingest.rules.settled import Settled
from headwater.kit.suggest import did_you_mean

_CLASSIFICATIONS = get_args(Classification)


def problems(columns: pa.RecordBatch, known: Known) -> Iterator[Problem]:
    """Outcomes that the organisation does not have, and classifications that there are none of."""
    outcome, classification = columns["outcome"], columns["classification"]
    unlisted = [one for one in pc.unique(outcome).drop_null().to_pylist() if known.book.outcome(one) is None]
    if unlisted:
        yield Problem(pc.is_in(outcome, pa.array(unlisted, pa.string())), "outcome", _unknown_outcome(known))
    if classification.null_count < len(classification):
        wrong = pc.invert(pc.is_in(classification, pa.array(_CLASSIFICATIONS)))
        words = f"classification must be {', '.join(_CLASSIFICATIONS)}, or absent."
        yield Problem(pc.and_(classification.is_valid(), wrong), "classification", always(words))


def settle(columns: pa.RecordBatch, known: Known, _: datetime) -> Settled:
    """The classification that the outcome has, where none is given, and whether it is an impression."""
    outcome = columns["outcome"]
    keys = pc.unique(outcome).to_pylist()
    types = [known.book.outcomes[key] for key in keys]
    place = pc.index_in(outcome, pa.array(keys, pa.string()))
    own = pa.array([one.classification for one in types], pa.string()).take(place)
    at = columns.schema.get_field_index("classification")
    columns = columns.set_column(at, "classification", pc.coalesce(columns["classification"], own))
    shown = pa.array([is_impression(one) for one in types], pa.bool_()).take(place)
    return Settled(columns.append_column("is_impression", shown))


def _unknown_outcome(known: Known) -> Words:
    keys = list(known.book.outcomes)
    return lambda value: f"'{value}' is no outcome type.{did_you_mean(value, keys)} Known: {', '.join(keys)}."
