"""Rules of decision traces: what their lists hold, and how they unfold into a row for each offer.

The lists come as JSON texts. Each is read by a typed decoder; what it refuses is said
in its words, with the place in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from headwater.catalogue.decisions import DECISION_TRACES
from headwater.ingest.problems import Known, Problem
from headwater.ingest.rules.settled import Settled
from headwater.ingest.rules.trace_offers import (
    LISTS,
    MOST_ITEMS,
    ContactPolicyResult,
    QualificationResult,
    ScoringResult,
    SelectedOffer,
    TraceLists,
    unfold,
)
from headwater.kit.ids import SNOWFLAKES

_Many = Meta(max_length=MOST_ITEMS)
_DECODERS: Final[dict[str, Callable[[str], list[Any]]]] = {
    "candidates": msgspec.json.Decoder(Annotated[list[str], _Many]).decode,
    "qualification_results": msgspec.json.Decoder(Annotated[list[QualificationResult], _Many]).decode,
    "contact_policy_results": msgspec.json.Decoder(Annotated[list[ContactPolicyResult], _Many]).decode,
    "scoring_results": msgspec.json.Decoder(Annotated[list[ScoringResult], _Many]).decode,
    "selected_offers": msgspec.json.Decoder(Annotated[list[SelectedOffer], _Many]).decode,
}
# What else than offers the items of a list name: their attribute, and the kind of entity.
_NAMES: Final = {"scoring_results": ("model_id", "algorithm_model"), "selected_offers": ("creative_id", "creative")}


def problems(columns: pa.RecordBatch, known: Known) -> Iterator[Problem]:
    """Lists that hold something else than they may, name an offer twice, or name what does not exist."""
    for name in LISTS:
        texts = columns[name]
        if texts.null_count < len(texts):
            fault = partial(_fault, name, known)
            wrong = pa.array([text is not None and fault(text) != "" for text in texts.to_pylist()])
            if wrong.true_count:
                yield Problem(wrong, name, fault)


def settle(columns: pa.RecordBatch, known: Known, _: datetime) -> Settled:
    """Numbered, and unfolded into offers."""
    numbers = SNOWFLAKES.take(columns.num_rows)
    lists = [_read(name, columns[name]) for name in LISTS]
    traces = [TraceLists(*row) for row in zip(*lists, strict=True)]
    channels = [known.find(DECISION_TRACES.field("channel_id"), one) for one in columns["channel_id"].to_pylist()]
    children = unfold(numbers, columns["at"], channels, traces, known.book.find)
    columns = columns.append_column("trace", pa.array(numbers, pa.int64()))
    scored = pa.array([bool(trace.scoring_results) for trace in traces], pa.bool_())
    degraded = pc.fill_null(columns["degraded"], False)
    columns = columns.set_column(columns.schema.get_field_index("degraded"), "degraded", degraded)
    return Settled(columns.append_column("is_scored", scored), children)


def _read(name: str, texts: pa.Array) -> list[list[Any]]:
    decode = _DECODERS[name]
    return [[] if text is None else decode(text) for text in texts.to_pylist()]


def _fault(name: str, known: Known, text: str) -> str:
    """What is wrong with a list; empty when nothing is."""
    try:
        items = _DECODERS[name](text)
    except (msgspec.MsgspecError, RecursionError) as error:
        return f"{name}: {str(error).replace('`', '').replace('$', name)}."
    offers = items if name == "candidates" else [item.offer_id for item in items]
    if len(set(offers)) < len(offers):
        twice = next(offer for place, offer in enumerate(offers) if offer in offers[:place])
        return f"{name} names the offer {twice[:64]!r} twice."
    return _unknown(name, "offer_id", "offer", offers, known) or _unknown_beside(name, items, known)


def _unknown_beside(name: str, items: Sequence[Any], known: Known) -> str:
    if name not in _NAMES:
        return ""
    attribute, kind = _NAMES[name]
    return _unknown(name, attribute, kind, [getattr(item, attribute) for item in items], known)


def _unknown(name: str, attribute: str, kind: str, ids: Sequence[str | None], known: Known) -> str:
    for place, one in enumerate(ids):
        if one is not None and known.book.find(kind, one) is None:
            where = "" if name == "candidates" else f".{attribute}"
            return f"{name}[{place}]{where} {one[:64]} names no {kind.replace('_', ' ')} that exists."
    return ""
