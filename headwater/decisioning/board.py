"""What deciding needs of a book, worked out once: offers with their creatives by channel, rules, policies.

A board holds no book, so that a book nobody uses takes its board with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from weakref import WeakKeyDictionary

import msgspec

from headwater.control.decisions.book import Book, Creative, Offer, Rule
from headwater.decisioning.conditions import Condition, condition
from headwater.decisioning.policies import Limit, limits


class Required(msgspec.Struct, frozen=True):
    """Segments that the customer must all be in, by number; None stands for one that does not exist."""

    segments: tuple[tuple[int | None, str], ...]


class Choice(msgspec.Struct, frozen=True):
    """An offer and the creative that would show it; ``segments`` are those that its rules name."""

    offer: Offer
    creative: Creative
    rules: tuple[Required | Condition, ...] = ()
    segments: frozenset[int] = frozenset()


class Board:
    """Offers that could be shown on each channel, and the policies that hold.

    Choices are in the order in which offers of one score stand: priority, then name, then id.
    """

    def __init__(self, book: Book) -> None:
        self.limits: tuple[Limit, ...] = limits(book)
        self.window: timedelta = max((limit.window for limit in self.limits), default=timedelta(0))
        self._choices = _by_channel(book)

    def choices(self, channel: int) -> tuple[Choice, ...]:
        """Active offers with an active creative on the channel."""
        return self._choices.get(channel, ())


class Boards:
    """The board of each book in use."""

    def __init__(self) -> None:
        self._boards: WeakKeyDictionary[Book, Board] = WeakKeyDictionary()

    def of(self, book: Book) -> Board:
        """The book's board, made when first asked for."""
        board = self._boards.get(book)
        if board is None:
            board = self._boards[book] = Board(book)
        return board


def best(creatives: Iterable[Creative]) -> Creative:
    """The one of the highest weight; of several, the one whose id is first in alphabetical order."""
    return min(creatives, key=lambda one: (-one.weight, one.id))


def _by_channel(book: Book) -> Mapping[int, tuple[Choice, ...]]:
    shown: dict[tuple[int, int], list[Creative]] = {}
    for creative in book.creatives.values():
        if creative.active and (offer := book.offers.get(creative.offer)) is not None and offer.active:
            shown.setdefault((creative.channel, creative.offer), []).append(creative)
    rules = {number: tuple(_rule(rule, book) for rule in book.offers[number].eligibility) for _, number in shown}
    channels: dict[int, list[Choice]] = {}
    for (channel, number), creatives in shown.items():
        needed = frozenset(
            segment
            for rule in rules[number]
            if isinstance(rule, Required)
            for segment, _ in rule.segments
            if segment is not None
        )
        choice = Choice(book.offers[number], best(creatives), rules[number], needed)
        channels.setdefault(channel, []).append(choice)
    return {channel: tuple(sorted(found, key=_standing)) for channel, found in channels.items()}


def _standing(choice: Choice) -> tuple[int, str, str]:
    return -choice.offer.priority, choice.offer.name, choice.offer.id


def _rule(rule: Rule, book: Book) -> Required | Condition:
    if rule.rule_type == "attribute_condition":
        return condition(rule.config)
    return Required(tuple((_segment(book, one), one) for one in rule.config.get("requiredSegments", ())))


def _segment(book: Book, public_id: str) -> int | None:
    number = book.find("segment", public_id)
    return None if number is None or book.segments[number].archived else number
