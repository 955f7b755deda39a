"""Keeps a book for each organisation that is being asked about, and reads it anew when its entities have changed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypedDict

import msgspec
from sqlalchemy import select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.catalogue.decisions import Outcome
from headwater.control.decisions.book import (
    Book,
    Category,
    Channel,
    Counts,
    Creative,
    Flow,
    Model,
    Offer,
    Policy,
    Rule,
    Segment,
)
from headwater.control.decisions.models import DecisionEntity
from headwater.control.read_models import ReadModels
from headwater.control.record import PlainUtcDateTime


class Books(ReadModels[Book]):
    """The books of the organisations asked about last."""

    counter = "decisions_version"

    async def _build(self, session: AsyncSession, organisation_id: int) -> Book:
        # Past the mapper, which would touch each row once more: there may be tens of thousands.
        own = _COLUMNS.where(DecisionEntity.organisation_id == organisation_id).order_by(DecisionEntity.id)
        rows = (await (await session.connection()).execute(own)).all()
        return await asyncio.to_thread(_book, [_Row(*row) for row in rows])


_TABLE: Final = DecisionEntity.__table__.c
_COLUMNS: Final = select(
    _TABLE.kind,
    _TABLE.id,
    _TABLE.public_id,
    _TABLE.key,
    _TABLE.name,
    _TABLE.status,
    _TABLE.details,
    _TABLE.archived_at.is_not(None),
    type_coerce(_TABLE.created_at, PlainUtcDateTime()),
)


class _Row(NamedTuple):
    """An entity as it is stored."""

    kind: str
    number: int
    id: str
    key: str | None
    name: str
    status: str
    details: Mapping[str, Any]
    archived: bool
    created_at: datetime


class _Common(TypedDict):
    """What all entities of a book have."""

    number: int
    id: str
    name: str
    status: str
    archived: bool
    created_at: datetime


_Numbers = Mapping[tuple[str, str], int]


def _book(rows: Sequence[_Row]) -> Book:
    numbers: _Numbers = {(row.kind, row.id): row.number for row in rows}
    of: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        of[row.kind].append(row)
    return Book(
        offers=[_offer(row, numbers) for row in of["offer"]],
        categories=[
            Category(**_common(row), parent=_number(numbers, "category", row.details["parentId"]))
            for row in of["category"]
        ],
        channels=[_channel(row) for row in of["channel"]],
        creatives=[_creative(row, numbers) for row in of["creative"]],
        segments=[Segment(**_common(row), filters=_filters(row, numbers)) for row in of["segment"]],
        flows=[_flow(row, numbers) for row in of["decision_flow"]],
        models=[
            Model(**_common(row), key=row.key or "", model_type=row.details["modelType"])
            for row in of["algorithm_model"]
        ],
        policies=[_policy(row, numbers) for row in of["contact_policy"]],
        outcomes=[
            Outcome(row.key or "", row.details["classification"], row.details["category"])
            for row in of["outcome_type"]
            if not row.archived
        ],
        counts=Counts(
            active_experiments=_count(of["experiment"], "active"),
            journeys=sum(not row.archived for row in of["journey"]),
            active_triggers=_count(of["trigger"], "active"),
            pending_approvals=_count(of["approval"], "pending"),
        ),
    )


def _count(rows: Iterable[_Row], status: str) -> int:
    return sum(not row.archived and row.status == status for row in rows)


def _common(row: _Row) -> _Common:
    return {
        "number": row.number,
        "id": row.id,
        "name": row.name,
        # A category has none; it counts as active for as long as it is there.
        "status": row.status or "active",
        "archived": row.archived,
        "created_at": row.created_at,
    }


def _number(numbers: _Numbers, kind: str, public_id: str | None) -> int | None:
    return None if public_id is None else numbers[kind, public_id]


def _time(text: str | None) -> datetime | None:
    """As facts have it: UTC without saying so."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) if text else None


def _offer(row: _Row, numbers: _Numbers) -> Offer:
    details = row.details
    budget, schedule = details["budget"], details["schedule"] or {}
    return Offer(
        **_common(row),
        priority=details["priority"],
        category=_number(numbers, "category", details["categoryId"]),
        allocated=Decimal(str(budget["allocated"])) if budget else None,
        currency=budget["currency"] if budget else None,
        business_value=details["businessValue"],
        eligibility=tuple(msgspec.convert(rule, Rule) for rule in map(_rule, details["eligibility"])),
        starts_at=_time(schedule.get("startAt")),
        ends_at=_time(schedule.get("endAt")),
    )


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"rule_type": rule["ruleType"], "config": rule["config"]}


def _channel(row: _Row) -> Channel:
    details = row.details
    return Channel(**_common(row), channel_type=details["channelType"], impression_mode=details["impressionMode"])


def _creative(row: _Row, numbers: _Numbers) -> Creative:
    details = row.details
    return Creative(
        **_common(row),
        offer=numbers["offer", details["offerId"]],
        channel=numbers["channel", details["channelId"]],
        weight=details["weight"],
    )


def _filters(row: _Row, numbers: _Numbers) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "measure": one["measure"],
            "operator": one["operator"],
            "value": one["value"],
            "days": one["days"],
            "offer": _number(numbers, "offer", one["offerId"]),
            "channel": _number(numbers, "channel", one["channelId"]),
        }
        for one in row.details["filters"]
    )


def _flow(row: _Row, numbers: _Numbers) -> Flow:
    details = row.details
    return Flow(
        **_common(row),
        key=row.key or "",
        channel=_number(numbers, "channel", details["channelId"]),
        placement=details["placement"],
        scoring=details["config"].get("scoring") or {},
    )


def _policy(row: _Row, numbers: _Numbers) -> Policy:
    details = row.details
    scope = details["scope"]
    return Policy(
        **_common(row),
        rule_type=details["ruleType"],
        scope=scope,
        target=None if scope == "global" else numbers[scope, details["scopeId"]],
        config=details["config"],
        priority=details["priority"],
    )
