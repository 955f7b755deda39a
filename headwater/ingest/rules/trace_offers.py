"""A decision's five lists as one row for each offer that any of them names.

>>> lists = TraceLists(["a"], [], [], [ScoringResult("a", 0.25, 1)], [])
>>> rows = unfold([7], pa.array([0], pa.timestamp("us")), [3], [lists], lambda kind, one: 1)
>>> rows.select(["trace", "channel_id", "candidate", "score", "bucket", "selected"]).to_pylist()
[{'trace': 7, 'channel_id': 3, 'candidate': 1, 'score': 250000000, 'bucket': 2, 'selected': None}]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import msgspec
import pyarrow as pa
from msgspec import Meta

from headwater.catalogue.decisions import TRACE_OFFERS, bucket_of, stored_score
from headwater.storage.schema import arrow_schema

MOST_ITEMS: Final = 2_000
_Rank = Annotated[int, Meta(ge=1, le=1_000_000)]
_Words = Annotated[str, Meta(max_length=255)]
_Type = Annotated[str, Meta(max_length=64)]


class QualificationResult(msgspec.Struct, frozen=True, gc=False):
    """What the qualification rules said of an offer."""

    offer_id: str
    passed: bool
    reason: _Words | None = None


class ContactPolicyResult(msgspec.Struct, frozen=True, gc=False):
    """What the contact policies said of an offer."""

    offer_id: str
    passed: bool
    policy_type: _Type | None = None


class ScoringResult(msgspec.Struct, frozen=True, gc=False):
    """An offer's score and its rank by it."""

    offer_id: str
    score: Annotated[float, Meta(ge=0, le=1)]
    rank: _Rank
    model_id: str | None = None


class SelectedOffer(msgspec.Struct, frozen=True, gc=False):
    """An offer that was selected, and how it was shown."""

    offer_id: str
    rank: _Rank
    creative_id: str | None = None


class TraceLists(msgspec.Struct, frozen=True):
    """The lists of one trace."""

    candidates: Sequence[str]
    qualification_results: Sequence[QualificationResult]
    contact_policy_results: Sequence[ContactPolicyResult]
    scoring_results: Sequence[ScoringResult]
    selected_offers: Sequence[SelectedOffer]


LISTS: Final = TraceLists.__struct_fields__
_COLUMNS: Final = TRACE_OFFERS.kept
_PLACES: Final = {field.name: place for place, field in enumerate(_COLUMNS)}
_NOTHING: Final[tuple[Any, ...]] = tuple("" if field.kind == "text" else None for field in _COLUMNS)
Find = Callable[[str, str], int | None]


def unfold(
    numbers: Sequence[int], at: pa.Array, channels: Sequence[int | None], traces: Sequence[TraceLists], find: Find
) -> pa.Table:
    """The rows of all traces, in their order, as ``TRACE_OFFERS`` keeps them; ``find`` knows every id."""
    rows: list[list[Any]] = []
    parents: list[int] = []
    for place, (number, channel, lists) in enumerate(zip(numbers, channels, traces, strict=True)):
        own = _offers(lists, find)
        for offer, row in own.items():
            row[_TRACE], row[_CHANNEL], row[_OFFER] = number, channel, find("offer", offer)
        rows += own.values()
        parents += [place] * len(own)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_COLUMNS)
    schema = arrow_schema(TRACE_OFFERS)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    arrays[_AT] = at.take(pa.array(parents, pa.int64()))
    return pa.Table.from_arrays(arrays, schema=schema)


def _offers(lists: TraceLists, find: Find) -> dict[str, list[Any]]:
    """A row for each offer that is named, without what all rows of the trace share."""
    rows: dict[str, list[Any]] = {}

    def row(offer: str) -> list[Any]:
        found = rows.get(offer)
        if found is None:
            found = rows[offer] = list(_NOTHING)
            found[_MODEL] = found[_CREATIVE] = 0
        return found

    for place, offer in enumerate(lists.candidates, 1):
        row(offer)[_CANDIDATE] = place
    for qualification in lists.qualification_results:
        own = row(qualification.offer_id)
        own[_QUALIFIED], own[_REASON] = qualification.passed, qualification.reason or ""
    for contact in lists.contact_policy_results:
        own = row(contact.offer_id)
        own[_PERMITTED], own[_POLICY] = contact.passed, contact.policy_type or ""
    for scoring in lists.scoring_results:
        own = row(scoring.offer_id)
        own[_SCORE] = stored_score(scoring.score)
        own[_BUCKET], own[_RANK] = bucket_of(own[_SCORE]), scoring.rank
        own[_MODEL] = _number(find, "algorithm_model", scoring.model_id)
    for selected in lists.selected_offers:
        own = row(selected.offer_id)
        own[_SELECTED] = selected.rank
        own[_CREATIVE] = _number(find, "creative", selected.creative_id)
    return rows


def _number(find: Find, kind: str, public_id: str | None) -> int:
    return 0 if public_id is None else find(kind, public_id) or 0


_TRACE, _AT, _CHANNEL, _OFFER = (_PLACES[name] for name in ("trace", "at", "channel_id", "offer_id"))
_CANDIDATE, _QUALIFIED, _REASON = (_PLACES[name] for name in ("candidate", "qualified", "reason"))
_PERMITTED, _POLICY, _SCORE = (_PLACES[name] for name in ("permitted", "policy_type", "score"))
_BUCKET, _RANK, _MODEL = (_PLACES[name] for name in ("bucket", "rank", "model_id"))
_SELECTED, _CREATIVE = _PLACES["selected"], _PLACES["creative_id"]
