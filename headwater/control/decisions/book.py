"""An organisation's decision entities as facts, questions and recommendations need them: in memory, immutable.

``Book`` is pure and answers without waiting. It knows everything by number, as facts do, and
turns callers' ids into numbers and back; archived entities keep both, since history names
them. It knows no figure and no database.

>>> book = Book(offers=[Offer(1, "off_1", "Card", "active")], channels=[Channel(2, "ch_1", "Mail", "active")])
>>> book.find("offer", "off_1"), book.find("offer", "ch_1"), book.id_of("channel", 2)
(1, None, 'ch_1')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec

from headwater.catalogue.decisions import SYSTEM_OUTCOMES, Outcome

Kind = Literal["offer", "category", "channel", "creative", "segment", "decision_flow", "algorithm_model"]
"""The kinds that facts can name."""


class Named(msgspec.Struct, frozen=True):
    """What every entity has; times are UTC without saying so, as facts have them."""

    number: int
    id: str
    name: str
    status: str
    archived: bool = False
    created_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether it counts as active now."""
        return self.status == "active" and not self.archived


N = TypeVar("N", bound=Named)


class Rule(msgspec.Struct, frozen=True):
    """A qualification rule of an offer, as it was checked when it was written."""

    rule_type: Literal["segment_required", "attribute_condition"]
    config: Mapping[str, Any]


class Offer(Named, frozen=True, kw_only=True):
    """What may be offered; ``category`` is a number, ``allocated`` the budget, None where there is none."""

    priority: int = 0
    category: int | None = None
    allocated: Decimal | None = None
    currency: str | None = None
    business_value: float = 0.0
    eligibility: tuple[Rule, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Category(Named, frozen=True, kw_only=True):
    """A group of offers; it has no status of its own and counts as active."""

    parent: int | None = None


class Channel(Named, frozen=True, kw_only=True):
    """A way to customers; where it is ``implicit``, a recommendation is an impression."""

    channel_type: str = ""
    impression_mode: Literal["explicit", "implicit"] = "explicit"


class Creative(Named, frozen=True, kw_only=True):
    """How an offer is shown on a channel; ``weight`` is 0 to 100."""

    offer: int = 0
    channel: int = 0
    weight: int = 100


class Segment(Named, frozen=True, kw_only=True):
    """A set of customers; who is in it is a fact, not a row."""

    filters: tuple[Mapping[str, Any], ...] = ()


class Flow(Named, frozen=True, kw_only=True):
    """How recommendations are made; ``scoring`` is the checked ``config.scoring``."""

    key: str = ""
    channel: int | None = None
    placement: str | None = None
    scoring: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Model(Named, frozen=True, kw_only=True):
    """An algorithm model, whose metrics are facts."""

    key: str = ""
    model_type: str = ""


class Policy(Named, frozen=True, kw_only=True):
    """A contact policy; ``target`` is the number of what its scope names, None where that is global."""

    rule_type: Literal["frequency_cap", "cooldown", "mutual_exclusion", "time_window", "cross_channel_cap"]
    scope: Literal["global", "channel", "category", "offer"] = "global"
    target: int | None = None
    config: Mapping[str, Any] = msgspec.field(default_factory=dict)
    priority: int = 0


class Counts(msgspec.Struct, frozen=True):
    """Entities that only the summary asks for."""

    active_experiments: int = 0
    journeys: int = 0
    active_triggers: int = 0
    pending_approvals: int = 0


class Book:
    """All decision entities of one organisation at one moment, archived ones among them.

    ``outcomes`` holds the organisation's own outcome types beside those of the system.
    """

    def __init__(
        self,
        *,
        offers: Iterable[Offer] = (),
        categories: Iterable[Category] = (),
        channels: Iterable[Channel] = (),
        creatives: Iterable[Creative] = (),
        segments: Iterable[Segment] = (),
        flows: Iterable[Flow] = (),
        models: Iterable[Model] = (),
        policies: Iterable[Policy] = (),
        outcomes: Iterable[Outcome] = (),
        counts: Counts | None = None,
    ) -> None:
        self.offers = _numbered(offers)
        self.categories = _numbered(categories)
        self.channels = _numbered(channels)
        self.creatives = _numbered(creatives)
        self.segments = _numbered(segments)
        self.flows = _numbered(flows)
        self.models = _numbered(models)
        self.policies = _numbered(policies)
        self.outcomes: Mapping[str, Outcome] = {one.key: one for one in (*SYSTEM_OUTCOMES, *outcomes)}
        self.counts = counts or Counts()
        self._by_kind: dict[str, Mapping[int, Named]] = {
            "offer": self.offers,
            "category": self.categories,
            "channel": self.channels,
            "creative": self.creatives,
            "segment": self.segments,
            "decision_flow": self.flows,
            "algorithm_model": self.models,
        }
        self._numbers = {kind: {one.id: one.number for one in of.values()} for kind, of in self._by_kind.items()}

    def find(self, kind: str, public_id: str) -> int | None:
        """The number of what has this id, archived or not; None for one that the organisation does not have."""
        return self._numbers.get(kind, {}).get(public_id)

    def id_of(self, kind: str, number: int) -> str:
        """The id by which callers know it; KeyError for a number that is none of the kind's."""
        return self._by_kind[kind][number].id

    def name_of(self, kind: str, number: int) -> str:
        """What people call it."""
        return self._by_kind[kind][number].name

    def outcome(self, key: str) -> Outcome | None:
        """The outcome type of this key."""
        return self.outcomes.get(key)


def _numbered(entries: Iterable[N]) -> Mapping[int, N]:
    return {entry.number: entry for entry in entries}
