"""The thirteen kinds of decision entities: what may be written into each (contract: decisions, "Entities").

Pure. A body is a struct with the contract's names; what it says of types and bounds is what the
API description shows. Rules that need more than one field, or other entities, are in ``rules``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

# A "$" alone would let a line end follow.
OWN_ID: Final = r"^[A-Za-z0-9_-]{1,64}$(?!\n)"
_CURRENCY: Final = r"^[A-Z]{3}$(?!\n)"
Status = Literal["draft", "active", "paused", "archived"]
OwnId = Annotated[str, Meta(pattern=OWN_ID, description="Your own id; one is made unless given.")]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
_UNIQUE: Final = "Unique among those that are not archived."
Key = Annotated[str, Meta(min_length=1, max_length=255, description=_UNIQUE)]
# As long as an interaction's ``outcome``.
OutcomeKey = Annotated[str, Meta(min_length=1, max_length=64, description=_UNIQUE)]
Reference = Annotated[str, Meta(min_length=1, max_length=64)]
Priority = Annotated[int, Meta(ge=0, le=100)]
Time = Annotated[datetime, Meta(tz=True)]
Json = dict[str, Any]
Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "exists", "not_exists"]
RuleType = Literal["frequency_cap", "cooldown", "mutual_exclusion", "time_window", "cross_channel_cap"]


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Part of a body; a name that it does not have is a mistake, since nothing would come of it."""


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a caller sends; unknown fields are ignored, as everywhere."""

    id: OwnId | None = None


class Budget(Part, frozen=True):
    """What an offer may cost in all."""

    allocated: Annotated[float, Meta(ge=0, le=1e12)]
    currency: Annotated[str, Meta(pattern=_CURRENCY)] = "USD"


class Schedule(Part, frozen=True):
    """When an offer may be made: from ``startAt`` up to ``endAt``."""

    start_at: Time | None = None
    end_at: Time | None = None


class RequiredSegments(Part, frozen=True):
    """Segments of which the customer must be in every one."""

    required_segments: Annotated[list[Reference], Meta(min_length=1, max_length=100)]


class SegmentRequired(Part, frozen=True, tag_field="ruleType", tag="segment_required"):
    """A rule about membership."""

    config: RequiredSegments


class AttributeTest(Part, frozen=True):
    """An attribute of the request, compared with a value."""

    attribute: Annotated[str, Meta(min_length=1, max_length=255)]
    operator: Operator
    value: Any = None


class AttributeCondition(Part, frozen=True, tag_field="ruleType", tag="attribute_condition"):
    """A rule about what the request says of the customer."""

    config: AttributeTest


class OfferBody(Body, frozen=True):
    """An offer."""

    name: Name
    status: Status = "draft"
    priority: Priority = 50
    category_id: Reference | None = None
    budget: Budget | None = None
    business_value: Annotated[float, Meta(ge=0, le=100)] = 0.0
    eligibility: Annotated[list[SegmentRequired | AttributeCondition], Meta(max_length=100)] = []
    schedule: Schedule | None = None
    tags: Annotated[list[Annotated[str, Meta(min_length=1, max_length=255)]], Meta(max_length=100)] = []
    metadata: Json = {}


class CategoryBody(Body, frozen=True):
    """A group of offers."""

    name: Name
    parent_id: Reference | None = None


class ChannelBody(Body, frozen=True):
    """A way to customers."""

    name: Name
    channel_type: Annotated[str, Meta(min_length=1, max_length=64)]
    status: Status = "active"
    impression_mode: Literal["explicit", "implicit"] = "explicit"


class CreativeBody(Body, frozen=True):
    """How an offer is shown on a channel."""

    name: Name
    offer_id: Reference
    channel_id: Reference
    status: Status = "active"
    content: Json = {}
    weight: Priority = 100


class Filter(Part, frozen=True):
    """A bound on what a customer's interactions come to, of all time or of the last ``days``."""

    measure: Literal["interactions", "impressions", "positive", "negative", "converts", "revenue", "cost"]
    operator: Literal["eq", "ne", "gt", "gte", "lt", "lte"]
    value: Annotated[float, Meta(ge=0, le=1e12)]
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    offer_id: Reference | None = None
    channel_id: Reference | None = None


class SegmentBody(Body, frozen=True):
    """A set of customers: all filters must hold, or it is told its members by ingest."""

    name: Name
    status: Status = "active"
    filters: Annotated[list[Filter], Meta(max_length=20)] = []


class Weights(Part, frozen=True):
    """The exponents of ``formula``."""

    propensity: Annotated[float, Meta(ge=0, le=10)] = 0.4
    relevance: Annotated[float, Meta(ge=0, le=10)] = 0.2
    impact: Annotated[float, Meta(ge=0, le=10)] = 0.3
    emphasis: Annotated[float, Meta(ge=0, le=10)] = 0.1


class Scoring(Part, frozen=True):
    """How offers are scored."""

    method: Literal["priority_weighted", "propensity", "formula", "thompson_bandit"]
    weights: Weights | None = None


class FlowConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What of a flow's configuration is known; the rest is the caller's own."""

    scoring: Scoring | None = None


class FlowBody(Body, frozen=True):
    """How recommendations are made at one place."""

    key: Key
    name: Name
    status: Status = "active"
    channel_id: Reference | None = None
    placement: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    config: Json = {}


class ModelBody(Body, frozen=True):
    """An algorithm model; what is measured of it is ingested."""

    key: Key
    name: Name
    model_type: Annotated[str, Meta(min_length=1, max_length=64)]
    status: Status = "active"
    version: Annotated[str, Meta(max_length=64)] | None = None


class ContactCap(Part, frozen=True):
    """At most so many contacts in so many days."""

    max_contacts: Annotated[int, Meta(ge=1, le=10_000)]
    window_days: Annotated[int, Meta(ge=1, le=365)]


class CooldownConfig(Part, frozen=True):
    """No contact for so long after the last one."""

    cooldown_hours: Annotated[float, Meta(gt=0, le=8760)]


class ExclusionConfig(Part, frozen=True):
    """Offers of which one is made at most."""

    offer_ids: Annotated[list[Reference], Meta(min_length=2, max_length=1_000)]


class HoursConfig(Part, frozen=True):
    """When contact is allowed, in UTC; an end that is not after the start is on the next day."""

    days: Annotated[list[Annotated[int, Meta(ge=1, le=7)]], Meta(min_length=1, max_length=7)] | None = None
    start_hour: Annotated[int, Meta(ge=0, le=23)] = 0
    end_hour: Annotated[int, Meta(ge=0, le=24)] = 24


POLICY_CONFIGS: Final[Mapping[RuleType, type[Part]]] = MappingProxyType(
    {
        "frequency_cap": ContactCap,
        "cross_channel_cap": ContactCap,
        "cooldown": CooldownConfig,
        "mutual_exclusion": ExclusionConfig,
        "time_window": HoursConfig,
    }
)
"""What each rule type is configured with."""


class PolicyBody(Body, frozen=True):
    """A contact policy; ``config`` is its rule type's."""

    name: Name
    rule_type: RuleType
    status: Status = "active"
    scope: Literal["global", "channel", "category", "offer"] = "global"
    scope_id: Reference | None = None
    config: Json = {}
    priority: Priority = 50


class PlainBody(Body, frozen=True):
    """An experiment, a journey or a trigger."""

    name: Name
    status: Status = "active"
    config: Json = {}


class ApprovalBody(Body, frozen=True):
    """A request that somebody decides."""

    entity_type: Name
    entity_id: Reference
    action: Name
    requester_name: Name
    status: Literal["pending", "approved", "rejected"] = "pending"
    payload: Json = {}


class OutcomeTypeBody(Body, frozen=True):
    """What can become of an offer; interactions name it by its ``key``."""

    key: OutcomeKey
    name: Name
    classification: Literal["positive", "negative", "neutral"]
    category: Literal["impression", "response"] = "response"


class EntityKind(NamedTuple):
    """One kind: its path in the API, what its generated ids begin with, and what is written into it."""

    kind: str
    path: str
    prefix: str
    body: type[Body]
    references: Mapping[str, str] = {}
    """Fields that name another entity, and its kind."""

    @property
    def word(self) -> str:
        """What people call one of them."""
        return self.kind.replace("_", " ")

    @property
    def has_key(self) -> bool:
        """Whether it is found by a key, too."""
        return "key" in self.body.__struct_fields__


KINDS: Final[tuple[EntityKind, ...]] = (
    EntityKind("offer", "offers", "off", OfferBody, {"categoryId": "category"}),
    EntityKind("category", "categories", "cat", CategoryBody, {"parentId": "category"}),
    EntityKind("channel", "channels", "ch", ChannelBody),
    EntityKind("creative", "creatives", "cr", CreativeBody, {"offerId": "offer", "channelId": "channel"}),
    EntityKind("segment", "segments", "seg", SegmentBody),
    EntityKind("decision_flow", "decision-flows", "flow", FlowBody, {"channelId": "channel"}),
    EntityKind("algorithm_model", "algorithm-models", "model", ModelBody),
    EntityKind("contact_policy", "contact-policies", "pol", PolicyBody),
    EntityKind("experiment", "experiments", "exp", PlainBody),
    EntityKind("journey", "journeys", "jrn", PlainBody),
    EntityKind("trigger", "triggers", "trg", PlainBody),
    EntityKind("approval", "approvals", "apr", ApprovalBody),
    EntityKind("outcome_type", "outcome-types", "out", OutcomeTypeBody),
)
BY_KIND: Final[Mapping[str, EntityKind]] = MappingProxyType({one.kind: one for one in KINDS})
COLUMNS: Final = frozenset({"id", "key", "name", "status"})
"""Fields that are columns of the table; all others are its document."""
