"""Rules of offers: segments, conditions, and that all must pass."""

from __future__ import annotations

import pytest

from headwater.control.decisions.book import Rule
from headwater.decisioning.board import Board
from headwater.decisioning.qualification import disqualified, segments_needed
from headwater.query.decisions.state import CustomerState
from tests.decisioning.world import NEW, VIP, WEB, book, decided, fates, needs, offer, where


def reason(rules: list[Rule], segments: set[int] | None = None, **attributes: object) -> str:
    """Why an offer with these rules is not for the customer."""
    (choice,) = Board(book([offer(1, eligibility=tuple(rules))])).choices(WEB)
    return disqualified(choice, segments or set(), attributes)


@pytest.mark.parametrize(
    ("segments", "words"),
    [
        ({VIP, NEW}, ""),
        ({VIP}, "The customer is not in the segment 'seg_new'."),
        ({NEW}, "The customer is not in the segment 'seg_vip'."),
        (set(), "The customer is not in the segment 'seg_vip'."),
    ],
)
def test_every_required_segment_is_required(segments: set[int], words: str) -> None:
    assert reason([needs("seg_vip", "seg_new")], segments) == words


def test_no_required_segment_asks_for_nothing() -> None:
    assert reason([needs()]) == ""


@pytest.mark.parametrize("missing", ["seg_nobody", "seg_gone"])
def test_nobody_is_in_a_segment_that_does_not_exist(missing: str) -> None:
    assert reason([needs(missing)], {VIP, NEW, 303}) == f"The required segment '{missing}' does not exist."


def test_all_rules_must_pass_and_the_first_that_fails_is_the_reason() -> None:
    rules = [where("age", "gte", 18), needs("seg_vip"), where("country", "in", ["de", "at"])]
    assert reason(rules, {VIP}, age=18, country="de") == ""
    assert reason(rules, set(), age=17, country="ch") == "'age' is not gte 18."
    assert reason(rules, set(), age=18, country="ch") == "The customer is not in the segment 'seg_vip'."
    assert reason(rules, {VIP}, age=18) == "'country' is missing."


def test_only_segments_that_rules_name_and_that_exist_are_asked_for() -> None:
    offers = [
        offer(1, eligibility=(needs("seg_vip"), needs("seg_new", "seg_nobody"))),
        offer(2, eligibility=(where("age", "exists"),)),
        offer(3),
    ]
    choices = Board(book(offers)).choices(WEB)
    assert segments_needed(choices) == {VIP, NEW}
    assert segments_needed([one for one in choices if one.offer.number != 1]) == frozenset()


def test_the_requests_segments_and_the_lists_count_alike() -> None:
    of = book([offer(1, eligibility=(needs("seg_vip", "seg_new"),))])
    state = CustomerState(segments=frozenset({NEW}))
    assert fates(decided(of, state, segments=frozenset({VIP}))) == {1: ("selected", "")}
    assert fates(decided(of, state)) == {1: ("not_qualified", "The customer is not in the segment 'seg_vip'.")}
