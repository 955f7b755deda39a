"""Responding over a real store: what is stored, what it suppresses, and once for each key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from headwater.catalogue.decisions import SYSTEM_OUTCOMES, Outcome
from headwater.decisioning.recommend import Sent
from headwater.decisioning.respond import SUPPRESSING, Response
from headwater.errors import Conflict, HeadwaterError, InvalidRequest, NotFound
from headwater.query.decisions import run
from headwater.query.decisions.state import OfferRecord, Suppression
from tests.decisioning.running import AT, Deciding, deciding, offers
from tests.decisioning.world import CHANNELS, NOW, book, offer
from tests.decisions.world import ELSEWHERE, SCOPE

OF = book(
    [offer(1, 90), offer(2, 80), offer(3, 70, archived=True)],
    channels=CHANNELS,
    outcomes=[Outcome("called", "positive"), Outcome("seen", "neutral", "impression")],
)
NAMED: dict[str, Any] = {"offer_id": "off_1", "channel_id": "ch_web"}


@pytest.fixture
async def world() -> AsyncIterator[Deciding]:
    async with deciding(OF) as running:
        yield running


async def records(world: Deciding) -> dict[int, OfferRecord]:
    """What offers did, read anew."""
    return dict(await Deciding(world.store, world.writer, OF, 1).known.rates(SCOPE))


async def test_every_outcome_has_its_classification(world: Deciding) -> None:
    for outcome in (*SYSTEM_OUTCOMES, *OF.outcomes.values()):
        recorded = await world.respond(outcome.key, customer_id=outcome.key, **NAMED)
        assert recorded.classification == outcome.classification
        assert recorded.interaction_id.startswith("int_")


@pytest.mark.parametrize("outcome", sorted(SUPPRESSING))
async def test_an_outcome_suppresses_for_its_days(world: Deciding, outcome: str) -> None:
    days = {"opt_out": 90, "dismiss": 7, "not_interested": 7, "accept": 14, "convert": 14, "conversion": 14}[outcome]
    await world.respond(outcome, **NAMED)
    (suppression,) = (await world.customer()).suppressions
    offer_of = 0 if outcome == "opt_out" else 1
    assert suppression == Suppression(offer_of, 0, outcome, NOW + timedelta(days=days))
    left = [] if outcome == "opt_out" else [2]
    for channel in ("Web", "Mail"):
        assert offers(await world.recommend(channel=channel)) == left
    assert offers(await world.recommend("another")) == [1, 2]
    world.now = AT + timedelta(days=days) - timedelta(microseconds=1)
    assert offers(await world.recommend()) == left
    world.now = AT + timedelta(days=days)
    assert offers(await world.recommend()) == [1, 2]


@pytest.mark.parametrize("outcome", ["click", "complaint", "called", "seen", "impression"])
async def test_other_outcomes_suppress_nothing(world: Deciding, outcome: str) -> None:
    await world.respond(outcome, **NAMED)
    assert (await world.customer()).suppressions == ()


async def test_a_trace_says_which_outcome_held_an_offer_back(world: Deciding) -> None:
    await world.respond("dismiss", **NAMED)
    held = {one.offer: one.policy_type for one in (await world.trace(await world.recommend())).offers}
    assert held == {1: "dismiss", 2: ""}


async def test_a_recommendation_and_a_rank_name_the_offer(world: Deciding) -> None:
    found = await world.recommend()
    await world.respond("accept", recommendation_id=found.id, rank=2, conversion_value=Decimal("12.5"))
    assert await records(world) == {1: OfferRecord(1, 0), 2: OfferRecord(1, 1)}
    assert [one.offer for one in (await world.customer()).suppressions] == [2]
    await world.respond("click", recommendation_id=found.id, rank=1, offer_id="off_1", channel_id="ch_web")


async def test_an_impression_of_a_recommendation_counts_once(world: Deciding) -> None:
    shown, by_mail = await world.recommend(), await world.recommend(channel="Mail")
    for found in (shown, by_mail, by_mail):
        recorded = await world.respond("impression", recommendation_id=found.id, rank=1)
        assert recorded.interaction_id == found.items[0].interaction_id
    assert await records(world) == {1: OfferRecord(2, 0), 2: OfferRecord(1, 0)}
    assert len((await world.customer()).contacts) == 3


async def test_an_archived_offer_can_still_be_answered(world: Deciding) -> None:
    await world.respond("click", offer_id="off_3", channel_id="ch_mail")
    assert await records(world) == {3: OfferRecord(0, 1)}


@pytest.mark.parametrize(
    ("response", "kind", "field"),
    [
        ({}, InvalidRequest, "recommendationId"),
        ({"recommendation_id": "?"}, InvalidRequest, "rank"),
        ({"recommendation_id": "?", "rank": 3}, NotFound, "rank"),
        ({"recommendation_id": "rec_unknown", "rank": 1}, NotFound, "recommendationId"),
        ({"recommendation_id": "?", "rank": 1, "customer_id": "c2"}, NotFound, "recommendationId"),
        ({"recommendation_id": "?", "rank": 1, **NAMED, "offer_id": "off_2"}, InvalidRequest, "offerId"),
        ({"recommendation_id": "?", "rank": 1, **NAMED, "channel_id": "ch_mail"}, InvalidRequest, "channelId"),
        ({"rank": 1, **NAMED}, InvalidRequest, "recommendationId"),
        ({"offer_id": "off_1"}, InvalidRequest, "channelId"),
        ({"channel_id": "ch_web"}, InvalidRequest, "offerId"),
        ({**NAMED, "offer_id": "off_9"}, NotFound, "offerId"),
        ({**NAMED, "channel_id": "ch_fax"}, NotFound, "channelId"),
        ({**NAMED, "outcome": "clack"}, InvalidRequest, "outcome"),
        ({**NAMED, "at": datetime(1999, 12, 31, tzinfo=UTC)}, InvalidRequest, "timestamp"),
        ({**NAMED, "at": AT + timedelta(hours=24, seconds=1)}, InvalidRequest, "timestamp"),
        ({**NAMED, "at": datetime.fromisoformat("0001-01-01T00:00:00+23:59")}, InvalidRequest, "timestamp"),
        ({**NAMED, "at": datetime.fromisoformat("9999-12-31T23:59:59-23:59")}, InvalidRequest, "timestamp"),
    ],
)
async def test_what_cannot_be_is_refused_and_not_stored(
    world: Deciding, response: dict[str, Any], kind: type[HeadwaterError], field: str
) -> None:
    found = await world.recommend(channel="Mail" if "channel_id" not in response else "Web")
    if response.get("recommendation_id") == "?":
        response = {**response, "recommendation_id": found.id}
    before = await records(world)
    with pytest.raises(kind) as refused:
        await world.respond(**{"outcome": "click", **response})
    assert refused.value.details["field"] == field
    assert await records(world) == before
    assert (await world.customer()).suppressions == ()


async def test_a_misspelt_outcome_is_told_the_nearest(world: Deciding) -> None:
    with pytest.raises(InvalidRequest, match=r"'dismis' is no outcome type. Did you mean 'dismiss'\?"):
        await world.respond("dismis", **NAMED)


async def test_a_time_is_taken_as_utc_and_counts_from_then(world: Deciding) -> None:
    await world.respond("dismiss", **NAMED, at=datetime.fromisoformat("2026-03-01T12:00:00+02:00"))
    await world.respond("dismiss", **NAMED, at=datetime.fromisoformat("2026-03-02T12:00:00"))
    ends = sorted(one.expires_at for one in (await world.customer()).suppressions if one.expires_at)
    assert [f"{one:%m-%d %H}" for one in ends] == ["03-08 10", "03-09 12"]


async def test_the_same_key_is_stored_once_and_answered_alike(world: Deciding) -> None:
    first = await world.respond("dismiss", "k", **NAMED)
    assert await world.respond("dismiss", "k", **NAMED) == first
    assert len((await world.customer()).suppressions) == 1
    with pytest.raises(Conflict, match="used with another request") as refused:
        await world.respond("accept", "k", **NAMED)
    assert refused.value.retry_after is None
    assert await world.respond("dismiss", "k", scope=ELSEWHERE, **NAMED) != first
    assert await world.respond("dismiss", "other", **NAMED) != first


async def test_a_refused_response_can_be_mended_under_its_key(world: Deciding) -> None:
    with pytest.raises(InvalidRequest):
        await world.respond("clack", "k", **NAMED)
    assert (await world.respond("click", "k", **NAMED)).classification == "positive"


async def test_a_key_that_is_under_way_is_refused_for_a_moment(world: Deciding) -> None:
    answers = await asyncio.gather(*(world.respond("click", "k", **NAMED) for _ in range(2)), return_exceptions=True)
    (refused,) = [one for one in answers if isinstance(one, Conflict)]
    assert refused.retry_after == 1
    assert (await records(world))[1].positive == 1


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_keys_have_a_length(world: Deciding, key: str) -> None:
    response = Response(customer_id="c1", outcome="click", **NAMED)
    with pytest.raises(InvalidRequest, match="1 to 255 characters"):
        await world.responder.respond(response, Sent(key, b""), SCOPE)


async def test_rates_are_half_a_second_old_at_most(world: Deciding, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr(run, "time", SimpleNamespace(monotonic=lambda: seconds))

    async def positive() -> int:
        return (await world.known.rates(SCOPE)).get(1, OfferRecord()).positive

    assert await positive() == 0
    await world.respond("click", **NAMED)
    seconds += 0.4
    assert await positive() == 0
    seconds += 0.1
    assert await positive() == 1
