"""The sampled types and the sums, computed the slow way from the records that were sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from headwater.catalogue.decisions import CONVERTS
from headwater.control.decisions.book import Book
from headwater.kit.rounding import rounded, rounded_number
from headwater.query.decisions.dashboard import Span

Record = Mapping[str, Any]


def in_span(records: Sequence[Record], span: Span, customers: Collection[str] | None = None) -> list[Record]:
    """Records of the window, of all customers or of some."""
    return [
        one
        for one in records
        if span.start <= when(one) <= span.now and (customers is None or one["customer_id"] in customers)
    ]


def when(record: Record) -> datetime:
    """A record's time, as facts have it."""
    return datetime.fromisoformat(record["at"]).astimezone(UTC).replace(tzinfo=None)


def sums(records: Sequence[Record], by: str, book: Book) -> dict[str, tuple[int, int, int, int, Fraction]]:
    """Impressions, positive, negative, converts and revenue of each value of a field."""
    found: defaultdict[str, list[Any]] = defaultdict(lambda: [0, 0, 0, 0, Fraction()])
    for one in records:
        outcome = book.outcome(one["outcome"])
        assert outcome is not None
        row, good = found[one[by]], one.get("classification", outcome.classification)
        row[0] += outcome.category == "impression" and outcome.key not in ("expired", "not_presented")
        row[1] += good == "positive"
        row[2] += good == "negative"
        row[3] += one["outcome"] in CONVERTS
        row[4] += Fraction(str(one.get("revenue", 0)))
    return {key: tuple(row) for key, row in found.items()}


def members(records: Sequence[Record], segment: str) -> set[str]:
    """Who is on a segment's list after all that was said in the order in which it was sent."""
    found: set[str] = set()
    for one in records:
        if one["segment_id"] == segment:
            (found.add if one["op"] == "add" else found.discard)(one["customer_id"])
    return found


def selection(traces: Sequence[Record]) -> dict[str, tuple[int, int, int, Any, list[int]]]:
    """Considered, scored and selected of each offer, its mean rank, and how often it had each rank."""
    considered, scored, selected = Counter[str](), Counter[str](), Counter[str]()
    ranks: defaultdict[str, list[int]] = defaultdict(list)
    for one in traces:
        considered.update(one["candidates"])
        selected.update(chosen["offer_id"] for chosen in one["selected_offers"])
        for score in one["scoring_results"]:
            scored[score["offer_id"]] += 1
            ranks[score["offer_id"]].append(score["rank"])
    return {
        offer: (
            considered[offer],
            scored[offer],
            selected[offer],
            rounded(sum(ranks[offer]), len(ranks[offer]), 1) if ranks[offer] else None,
            [ranks[offer].count(rank) for rank in range(1, 11)],
        )
        for offer in {*considered, *scored, *selected}
    }


def score_counts(traces: Sequence[Record]) -> list[int]:
    """Scores in each tenth."""
    counts = [0] * 10
    for one in traces:
        for score in one["scoring_results"]:
            counts[min(int(Fraction(str(score["score"])) * 10), 9)] += 1
    return counts


def fate(trace: Record, offer: str) -> str:
    """What became of a candidate: the first reason that applies."""
    if any(one["offer_id"] == offer for one in trace["selected_offers"]):
        return "selected"
    for key in ("qualification_results", "contact_policy_results"):
        if any(one["offer_id"] == offer and not one["passed"] for one in trace[key]):
            return key
    return "outranked"


def percentile(values: Sequence[float], fraction: float) -> int:
    """Interpolated linearly between the two nearest (Hyndman and Fan, type 7), in whole numbers."""
    ordered = sorted(Fraction(value) for value in values)
    place = Fraction(str(fraction)) * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return int(rounded_number(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 0))
