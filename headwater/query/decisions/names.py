"""What the engine asks of an organisation's decision entities; the control plane's book answers it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol


class NamedEntity(Protocol):
    """Something with a number and a name."""

    @property
    def number(self) -> int:
        """By which facts know it."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def active(self) -> bool:
        """Whether it counts as active now."""

    @property
    def archived(self) -> bool:
        """Whether it is gone for all but history."""


class OfferEntity(NamedEntity, Protocol):
    """An offer."""

    @property
    def priority(self) -> int:
        """0 to 100."""

    @property
    def category(self) -> int | None:
        """The number of its category."""

    @property
    def allocated(self) -> Decimal | None:
        """Its budget."""

    @property
    def currency(self) -> str | None:
        """The budget's."""


class CreativeEntity(NamedEntity, Protocol):
    """A creative."""

    @property
    def offer(self) -> int:
        """The number of its offer."""


class SummaryCounts(Protocol):
    """Counts of what only the summary asks for."""

    @property
    def active_experiments(self) -> int:
        """Experiments that are active."""

    @property
    def journeys(self) -> int:
        """Journeys, whatever their status."""

    @property
    def active_triggers(self) -> int:
        """Triggers that are active."""

    @property
    def pending_approvals(self) -> int:
        """Approvals that nobody has decided."""


class Names(Protocol):
    """The organisation's entities, archived ones among them, by their numbers."""

    @property
    def offers(self) -> Mapping[int, OfferEntity]:
        """All offers."""

    @property
    def categories(self) -> Mapping[int, NamedEntity]:
        """All categories."""

    @property
    def channels(self) -> Mapping[int, NamedEntity]:
        """All channels."""

    @property
    def creatives(self) -> Mapping[int, CreativeEntity]:
        """All creatives."""

    @property
    def segments(self) -> Mapping[int, NamedEntity]:
        """All segments."""

    @property
    def models(self) -> Mapping[int, NamedEntity]:
        """All models."""

    @property
    def counts(self) -> SummaryCounts:
        """What else the summary counts."""


UNCATEGORIZED = "Uncategorized"


def category_of(names: Names, offer: int) -> int | None:
    """The category that an offer is in now."""
    return names.offers[offer].category


def category_name(names: Names, category: int | None) -> str:
    """A category's name, or the word for none."""
    return UNCATEGORIZED if category is None else names.categories[category].name
