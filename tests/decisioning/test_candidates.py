"""Which offers are considered, with which creative, and in which order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from headwater.control.decisions.book import Book
from headwater.decisioning.board import Board, Boards, best
from headwater.decisioning.candidates import candidates
from headwater.query.decisions.state import OfferRecord
from tests.decisioning.world import MAIL, NOW, WEB, book, creative, offer

SOON, EARLIER = NOW + timedelta(microseconds=1), NOW - timedelta(microseconds=1)


def considered(of: Book, channel: int = WEB, excluded: tuple[int, ...] = (), **records: Any) -> list[int]:
    """The candidates' numbers, in order."""
    found = candidates(Board(of), channel, excluded, {int(key[1:]): one for key, one in records.items()}, NOW)
    return [one.offer.number for one in found]


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
def test_only_active_offers(status: str) -> None:
    assert considered(book([offer(1), offer(2, status=status), offer(3, archived=True)])) == [1]


@pytest.mark.parametrize(
    ("schedule", "within"),
    [
        ({"starts_at": NOW}, True),
        ({"starts_at": SOON}, False),
        ({"ends_at": SOON}, True),
        ({"ends_at": NOW}, False),
        ({"starts_at": EARLIER, "ends_at": SOON}, True),
        ({"starts_at": EARLIER, "ends_at": EARLIER}, False),
    ],
)
def test_only_offers_in_schedule(schedule: dict[str, Any], within: bool) -> None:
    assert considered(book([offer(1, **schedule)])) == [1] * within


@pytest.mark.parametrize(
    ("allocated", "cost", "within"),
    [("10", "9.999999", True), ("10", "10", False), ("10", "10.01", False), ("0", "0", False)],
)
def test_only_offers_within_budget(allocated: str, cost: str, within: bool) -> None:
    spent = OfferRecord(cost=Decimal(cost))
    assert considered(book([offer(1, allocated=Decimal(allocated))]), o1=spent) == [1] * within


def test_an_offer_without_a_budget_or_without_costs_is_within_it() -> None:
    of = book([offer(1), offer(2, allocated=Decimal(1))])
    assert considered(of, o1=OfferRecord(cost=Decimal(10**9))) == [1, 2]


def test_only_offers_with_an_active_creative_on_the_channel() -> None:
    offers = [offer(number) for number in range(1, 5)]
    creatives = [
        creative(offers[0], WEB),
        creative(offers[1], MAIL),
        creative(offers[2], WEB, status="draft"),
        creative(offers[3], WEB, archived=True),
    ]
    assert considered(book(offers, creatives=creatives)) == [1]


def test_excluded_offers_are_no_candidates() -> None:
    assert considered(book([offer(1), offer(2), offer(3)]), excluded=(2,)) == [1, 3]


def test_candidates_stand_by_priority_then_name_then_id() -> None:
    offers = [offer(1, 10), offer(2, 90), offer(3, 50, name="B"), offer(4, 50, name="A"), offer(5, 50, name="A")]
    assert considered(book(offers)) == [2, 4, 5, 3, 1]


def test_the_heaviest_creative_is_taken_and_of_equals_the_first_by_id() -> None:
    of = offer(1)
    light, heavy, equal = (
        creative(of, number=1, weight=40),
        creative(of, number=3, weight=60),
        creative(of, number=2, weight=60),
    )
    assert best([light, heavy, equal]) is equal
    (choice,) = Board(book([of], creatives=[light, heavy, equal])).choices(WEB)
    assert choice.creative is equal


def test_a_book_has_one_board_that_goes_with_it() -> None:
    boards, of = Boards(), book([offer(1)])
    assert boards.of(of) is boards.of(of)
    assert boards.of(book([offer(1)])) is not boards.of(of)
    assert len(boards._boards) == 1, "the board of a book that nobody holds goes with it"
