"""Recommending over a real store: what is answered is what was written, and holds however many ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from headwater.control.decisions.book import Book, Flow
from headwater.decisioning.recommend import Recommendation, Sent, Wanted
from headwater.errors import Conflict, InvalidRequest, NotFound, Unavailable
from headwater.ingest.problems import Known
from headwater.query.decisions.state import CustomerState, Trace
from tests.decisioning.running import AT, Deciding, deciding, offers
from tests.decisioning.strategies import books, questions, states
from tests.decisioning.world import CHANNELS, MAIL, NEW, VIP, WEB, book, creative, needs, offer, policy, where
from tests.decisions.world import ELSEWHERE, SCOPE, batch
from tests.ingest.samples import Roster, Tree

ON = {MAIL: "Mail", WEB: "Web"}
FLOWS = [
    Flow(501, "flow_1", "Bandit", "active", key="bandit", scoring={"method": "thompson_bandit"}),
    Flow(502, "flow_2", "Formula", "active", key="formula", scoring={"method": "formula"}),
    Flow(503, "flow_3", "Mail", "active", key="mail", channel=MAIL, scoring={"method": "propensity"}),
    Flow(504, "flow_4", "Top of page", "active", key="top", placement="top", scoring={"method": "formula"}),
    Flow(505, "flow_5", "Draft", "draft", key="draft"),
]
PLAIN = book([offer(1, 90, business_value=1.0), offer(2, 80, business_value=1.0), offer(3, 70)], flows=FLOWS)


@pytest.fixture
async def plain() -> AsyncIterator[Deciding]:
    async with deciding(PLAIN) as world:
        yield world


async def remember(world: Deciding, of: Book, state: CustomerState) -> None:
    """Store what the customer did and is not to be offered, as far as the book has it."""
    rows: dict[str, list[dict[str, Any]]] = {
        "interactions": [
            {
                "at": f"{one.at.isoformat()}Z",
                "customer_id": "c1",
                "offer_id": f"off_{one.offer}",
                "channel_id": of.id_of("channel", one.channel),
                "outcome": "impression",
            }
            for one in state.contacts
            if one.offer in of.offers
        ],
        "suppressions": [
            {
                "at": "2026-03-01",
                "customer_id": "c1",
                "offer_id": f"off_{one.offer}" if one.offer else None,
                "channel_id": of.id_of("channel", one.channel) if one.channel else None,
                "policy_type": one.policy_type or "none",
                "expires_at": f"{one.expires_at.isoformat()}Z" if one.expires_at else None,
            }
            for one in state.suppressions
            if one.offer in (0, *of.offers)
        ],
    }
    for dataset, records in rows.items():
        if records:
            await world.writer.append(batch(dataset, records, known=Known(Tree(), Roster(), of)))


def holds(trace: Trace, found: Recommendation) -> None:
    """Each candidate has one way out or ranks, ranks follow scores, and the answer is what was selected."""
    for one in trace.offers:
        ways_out = (one.qualified is False, one.permitted is False, one.rank is not None)
        assert sum(ways_out) == 1
        assert (one.reason != "", one.policy_type != "") == ways_out[:2]
        assert (one.score is None) == (one.rank is None)
        assert one.selected in (None, one.rank)
    assert [one.candidate for one in trace.offers] == list(range(1, len(trace.offers) + 1))
    ranked = sorted((one for one in trace.offers if one.rank is not None), key=lambda one: one.rank or 0)
    scores = [one.score or 0.0 for one in ranked]
    assert scores == sorted(scores, reverse=True)
    selected = [one for one in ranked if one.selected is not None]
    assert [(one.offer, one.creative) for one in selected] == [
        (one.of.choice.offer.number, one.of.choice.creative.number) for one in found.items
    ]
    assert (trace.request_id, trace.number, trace.degraded) == (found.id, found.number, found.decision.degraded)


@given(books(), states, questions)
@settings(max_examples=30)
def test_what_is_decided_is_written_and_explains_every_candidate(
    of: Book, state: CustomerState, question: dict[str, Any]
) -> None:
    async def check() -> None:
        async with deciding(of) as world:
            await remember(world, of, state)
            before = len((await world.customer()).contacts)
            found = await world.recommend(
                channel=ON[question["channel"]],
                limit=question["limit"],
                segments=tuple(of.id_of("segment", one) for one in question["segments"]),
                attributes=question["attributes"],
                exclude_offers=tuple(f"off_{one}" for one in question["excluded"]),
                flow_key=question["method"],
            )
            trace = await world.trace(found)
            assert {one.offer for one in trace.offers} == of.offers.keys() - question["excluded"]
            holds(trace, found)
            never_again = [
                one
                for one in state.suppressions
                if one.offer in (0, *of.offers) and (one.expires_at is None or one.expires_at > world.now_as_facts)
            ]
            assert not [o for o in offers(found) for one in never_again if one.covers(o, question["channel"])]
            impressions = len((await world.customer()).contacts) - before
            assert impressions == (len(found.items) if question["channel"] == WEB else 0)

    asyncio.run(check())


@pytest.mark.parametrize(
    ("rule_type", "config", "most"),
    [
        ("frequency_cap", {"maxContacts": 3, "windowDays": 1}, 3),
        ("cross_channel_cap", {"maxContacts": 4, "windowDays": 1}, 4),
        ("cooldown", {"cooldownHours": 1}, 2),
    ],
)
async def test_caps_hold_when_fifty_ask_at_once_for_one_customer(
    rule_type: str, config: dict[str, int], most: int
) -> None:
    async with deciding(book([offer(1), offer(2), offer(3)], [policy(1, rule_type, config)])) as world:
        found = await asyncio.gather(*(world.recommend(limit=2) for _ in range(50)))
        assert sum(len(one.items) for one in found) == most
        assert len((await world.customer()).contacts) == most
        assert len({one.id for one in found}) == 50


async def test_customers_do_not_wait_for_each_other(plain: Deciding) -> None:
    found = await asyncio.gather(*(plain.recommend(f"c{number}") for number in range(20)))
    assert [offers(one) for one in found] == [[1, 2, 3]] * 20


async def test_what_is_excluded_is_no_candidate(plain: Deciding) -> None:
    found = await plain.recommend(exclude_offers=("off_1", "off_9", "nothing"))
    assert offers(found) == [2, 3]
    assert [one.offer for one in (await plain.trace(found)).offers] == [2, 3]
    assert found.warnings == ("'excludeOffers' names no offer that exists: 'off_9', 'nothing'.",)


async def test_segments_are_the_requests_or_the_lists() -> None:
    of = book([offer(1, eligibility=(needs("seg_vip"),)), offer(2, eligibility=(needs("seg_new"),))])
    async with deciding(of) as world:
        listed = {"segment_id": "seg_new", "customer_id": "c1"}
        await world.writer.append(batch("segment-members", [listed], known=Known(Tree(), Roster(), of)))
        assert offers(await world.recommend()) == [2]
        assert offers(await world.recommend(segments=("seg_vip",))) == [1, 2]
        assert offers(await world.recommend("c2")) == []
        assert (of.segments[VIP].id, of.segments[NEW].id) == ("seg_vip", "seg_new")


async def test_attributes_decide_rules() -> None:
    async with deciding(book([offer(1, eligibility=(where("age", "gte", 18),))])) as world:
        assert offers(await world.recommend(attributes={"age": 18})) == [1]
        missed = await world.recommend(attributes={"age": 17})
        (one,) = (await world.trace(missed)).offers
        assert (one.qualified, one.permitted, one.reason) == (False, None, "'age' is not gte 18.")


async def test_a_failed_score_degrades_and_still_answers(plain: Deciding) -> None:
    found = await plain.recommend(flow_key="formula", attributes={"relevance": "much"})
    assert offers(found) == [1, 2, 3]
    assert (found.decision.method, found.decision.degraded) == ("priority_weighted", True)
    assert found.warnings == (
        "'attributes.relevance' is no object of offer ids and numbers. Scored by 'priority_weighted' instead.",
    )
    assert (await plain.trace(found)).degraded


async def test_a_draw_is_the_seeds() -> None:
    drawn = []
    for seed in (7, 7, 8):
        async with deciding(PLAIN, seed=seed) as world:
            found = await world.recommend(flow_key="bandit")
            drawn.append([one.of.score for one in found.items])
    assert drawn[0] == drawn[1] != drawn[2]


async def test_the_flow_is_that_of_the_key_or_of_channel_and_placement(plain: Deciding) -> None:
    async def keys(**wanted: Any) -> tuple[str | None, str]:
        found = await plain.recommend(**wanted)
        return (found.flow.key if found.flow else None), found.decision.method

    assert await keys() == (None, "priority_weighted")
    assert await keys(placement="top") == ("top", "formula")
    assert await keys(channel="mail") == ("mail", "propensity")
    assert await keys(channel="email", flow_key="bandit") == ("bandit", "thompson_bandit")
    assert (await plain.recommend(flow_key="mail")).warnings == (
        "The decision flow 'mail' is that of another channel.",
    )


async def test_an_impression_is_written_where_showing_is_implicit(plain: Deciding) -> None:
    on_the_web, by_mail = await plain.recommend("c1"), await plain.recommend("c2", channel="Mail")
    assert len((await plain.customer("c1")).contacts) == 3
    assert (await plain.customer("c2")).contacts == ()
    assert len({one.interaction_id for found in (on_the_web, by_mail) for one in found.items}) == 6


async def test_no_offer_is_an_answer_with_a_trace(plain: Deciding) -> None:
    found = await plain.recommend(exclude_offers=("off_1", "off_2", "off_3"))
    trace = await plain.trace(found)
    assert (found.items, trace.offers, trace.degraded) == ((), (), False)


async def test_a_paused_channel_sends_nothing_and_says_so() -> None:
    channels = [*CHANNELS[:1], msgspec.structs.replace(CHANNELS[1], status="paused")]
    async with deciding(book([offer(1)], creatives=[creative(offer(1))], channels=channels)) as world:
        found = await world.recommend(channel=None, channel_id="ch_web")
        assert (found.items, found.warnings) == ((), ("The channel 'Web' is paused: nothing is sent on it.",))
        with pytest.raises(NotFound, match="no active channel of the name or type 'Web'"):
            await world.recommend()


@pytest.mark.parametrize(
    ("wanted", "kind", "field"),
    [
        ({"channel": None}, InvalidRequest, "channelId"),
        ({"channel": "pigeon"}, NotFound, "channel"),
        ({"channel": None, "channel_id": "ch_fax"}, NotFound, "channelId"),
        ({"channel": "mail", "channel_id": "ch_web"}, InvalidRequest, "channel"),
        ({"flow_key": "nothing"}, NotFound, "decisionFlowKey"),
        ({"flow_key": "draft"}, NotFound, "decisionFlowKey"),
    ],
)
async def test_what_is_not_there_is_said(
    plain: Deciding, wanted: dict[str, Any], kind: type[InvalidRequest | NotFound], field: str
) -> None:
    with pytest.raises(kind) as refused:
        await plain.recommend(**wanted)
    assert refused.value.details["field"] == field


async def test_organisations_know_nothing_of_each_others_customers() -> None:
    async with deciding(book([offer(1)], [policy(1, "cooldown", {"cooldownHours": 9})])) as world:
        assert offers(await world.recommend()) == [1]
        assert offers(await world.recommend(scope=ELSEWHERE)) == [1]
        assert offers(await world.recommend()) == []
        world.now = AT + timedelta(hours=9)
        assert offers(await world.recommend()) == [1]


def render(recommendation: Recommendation) -> bytes:
    return recommendation.id.encode()


async def test_the_same_key_gets_the_first_answer_and_decides_once(plain: Deciding) -> None:
    wanted, sent = Wanted(customer_id="c1", channel="Web"), Sent("k", b"{}")
    first = await plain.recommender.recommend_once(wanted, sent, render, SCOPE)
    assert await plain.recommender.recommend_once(wanted, sent, render, SCOPE) == first
    assert len((await plain.customer()).contacts) == 3
    assert await plain.recommender.recommend_once(wanted, sent, render, ELSEWHERE) != first
    with pytest.raises(Conflict, match="used with another request"):
        await plain.recommender.recommend_once(wanted, Sent("k", b"{1}"), render, SCOPE)
    at_once = [plain.recommender.recommend_once(wanted, Sent("new", b""), render, SCOPE) for _ in range(2)]
    answers = await asyncio.gather(*at_once, return_exceptions=True)
    assert [type(one) for one in answers] == [bytes, Conflict]


async def test_nothing_is_answered_that_is_not_stored(plain: Deciding) -> None:
    await plain.writer.stop()
    with pytest.raises(Unavailable):
        await plain.recommend()
    await plain.writer.start()
    assert len((await plain.customer()).contacts) == 0
    assert offers(await plain.recommend()) == [1, 2, 3]


async def test_what_was_answered_is_there_after_a_restart(tmp_path: Path) -> None:
    async with deciding(PLAIN, tmp_path / "facts.duckdb") as world:
        found = await world.recommend()
    async with deciding(PLAIN, tmp_path / "facts.duckdb") as world:
        holds(await world.trace(found), found)
        assert len((await world.customer()).contacts) == 3
