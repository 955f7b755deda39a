"""What holds of every decision, whatever the book, the policies and the customer; and a decision read line by line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import given

from headwater.control.decisions.book import Book, Policy
from headwater.decisioning.decide import Decision
from headwater.query.decisions.state import Contact, CustomerState, OfferRecord
from tests.decisioning.strategies import books, questions, states
from tests.decisioning.world import (
    CARDS,
    CREDIT,
    NOW,
    WEB,
    ago,
    book,
    creative,
    decided,
    fates,
    needs,
    of,
    offer,
    policy,
    selected,
)

worlds = given(books(), states, questions)


@worlds
def test_an_excluded_offer_is_nowhere(of: Book, state: CustomerState, question: dict[str, Any]) -> None:
    decision = decided(of, state, **question)
    assert not question["excluded"] & fates(decision).keys()


@worlds
def test_every_candidate_has_exactly_one_fate(of: Book, state: CustomerState, question: dict[str, Any]) -> None:
    decision = decided(of, state, **question)
    assert len(decision.considered) == len({one.choice.offer.number for one in decision.considered})
    assert {one.choice.offer.number for one in decision.considered} == of.offers.keys() - question["excluded"]
    for one in decision.considered:
        assert (one.reason != "") + (one.policy_type != "") + (one.rank is not None) == 1
        assert (one.score is None) == (one.rank is None)
        assert one.rank is not None or not one.selected
        assert len(one.reason) <= 255


@worlds
def test_ranks_follow_scores_then_priority_then_name(of: Book, state: CustomerState, question: dict[str, Any]) -> None:
    decision = decided(of, state, **question)
    ranked = sorted((one for one in decision.considered if one.rank is not None), key=lambda one: one.rank or 0)
    assert [one.rank for one in ranked] == list(range(1, len(ranked) + 1))
    standing = [(-(one.score or 0), -one.choice.offer.priority, one.choice.offer.name) for one in ranked]
    assert standing == sorted(standing)
    assert [one.rank for one in decision.selected] == list(range(1, min(question["limit"], len(ranked)) + 1))


@worlds
def test_caps_hold(of: Book, state: CustomerState, question: dict[str, Any]) -> None:
    """Contacts in the window, those of the answer among them, are never more than a cap allows."""
    decision = decided(of, state, **question)
    for one in of.policies.values():
        if one.rule_type not in ("frequency_cap", "cross_channel_cap") or not on_channel(one, question["channel"]):
            continue
        chosen = [number for number in selected(decision) if in_scope(of, one, number)]
        since = NOW - timedelta(days=one.config["windowDays"])
        had = [
            contact
            for contact in state.contacts
            if contact.at > since
            and (one.rule_type == "cross_channel_cap" or contact.channel == question["channel"])
            and in_scope(of, one, contact.offer)
        ]
        assert not chosen or len(had) + len(chosen) <= one.config["maxContacts"]


@worlds
def test_what_is_selected_waits_and_keeps_to_hours(of: Book, state: CustomerState, question: dict[str, Any]) -> None:
    decision = decided(of, state, **question)
    for one in of.policies.values():
        chosen = [number for number in selected(decision) if in_scope(of, one, number)]
        if not chosen or not on_channel(one, question["channel"]):
            continue
        if one.rule_type == "cooldown":
            since = NOW - timedelta(hours=one.config["cooldownHours"])
            own = [contact for contact in state.contacts if in_scope(of, one, contact.offer)]
            assert not [contact for contact in own if contact.at > since and on_channel(one, contact.channel)]
        if one.rule_type == "time_window" and one.config["startHour"] < one.config["endHour"]:
            assert 3 in one.config["days"]
            assert one.config["startHour"] <= 10 < one.config["endHour"]


@worlds
def test_of_offers_that_exclude_each_other_one_is_left(
    of: Book, state: CustomerState, question: dict[str, Any]
) -> None:
    decision = decided(of, state, **question)
    for one in of.policies.values():
        if one.rule_type != "mutual_exclusion" or not on_channel(one, question["channel"]):
            continue
        rivals = {of.find("offer", public_id) for public_id in one.config["offerIds"]}
        left = [each.choice.offer.number for each in decision.considered if each.rank is not None]
        assert len([number for number in left if number in rivals and in_scope(of, one, number)]) <= 1


@worlds
def test_nobody_is_given_what_is_suppressed(of: Book, state: CustomerState, question: dict[str, Any]) -> None:
    decision = decided(of, state, **question)
    for one in state.suppressions:
        if one.expires_at is None or one.expires_at > NOW:
            assert not [number for number in selected(decision) if one.covers(number, question["channel"])]


@worlds
def test_only_a_failure_degrades_and_then_all_scores_are_by_priority(
    of: Book, state: CustomerState, question: dict[str, Any]
) -> None:
    decision = decided(of, state, **question)
    scored = [one for one in decision.considered if one.rank is not None]
    fails = question["method"] == "formula" and question["attributes"].get("relevance") == 1
    # What is scored may be held back after ranking, so a failure can be of an offer that is not among the scored.
    assert not decision.degraded or fails
    assert not (fails and scored) or decision.degraded
    assert decision.method == ("priority_weighted" if decision.degraded else question["method"])
    if decision.method == "priority_weighted":
        for one in scored:
            assert one.score == round(one.choice.offer.priority / 100 * one.choice.creative.weight / 100, 9)


@worlds
def test_the_same_question_is_decided_the_same_way(of: Book, state: CustomerState, question: dict[str, Any]) -> None:
    backwards = CustomerState(state.contacts[::-1], state.suppressions[::-1], state.segments)
    assert decided(of, state, **question) == decided(of, backwards, **question)


def on_channel(one: Policy, channel: int) -> bool:
    return one.scope != "channel" or one.target == channel


def in_scope(of: Book, one: Policy, number: int) -> bool:
    """Whether the policy is about the offer, worked out from the book alone."""
    if one.scope == "offer":
        return one.target == number
    if one.scope != "category":
        return True
    category = of.offers[number].category if number in of.offers else None
    return category == one.target or (category == CREDIT and one.target == CARDS)


def test_a_decision_line_by_line() -> None:
    offers = [
        offer(1, 90, eligibility=(needs("seg_vip"),)),
        offer(2, 80),
        offer(3, 70),
        offer(4, 70, name="A name that stands first"),
        offer(5, 60),
        offer(6, 50),
    ]
    creatives = [creative(one, weight=50 if one.number == 2 else 100) for one in offers]
    policies = [
        policy(1, "frequency_cap", {"maxContacts": 1, "windowDays": 1}, scope="offer", target=5),
        policy(2, "mutual_exclusion", {"offerIds": ["off_3", "off_6"]}),
    ]
    state = CustomerState((Contact(5, WEB, ago(hours=2)),))
    decision = decided(book(offers, policies, creatives), state, limit=2)
    assert fates(decision) == {
        1: ("not_qualified", "The customer is not in the segment 'seg_vip'."),
        2: ("ranked", ""),
        4: ("selected", ""),
        3: ("selected", ""),
        5: ("held_back", "frequency_cap"),
        6: ("held_back", "mutual_exclusion"),
    }
    assert {number: (of(decision, number).score, of(decision, number).rank) for number in (2, 3, 4)} == {
        4: (0.7, 1),
        3: (0.7, 2),
        2: (0.4, 3),
    }
    assert [one.choice.offer.number for one in decision.considered] == [1, 2, 4, 3, 5, 6]
    assert decision.qualified == 5
    assert (decision.method, decision.degraded) == ("priority_weighted", False)


def test_no_candidates_are_a_decision_too() -> None:
    empty: Decision = decided(book([]))
    assert (empty.considered, empty.selected, empty.degraded) == ((), [], False)


def test_a_failed_score_degrades_and_still_decides() -> None:
    records: Mapping[int, OfferRecord] = {1: OfferRecord(100, 1), 2: OfferRecord(100, 90)}
    of_two = book([offer(1, 90, business_value=1.0), offer(2, 10, business_value=1.0)])
    assert selected(decided(of_two, records=records, method="formula")) == [2, 1]
    decision = decided(of_two, records=records, method="formula", attributes={"relevance": {"off_1": "x"}})
    assert (selected(decision), decision.method, decision.degraded) == ([1, 2], "priority_weighted", True)
    assert decision.failure == "'attributes.relevance' of 'off_1' is no number from 0."
