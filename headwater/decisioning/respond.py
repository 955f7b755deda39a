"""Respond: what a customer did with an offer, and what they are not to be offered for a while because of it.

The interaction, its suppression and the caller's key go into one transaction; the same key again
gets the first answer. Rates are sums of interactions, so a response feeds the models by being there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from headwater.catalogue.decisions import INTERACTIONS, SUPPRESSIONS, Classification, Outcome, is_impression
from headwater.control.decisions.book import Book
from headwater.decisioning.ports import Books, DecisionFacts, Facts
from headwater.decisioning.recommend import IMPRESSION, Sent, as_facts, impression_id
from headwater.decisioning.rows import Interaction, interaction_rows, suppression_row
from headwater.errors import InvalidRequest, NotFound
from headwater.kit.clock import Clock
from headwater.kit.ids import new_id
from headwater.kit.suggest import did_you_mean
from headwater.query.decisions.state import EVERY, Contact
from headwater.scope import Scope
from headwater.storage.port import AppendKey, FactBatch
from headwater.storage.remembering import Remembering, refuse_repeated

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=24)
_ROUTE = b"respond"


class Suppressing(NamedTuple):
    """How long an outcome keeps offers from the customer: the offer that it is of, or every one."""

    days: int
    every_offer: bool = False


SUPPRESSING = {
    "opt_out": Suppressing(90, every_offer=True),
    "dismiss": Suppressing(7),
    "not_interested": Suppressing(7),
    "accept": Suppressing(14),
    "convert": Suppressing(14),
    "conversion": Suppressing(14),
}
"""On every channel; the suppression's policy type is the outcome's key."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer did, by callers' ids."""

    customer_id: str
    outcome: str
    recommendation_id: str | None = None
    rank: int | None = None
    offer_id: str | None = None
    channel_id: str | None = None
    conversion_value: Decimal | None = None
    at: datetime | None = None


class Recorded(msgspec.Struct, frozen=True):
    """The interaction that was stored; it is also what is remembered of the answer."""

    interaction_id: str
    classification: Classification


class _Shown(NamedTuple):
    """What the response is about, by number; ``decided_at`` is when, if it was a recommendation that said so."""

    offer: int
    channel: int
    creative: int = 0
    decided_at: datetime | None = None


_read_note = msgspec.json.Decoder(Recorded).decode


class Responder:
    """Takes in what customers did."""

    def __init__(
        self, books: Books, known: DecisionFacts, facts: Facts, remembering: Remembering, clock: Clock
    ) -> None:
        self._books = books
        self._known = known
        self._facts = facts
        self._remembering = remembering
        self._clock = clock

    async def respond(self, response: Response, sent: Sent, scope: Scope) -> Recorded:
        """Store the response, once for each key."""
        async with self._remembering.once(scope, sent.key, _ROUTE, sent.request) as (key, before):
            if before is not None:
                return _read_note(before.note)
            book = await self._books.get(scope.organisation_id)
            outcome = _outcome(book, response.outcome)
            at = self._moment(response.at)
            shown = await self._shown(book, response, scope)
            recorded = Recorded(_interaction_id(response, outcome), outcome.classification)
            key = msgspec.structs.replace(key, note=msgspec.json.encode(recorded))
            if outcome.key == IMPRESSION.key and await self._was_counted(response.customer_id, shown, scope):
                batches = [FactBatch(scope, INTERACTIONS.name, interaction_rows([]), key)]
            else:
                batches = _batches(response, recorded, outcome, shown, at, key, scope)
            refuse_repeated(await self._facts.append_together(batches))
            return recorded

    async def _was_counted(self, customer_id: str, shown: _Shown, scope: Scope) -> bool:
        """Whether the recommendation itself wrote this impression, as it does where showing is implicit."""
        if shown.decided_at is None:
            return False
        state = await self._known.customer(customer_id, shown.decided_at, (), as_facts(self._clock()), scope)
        return Contact(shown.offer, shown.channel, shown.decided_at) in state.contacts

    def _moment(self, given: datetime | None) -> datetime:
        """When it happened, as facts have it."""
        now = self._clock()
        if given is None:
            return as_facts(now)
        at = given if given.tzinfo else given.replace(tzinfo=UTC)
        if at < EARLIEST:
            raise InvalidRequest("'timestamp' must not be before 2000-01-01.", field="timestamp")
        if at > now + AHEAD:
            raise InvalidRequest("'timestamp' must not be more than 24 hours in the future.", field="timestamp")
        return as_facts(at)

    async def _shown(self, book: Book, response: Response, scope: Scope) -> _Shown:
        """The offer on its channel, from the recommendation or as it is named; both must agree."""
        named = _named(book, response)
        if response.recommendation_id is None:
            if named is None:
                message = "'recommendationId' with 'rank', or 'offerId' with 'channelId', is required."
                raise InvalidRequest(message, field="recommendationId")
            return named
        if response.rank is None:
            raise InvalidRequest("'rank' is required with 'recommendationId'.", field="rank")
        decided = await self._known.decided(response.recommendation_id, scope)
        if decided is None or decided.customer_id != response.customer_id:
            message = f"There is no recommendation '{response.recommendation_id[:64]}' for this customer."
            raise NotFound(message, field="recommendationId")
        selected = decided.selected.get(response.rank)
        if selected is None:
            raise NotFound(f"The recommendation has no rank {response.rank}.", field="rank")
        shown = _Shown(selected[0], decided.channel, selected[1], decided.at)
        if named is not None and named[:2] != shown[:2]:
            field = "offerId" if named.offer != shown.offer else "channelId"
            raise InvalidRequest(f"'{field}' is not that of the recommendation's rank {response.rank}.", field=field)
        return shown


def _named(book: Book, response: Response) -> _Shown | None:
    """The offer and channel that are named; None where neither is."""
    given = {"offerId": response.offer_id, "channelId": response.channel_id}
    if response.recommendation_id is None and response.rank is not None:
        raise InvalidRequest("'recommendationId' is required with 'rank'.", field="recommendationId")
    if not any(given.values()):
        return None
    numbers: list[int] = []
    for kind, (field, public_id) in zip(("offer", "channel"), given.items(), strict=True):
        if public_id is None:
            raise InvalidRequest("'offerId' and 'channelId' are given together or not at all.", field=field)
        number = book.find(kind, public_id)
        if number is None:
            raise NotFound(f"There is no {kind} '{public_id[:64]}'.", field=field)
        numbers.append(number)
    offer, channel = numbers
    return _Shown(offer, channel)


def _interaction_id(response: Response, outcome: Outcome) -> str:
    """A new one; but a recommendation's impression is one and the same, whoever reports it how often."""
    if outcome.key == IMPRESSION.key and response.recommendation_id is not None and response.rank is not None:
        return impression_id(response.recommendation_id, response.rank)
    return new_id("int")


def _outcome(book: Book, key: str) -> Outcome:
    outcome = book.outcome(key)
    if outcome is None:
        known = list(book.outcomes)
        raise InvalidRequest(
            f"'{key[:64]}' is no outcome type.{did_you_mean(key, known)}", field="outcome", allowed=known
        )
    return outcome


def _batches(
    response: Response,
    recorded: Recorded,
    outcome: Outcome,
    shown: _Shown,
    at: datetime,
    key: AppendKey,
    scope: Scope,
) -> list[FactBatch]:
    interaction = Interaction(
        recorded.interaction_id,
        at,
        response.customer_id,
        shown.offer,
        shown.channel,
        shown.creative,
        response.recommendation_id or "",
        outcome.key,
        outcome.classification,
        is_impression(outcome),
        response.conversion_value or Decimal(0),
    )
    # Only an impression's id can have come before: it is the recommendation's.
    new = outcome.key != IMPRESSION.key
    batches = [FactBatch(scope, INTERACTIONS.name, interaction_rows([interaction]), key, new_ids=new)]
    suppressing = SUPPRESSING.get(outcome.key)
    if suppressing is not None:
        offer = EVERY if suppressing.every_offer else shown.offer
        ends = at + timedelta(days=suppressing.days)
        row = suppression_row(at, response.customer_id, offer, EVERY, outcome.key, ends)
        batches.append(FactBatch(scope, SUPPRESSIONS.name, row, key.of_more))
    return batches
