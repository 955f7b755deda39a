"""Random books, customers and questions, for what holds whatever they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from headwater.control.decisions.book import Book, Flow
from headwater.decisioning.scoring import METHODS
from headwater.query.decisions.state import Contact, CustomerState, OfferRecord, Suppression
from tests.decisioning.world import (
    CARDS,
    CREDIT,
    LOANS,
    MAIL,
    NEW,
    NOW,
    VIP,
    WEB,
    ago,
    book,
    creative,
    needs,
    offer,
    policy,
    where,
)

MOST_OFFERS = 8
numbers = st.integers(1, MOST_OFFERS)
rules = st.lists(
    st.sampled_from(
        [needs("seg_vip"), needs("seg_vip", "seg_new"), where("age", "gte", 18), where("age", "not_exists")]
    ),
    max_size=2,
).map(tuple)
scopes: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.sampled_from([MAIL, WEB]).map(lambda one: {"scope": "channel", "target": one}),
    st.sampled_from([CARDS, CREDIT, LOANS]).map(lambda one: {"scope": "category", "target": one}),
    numbers.map(lambda one: {"scope": "offer", "target": one}),
)
configs = st.one_of(
    st.tuples(
        st.sampled_from(["frequency_cap", "cross_channel_cap"]),
        st.fixed_dictionaries({"maxContacts": st.integers(0, 4), "windowDays": st.integers(1, 5)}),
    ),
    st.tuples(st.just("cooldown"), st.fixed_dictionaries({"cooldownHours": st.integers(1, 60)})),
    st.tuples(
        st.just("mutual_exclusion"),
        st.lists(numbers.map("off_{}".format), min_size=2, max_size=4, unique=True).map(lambda ids: {"offerIds": ids}),
    ),
    st.tuples(
        st.just("time_window"),
        st.fixed_dictionaries(
            {"days": st.sampled_from([[3], [1, 2]]), "startHour": st.integers(0, 23), "endHour": st.integers(1, 24)}
        ),
    ),
)


@st.composite
def books(draw: st.DrawFn) -> Book:
    offers = [
        offer(
            number,
            draw(st.integers(0, 100)),
            category=draw(st.sampled_from([None, CARDS, CREDIT, LOANS])),
            business_value=draw(st.sampled_from([0.0, 20.0, 100.0])),
            eligibility=draw(rules),
        )
        for number in range(1, draw(st.integers(0, MOST_OFFERS)) + 1)
    ]
    policies = [
        policy(number, rule_type, config, priority=draw(st.integers(0, 3)), **draw(scopes))
        for number, (rule_type, config) in enumerate(draw(st.lists(configs, max_size=5)), 1)
    ]
    creatives = [creative(one, channel, draw(st.integers(0, 100))) for one in offers for channel in (MAIL, WEB)]
    flows = [
        Flow(number, f"flow_{number}", method, "active", key=method, scoring={"method": method})
        for number, method in enumerate(METHODS, 501)
    ]
    return book(offers, policies, creatives, flows=flows)


moments = st.integers(-3, 24 * 6).map(ago)
states = st.builds(
    CustomerState,
    st.lists(st.builds(Contact, numbers, st.sampled_from([MAIL, WEB]), moments), max_size=6).map(tuple),
    st.lists(
        st.builds(
            Suppression,
            st.integers(0, MOST_OFFERS),
            st.sampled_from([0, MAIL, WEB]),
            st.sampled_from(["dismiss", ""]),
            st.sampled_from([None, NOW, NOW + timedelta(hours=1)]),
        ),
        max_size=2,
    ).map(tuple),
    st.frozensets(st.sampled_from([VIP, NEW])),
)
questions: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "channel": st.sampled_from([MAIL, WEB]),
        "limit": st.integers(1, MOST_OFFERS),
        "segments": st.frozensets(st.sampled_from([VIP, NEW])),
        "attributes": st.sampled_from(
            [{}, {"age": 20}, {"age": "20"}, {"relevance": {"off_1": 0.2}}, {"relevance": 1}]
        ),
        "method": st.sampled_from(sorted(METHODS)),
        "excluded": st.frozensets(numbers, max_size=2),
        "records": st.dictionaries(numbers, st.builds(OfferRecord, st.integers(0, 80), st.integers(0, 40))),
    }
)
