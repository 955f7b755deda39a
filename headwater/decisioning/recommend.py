"""Recommend: read what is known of the customer, decide, write the decision, answer.

A customer's requests take turns from reading to writing, so that caps hold however many come at
once. What is answered is durable: the trace, and where the channel is implicit an impression for
each decision, go into one transaction first, with the caller's key if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

import msgspec

from headwater.catalogue.decisions import DECISION_TRACES, INTERACTIONS, SYSTEM_OUTCOMES
from headwater.control.decisions.book import Book, Channel, Flow
from headwater.decisioning.board import Boards
from headwater.decisioning.candidates import candidates
from headwater.decisioning.decide import Asked, Considered, Decision, decide
from headwater.decisioning.finding import find_all, find_channel, find_flow
from headwater.decisioning.ports import Books, DecisionFacts, Facts
from headwater.decisioning.propensity import Propensities
from headwater.decisioning.qualification import segments_needed
from headwater.decisioning.rows import Interaction, interaction_rows, trace_offer_rows, trace_row
from headwater.decisioning.scoring import DEFAULT, WEIGHTS, Given
from headwater.decisioning.turns import Turns
from headwater.kit.clock import Clock
from headwater.kit.ids import SNOWFLAKES, new_id
from headwater.scope import Scope
from headwater.storage.port import AppendKey, FactBatch
from headwater.storage.remembering import Remembering, refuse_repeated

IMPRESSION = next(one for one in SYSTEM_OUTCOMES if one.key == "impression")
_ROUTE = b"recommend"
_RECOMMENDATION, _INTERACTION = "rec", "int"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, by callers' ids."""

    customer_id: str
    channel: str | None = None
    channel_id: str | None = None
    placement: str | None = None
    limit: int = 5
    segments: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict)
    exclude_offers: tuple[str, ...] = ()
    flow_key: str | None = None


class Sent(NamedTuple):
    """A caller's ``Idempotency-Key``, and everything that the request says."""

    key: str
    request: bytes


class Recommended(msgspec.Struct, frozen=True):
    """One decision of an answer; ``interaction_id`` is its impression's, written or yet to be reported."""

    of: Considered
    interaction_id: str


class Recommendation(msgspec.Struct, frozen=True):
    """An answer, by entities; what it warns of did not stand in its way.

    ``number`` is that of its trace.
    """

    id: str
    number: int
    channel: Channel
    flow: Flow | None
    decision: Decision
    items: tuple[Recommended, ...]
    latency_ms: float
    warnings: tuple[str, ...]


class _Question(msgspec.Struct, frozen=True):
    """What is asked for, found in the book."""

    channel: Channel
    flow: Flow | None
    excluded: frozenset[int]
    segments: frozenset[int]
    warnings: list[str]


class Recommender:
    """Recommends offers to customers."""

    def __init__(
        self,
        books: Books,
        known: DecisionFacts,
        facts: Facts,
        remembering: Remembering,
        turns: Turns,
        clock: Clock,
        *,
        random: Random | None = None,
        timer: Callable[[], float] = perf_counter,
    ) -> None:
        self._books = books
        self._known = known
        self._facts = facts
        self._remembering = remembering
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - explores offers, guards nothing
        self._timer = timer
        self._boards = Boards()
        self._turns = turns

    async def recommend(self, wanted: Wanted, scope: Scope) -> Recommendation:
        """The best offers for a customer now, written before they are answered."""
        return await self._recommend(wanted, scope, lambda _: None)

    async def recommend_once(
        self, wanted: Wanted, sent: Sent, render: Callable[[Recommendation], bytes], scope: Scope
    ) -> bytes:
        """The same, once for each key: the same request again gets the first answer, as ``render`` made it."""
        async with self._remembering.once(scope, sent.key, _ROUTE, sent.request) as (key, before):
            if before is not None:
                return before.note
            answer = b""

            def keyed(recommendation: Recommendation) -> AppendKey:
                nonlocal answer
                answer = render(recommendation)
                return msgspec.structs.replace(key, note=answer)

            await self._recommend(wanted, scope, keyed)
            return answer

    async def _recommend(
        self, wanted: Wanted, scope: Scope, keyed: Callable[[Recommendation], AppendKey | None]
    ) -> Recommendation:
        started = self._timer()
        book = await self._books.get(scope.organisation_id)
        question = _found(book, wanted)
        async with self._turns.of(scope.organisation_id, wanted.customer_id):
            now = as_facts(self._clock())
            decision = await self._decide(book, question, wanted, now, scope)
            recommendation = _answer(question, decision, (self._timer() - started) * 1000)
            key = keyed(recommendation)
            batches = _batches(recommendation, wanted.customer_id, now, key, scope)
            refuse_repeated(await self._facts.append_together(batches))
        return recommendation

    async def _decide(self, book: Book, question: _Question, wanted: Wanted, now: datetime, scope: Scope) -> Decision:
        board, channel = self._boards.of(book), question.channel
        records = await self._known.rates(scope)
        found = candidates(board, channel.number, question.excluded, records, now) if channel.active else []
        needed = sorted(segments_needed(found) - question.segments)
        state = await self._known.customer(wanted.customer_id, now - board.window, needed, now, scope)
        method, weights = _scoring(question.flow)
        asked = Asked(channel.number, now, wanted.limit, question.segments, wanted.attributes, method)
        given = Given(Propensities(book.offers, records), records, wanted.attributes, weights, self._random)
        return decide(board, found, state, asked, given)


def _batches(
    recommendation: Recommendation, customer_id: str, now: datetime, key: AppendKey | None, scope: Scope
) -> list[FactBatch]:
    number, channel, decision = recommendation.number, recommendation.channel, recommendation.decision
    flow = recommendation.flow.number if recommendation.flow else 0
    latency = recommendation.latency_ms
    trace = trace_row(number, now, customer_id, channel.number, flow, recommendation.id, decision, latency)
    offers = trace_offer_rows(number, now, channel.number, decision.considered)
    batches = [FactBatch(scope, DECISION_TRACES.name, trace, key, offers)]
    if recommendation.items and channel.impression_mode == "implicit":
        shown = [_impression(one, channel, recommendation.id, customer_id, now) for one in recommendation.items]
        more = key.of_more if key else None
        batches.append(FactBatch(scope, INTERACTIONS.name, interaction_rows(shown), more, new_ids=True))
    return batches


def as_facts(at: datetime) -> datetime:
    """A moment as facts have it: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None)


def _found(book: Book, wanted: Wanted) -> _Question:
    channel = find_channel(book, wanted.channel, wanted.channel_id)
    flow = find_flow(book, wanted.flow_key, channel.number, wanted.placement)
    excluded, warnings = find_all(book, "offer", wanted.exclude_offers, "excludeOffers")
    segments, unknown = find_all(book, "segment", wanted.segments, "segments")
    warnings = [*warnings, *unknown]
    if not channel.active:
        warnings.append(f"The channel '{channel.name}' is {channel.status}: nothing is sent on it.")
    if flow is not None and flow.channel not in (None, channel.number):
        warnings.append(f"The decision flow '{flow.key}' is that of another channel.")
    return _Question(channel, flow, excluded, segments, warnings)


def _scoring(flow: Flow | None) -> tuple[str, Mapping[str, float]]:
    scoring = flow.scoring if flow else {}
    return scoring.get("method", DEFAULT), {**WEIGHTS, **(scoring.get("weights") or {})}


def _answer(question: _Question, decision: Decision, latency_ms: float) -> Recommendation:
    own = new_id(_RECOMMENDATION)
    items = tuple([Recommended(one, impression_id(own, rank)) for rank, one in enumerate(decision.selected, 1)])
    warnings = list(question.warnings)
    if decision.failure is not None:
        warnings.append(f"{decision.failure} Scored by '{decision.method}' instead.")
    number = SNOWFLAKES.next()
    return Recommendation(own, number, question.channel, question.flow, decision, items, latency_ms, tuple(warnings))


def impression_id(recommendation_id: str, rank: int) -> str:
    """The id of the impression of one decision: written by whoever is first, it is there once.

    >>> impression_id("rec_0Az", 2)
    'int_0Az_2'
    """
    return f"{_INTERACTION}_{recommendation_id.removeprefix(f'{_RECOMMENDATION}_')}_{rank}"


def _impression(one: Recommended, channel: Channel, decision_id: str, customer_id: str, now: datetime) -> Interaction:
    choice = one.of.choice
    return Interaction(
        one.interaction_id,
        now,
        customer_id,
        choice.offer.number,
        channel.number,
        choice.creative.number,
        decision_id,
        IMPRESSION.key,
        IMPRESSION.classification,
        is_impression=True,
    )
