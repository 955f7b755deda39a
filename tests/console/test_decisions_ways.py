"""Each candidate's way in words, with the odd traces that other systems send."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headwater.console.decisions.ways import Story, story
from headwater.control.decisions.book import Book, Channel, Creative, Flow, Model, Offer
from headwater.query.decisions.state import Trace, TraceOffer

BOOK = Book(
    offers=[Offer(number, f"off_{number}", f"Offer {number}", "active", priority=70) for number in range(1, 7)],
    channels=[Channel(9, "ch", "Mail", "active")],
    creatives=[Creative(8, "cr", "Blue", "active", offer=1, channel=9)],
    flows=[Flow(5, "flow", "Home", "active", key="home", scoring={"method": "thompson_bandit"})],
    models=[Model(4, "model", "Trees", "active")],
)
OFFERS = (
    TraceOffer(3, 1, qualified=False, reason="The customer is not in the segment 'vip'."),
    TraceOffer(4, 2, qualified=True, permitted=False, policy_type="cooldown"),
    TraceOffer(2, 3, qualified=True, permitted=True, score=0.25, rank=2),
    TraceOffer(1, 4, qualified=True, permitted=True, score=0.7, rank=1, selected=1, creative=8),
    TraceOffer(5, 5),
    TraceOffer(6, 6, qualified=True, permitted=False),
)


def told(
    *offers: TraceOffer, flow: int = 0, request: str = "rec_1", own: str = "dt_1", degraded: bool = False
) -> Story:
    """The story of a decision."""
    return story(Trace(1, own, datetime(2026, 1, 1, tzinfo=UTC), "c", 9, flow, request, degraded, None, offers), BOOK)


def test_the_chosen_come_first_and_then_who_came_farthest() -> None:
    ways = told(*OFFERS).ways
    assert [(way.name, way.end) for way in ways] == [
        ("Offer 1", "Chosen as number 1"),
        ("Offer 2", "Ranked too low"),
        ("Offer 4", "Held back"),
        ("Offer 6", "Held back"),
        ("Offer 3", "Not qualified"),
        ("Offer 5", "Considered only"),
    ]


def test_each_stage_says_what_it_did() -> None:
    ways = {way.name: dict(way.stages) for way in told(*OFFERS).ways}
    assert ways["Offer 3"] == {"Qualification": "The customer is not in the segment 'vip'."}
    assert ways["Offer 4"]["Policies"] == "Too soon after the last time."
    assert "not recorded" in ways["Offer 6"]["Policies"]
    assert ways["Offer 1"]["Rank"] == "1 of the 2 that were ranked."
    assert ways["Offer 1"]["Outcome"] == "Shown as “Blue”."
    assert "priority is 70 of 100 now" in ways["Offer 2"]["Score"]
    assert "Nothing is recorded" in ways["Offer 5"]["Qualification"]


def test_counts_are_those_left_after_each_stage() -> None:
    counts = [(step.label, step.count) for step in told(*OFFERS).steps]
    assert counts == [("Considered", 6), ("Qualified", 5), ("Not held back", 3), ("Ranked", 2), ("Chosen", 1)]


@pytest.mark.parametrize(
    ("scoring", "words"),
    [
        (told(*OFFERS), "Without a decision flow, offers are scored by the offer's priority"),
        (told(*OFFERS, flow=5), "The decision flow Home scores by a draw"),
        (told(*OFFERS, degraded=True), "a fallback scored every offer"),
        (told(*OFFERS, own="theirs"), "The system that sent this decision"),
        (told(*OFFERS, request="req_1"), "The system that sent this decision"),
        (told(TraceOffer(1, 1, score=0.5, rank=1, model=4)), "were given by Trees"),
        (told(TraceOffer(1, 1, qualified=False)), "No offer came to be scored."),
        (told(), "No offer came to be scored."),
    ],
)
def test_how_scores_came_about_is_said_only_as_far_as_it_is_known(scoring: Story, words: str) -> None:
    assert words in scoring.scoring
