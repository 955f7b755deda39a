"""A decision in words: each candidate's way through its stages, and how scores came about. Pure.

What a stage never reached is said to be so. Names are those that entities have now, and what
is said of flows and priorities is as they are set up now: traces keep only what was decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from headwater.console import words
from headwater.console.ads.funnel import Step, steps
from headwater.console.decisions.content import offer_path
from headwater.console.decisions.policy_words import named
from headwater.control.decisions.book import Book
from headwater.query.decisions.customers import trace_id
from headwater.query.decisions.state import Trace, TraceOffer

_DEFAULT: Final = "priority_weighted"
METHODS: Final[Mapping[str, str]] = {
    _DEFAULT: "the offer's priority times the weight of its creative",
    "propensity": "how often the offer was taken of the times it was shown",
    "formula": "how likely it is taken, how well it fits, its business value and its priority, multiplied",
    "thompson_bandit": "a draw around how often the offer was taken, so that offers little shown get their chance",
}
"""What each scoring method goes by."""
RANKED: Final = "Ranked"
"""The stage of offers that were scored."""
_MADE_HERE: Final = "rec_"


class Way(msgspec.Struct, frozen=True):
    """How far an offer came: where it ended with the badge for it, and what each stage said."""

    name: str
    path: str
    end: str
    badge: str
    stages: tuple[tuple[str, str], ...]


class Story(msgspec.Struct, frozen=True):
    """A decision: ``chosen`` are names of offers, best first, with their paths; ``at`` is UTC."""

    id: str
    at: datetime
    customer_id: str
    request_id: str
    channel: str
    flow: str
    degraded: bool
    latency_ms: float | None
    considered: int
    chosen: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    ways: tuple[Way, ...]
    scoring: str


def story(trace: Trace, book: Book) -> Story:
    """The whole decision."""
    offers = trace.offers
    ranked = sum(one.rank is not None for one in offers)
    chosen = sorted((one for one in offers if one.selected is not None), key=_end_place)
    flow = book.flows.get(trace.flow)
    return Story(
        id=trace.id,
        at=trace.at,
        customer_id=trace.customer_id,
        request_id=trace.request_id,
        channel=book.name_of("channel", trace.channel),
        flow=flow.name if flow else "",
        degraded=trace.degraded,
        latency_ms=trace.latency_ms,
        considered=len(offers),
        chosen=tuple((book.name_of("offer", one.offer), offer_path(book.id_of("offer", one.offer))) for one in chosen),
        steps=_steps(offers),
        ways=tuple(_way(one, trace, book, ranked) for one in sorted(offers, key=_end_place)),
        scoring=_scoring(trace, book),
    )


def _end_place(one: TraceOffer) -> tuple[int, int, int]:
    """The chosen first, then as far as each came."""
    if one.selected is not None:
        return 0, one.selected, 0
    if one.rank is not None:
        return 1, one.rank, 0
    held_back = one.qualified is not False and one.permitted is False
    return 2 if held_back else 3 if one.qualified is False else 4, one.candidate or 0, one.offer


def _steps(offers: tuple[TraceOffer, ...]) -> tuple[Step, ...]:
    qualified = [one for one in offers if one.qualified is not False]
    permitted = [one for one in qualified if one.permitted is not False]
    return steps(
        (
            ("Considered", len(offers)),
            ("Qualified", len(qualified)),
            ("Not held back", len(permitted)),
            (RANKED, sum(one.rank is not None for one in offers)),
            ("Chosen", sum(one.selected is not None for one in offers)),
        )
    )


def _way(one: TraceOffer, trace: Trace, book: Book, ranked: int) -> Way:
    end, badge = _end(one)
    stages = (
        ("Qualification", _qualification(one)),
        ("Policies", _policies(one)),
        ("Score", _score(one, trace, book)),
        ("Rank", _rank(one, ranked)),
        ("Outcome", _outcome(one, book)),
    )
    said = tuple((label, told) for label, told in stages if told)
    return Way(book.name_of("offer", one.offer), offer_path(book.id_of("offer", one.offer)), end, badge, said)


def _end(one: TraceOffer) -> tuple[str, str]:
    """The first that applies, as reports count it."""
    if one.selected is not None:
        return f"Chosen as number {one.selected}", "good"
    if one.qualified is False:
        return "Not qualified", "bad"
    if one.permitted is False:
        return "Held back", "warn"
    return ("Considered only", "") if one.rank is None else ("Ranked too low", "")


def _qualification(one: TraceOffer) -> str:
    if one.qualified is None:
        return "Nothing is recorded about its rules."
    if one.qualified:
        return "It meets all of its rules."
    return one.reason or "One of its rules failed; which one is not recorded."


def _policies(one: TraceOffer) -> str:
    if one.qualified is False:
        return ""
    if one.permitted is None:
        return "Nothing is recorded about contact policies."
    if one.permitted:
        return "Nothing held it back."
    return f"{named(one.policy_type)}." if one.policy_type else "Held back; by what is not recorded."


def _score(one: TraceOffer, trace: Trace, book: Book) -> str:
    if one.score is None:
        return ""
    score = f"{one.score:.4f}".rstrip("0").rstrip(".")
    if one.model in book.models:
        return f"{score} of 1, given by the model {book.models[one.model].name}."
    if trace.degraded:
        return f"{score} of 1, given by the fallback."
    if _method(trace, book) == _DEFAULT:
        return f"{score} of 1. The offer's priority is {book.offers[one.offer].priority} of 100 now."
    return f"{score} of 1."


def _rank(one: TraceOffer, ranked: int) -> str:
    return "" if one.rank is None else f"{one.rank} of the {ranked} that were ranked."


def _outcome(one: TraceOffer, book: Book) -> str:
    if one.selected is not None:
        shown = book.creatives.get(one.creative)
        return f"Shown as “{shown.name}”." if shown else ""
    if one.rank is not None and one.permitted is not False and one.qualified is not False:
        return "Others scored better, and were enough."
    return ""


def _method(trace: Trace, book: Book) -> str:
    """By what this server scored; empty for a decision that was sent, whose sender knows."""
    if not trace.request_id.startswith(_MADE_HERE) or trace.id != trace_id(trace.number, ""):
        return ""
    flow = book.flows.get(trace.flow)
    return str(flow.scoring.get("method", _DEFAULT)) if flow else _DEFAULT


def _scoring(trace: Trace, book: Book) -> str:
    if all(one.score is None for one in trace.offers):
        return "No offer came to be scored."
    models = sorted({book.models[one.model].name for one in trace.offers if one.model in book.models})
    if trace.degraded:
        return f"The scoring method failed, so a fallback scored every offer: by {METHODS[_DEFAULT]}."
    if models:
        return f"Scores from 0 to 1 were given by {words.listed(models)}. The highest ranks first."
    method = _method(trace, book)
    if not method:
        return "The system that sent this decision scored its offers; it did not say how."
    flow = book.flows.get(trace.flow)
    by = f"The decision flow {flow.name} scores" if flow else "Without a decision flow, offers are scored"
    return f"{by} by {METHODS[method]}, from 0 to 1. The highest ranks first. This is as it is set up now."
