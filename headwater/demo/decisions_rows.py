"""Makes the rows of the demo's decisions: offers, channels, creatives and what else decides about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.decisions.entities import DecisionEntities
from headwater.control.decisions.kinds import (
    BY_KIND,
    ApprovalBody,
    Body,
    Budget,
    CategoryBody,
    ChannelBody,
    CreativeBody,
    Filter,
    FlowBody,
    ModelBody,
    OfferBody,
    OutcomeTypeBody,
    PlainBody,
    PolicyBody,
    RuleType,
    Schedule,
    SegmentBody,
)
from headwater.demo.decisions_world import (
    CATEGORIES,
    CHANNELS,
    DROPPED,
    JUMPED,
    NEWCOMERS,
    OFFERS,
    SEGMENTS,
    creative_of,
)
from headwater.kit.clock import FixedClock
from headwater.scope import Scope

CALLED_BACK: Final = "called_back"
BOOSTED, LOGISTIC = "model_boosted", "model_logistic"
FLOWS: Final = {"flow_home": "ch_app", "flow_newsletter": "ch_email"}
_CURRENCY: Final = "EUR"


async def make(
    session: AsyncSession, scope: Scope, clock: FixedClock, made: datetime, spent: Mapping[str, float]
) -> None:
    """All entities, as if made at ``made``; ``spent`` is what each offer has cost, of which budgets are a multiple."""
    now = clock()
    entities = DecisionEntities(session, scope)
    try:
        clock.now = made
        for kind, body in (*_world(made, spent), *_deciding(), *_around()):
            await entities.create(BY_KIND[kind], body)
    finally:
        clock.now = now


def _world(made: datetime, spent: Mapping[str, float]) -> Iterator[tuple[str, Body]]:
    for public_id, name in CATEGORIES.items():
        yield "category", CategoryBody(id=public_id, name=name)
    for public_id, channel in CHANNELS.items():
        mode: Any = "implicit" if channel.implicit else "explicit"
        body = ChannelBody(id=public_id, name=channel.name, channel_type=channel.channel_type, impression_mode=mode)
        yield "channel", body
    yield from _segments()
    for public_id, plan in OFFERS.items():
        budget = None
        if plan.burnt is not None:
            budget = Budget(allocated=round(spent[public_id] / plan.burnt, -1), currency=_CURRENCY)
        yield (
            "offer",
            OfferBody(
                id=public_id,
                name=plan.name,
                status=plan.status,
                priority=plan.priority,
                category_id=plan.category,
                budget=budget,
                business_value=plan.value,
                eligibility=list(plan.rules),
                schedule=Schedule(start_at=made),
                tags=["demo"],
            ),
        )
        for channel_id in plan.channels:
            name = f"{plan.name}, {CHANNELS[channel_id].name.lower()}"
            creative = creative_of(public_id, channel_id)
            content = {"headline": plan.name, "action": "Find out more"}
            yield (
                "creative",
                CreativeBody(id=creative, name=name, offer_id=public_id, channel_id=channel_id, content=content),
            )


def _segments() -> Iterator[tuple[str, Body]]:
    filters = {
        "seg_high_value": [Filter(measure="revenue", operator="gte", value=300)],
        "seg_engaged": [Filter(measure="positive", operator="gte", value=2, days=30)],
        NEWCOMERS: [],
    }
    for public_id, name in SEGMENTS.items():
        yield "segment", SegmentBody(id=public_id, name=name, filters=filters[public_id])


def _deciding() -> Iterator[tuple[str, Body]]:
    formula = {"method": "formula", "weights": {"propensity": 0.5, "relevance": 0.1, "impact": 0.3, "emphasis": 0.1}}
    for public_id, name, placement, scoring in (
        ("flow_home", "Home screen", "top", {"method": "propensity"}),
        ("flow_newsletter", "Newsletter", "lead", formula),
    ):
        body = FlowBody(
            id=public_id,
            key=public_id.removeprefix("flow_"),
            name=name,
            channel_id=FLOWS[public_id],
            placement=placement,
            config={"scoring": scoring},
        )
        yield "decision_flow", body
    for public_id, name, kind in (
        (BOOSTED, "Propensity, boosted trees", "gradient_boosting"),
        (LOGISTIC, "Propensity, logistic", "logistic_regression"),
    ):
        key = public_id.removeprefix("model_")
        yield "algorithm_model", ModelBody(id=public_id, key=key, name=name, model_type=kind, version="3")
    yield from _policies()
    yield (
        "outcome_type",
        OutcomeTypeBody(id="out_called_back", key=CALLED_BACK, name="Called back", classification="positive"),
    )


def _policies() -> Iterator[tuple[str, Body]]:
    rows: tuple[tuple[str, str, RuleType, Any, str | None, dict[str, Any]], ...] = (
        ("pol_sms", "Four text messages a month", "frequency_cap", "channel", "ch_sms",
         {"maxContacts": 4, "windowDays": 30}),
        ("pol_week", "Twelve contacts a week", "cross_channel_cap", "global", None,
         {"maxContacts": 12, "windowDays": 7}),
        ("pol_loans", "Three days between loans", "cooldown", "category", "cat_loans", {"cooldownHours": 72}),
        ("pol_cards", "One card at a time", "mutual_exclusion", "global", None,
         {"offerIds": [JUMPED, "off_cashback_card", "off_travel_card"]}),
        ("pol_calls", "Calls on weekdays", "time_window", "channel", "ch_call",
         {"days": [1, 2, 3, 4, 5], "startHour": 8, "endHour": 19}),
    )  # fmt: skip
    for public_id, name, rule_type, reach, target, config in rows:
        policy = PolicyBody(id=public_id, name=name, rule_type=rule_type, scope=reach, scope_id=target, config=config)
        yield "contact_policy", policy


def _around() -> Iterator[tuple[str, Body]]:
    """What only the summary and the lists show."""
    split = {"control": 50, "treatment": 50}
    yield "experiment", PlainBody(name="Shorter subject lines", config={"split": split})
    yield "experiment", PlainBody(name="Card first, saver second", config={"split": split})
    yield "experiment", PlainBody(name="Green buttons", status="archived", config={"split": split})
    for name in ("Welcome", "First salary", "Before the holidays"):
        yield "journey", PlainBody(name=name, config={"steps": 4})
    for name, event in (("Abroad", "payment_abroad"), ("Overdrawn", "balance_below_zero"), ("Moved", "new_address")):
        yield "trigger", PlainBody(name=name, config={"event": event})
    yield "trigger", PlainBody(name="Birthday", status="paused", config={"event": "birthday"})
    for offer, action, who, priority in (
        (DROPPED, "pause", "Ines Varga", None),
        (JUMPED, "raise_priority", "Tom Okafor", 95),
        ("off_student_card", "activate", "Ines Varga", None),
    ):
        payload = {} if priority is None else {"priority": priority}
        yield (
            "approval",
            ApprovalBody(entity_type="offer", entity_id=offer, action=action, requester_name=who, payload=payload),
        )
    yield (
        "approval",
        ApprovalBody(
            entity_type="offer",
            entity_id="off_pet_cover",
            action="pause",
            requester_name="Tom Okafor",
            status="approved",
        ),
    )
