"""Fills an empty data directory with the demo and says how to look at it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Protocol

import msgspec
import pyarrow as pa
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.catalogue.ads import AD_EVENTS
from headwater.control import Control
from headwater.control.agents.service import AgentFields, Agents
from headwater.control.entities.rules import NewEntity
from headwater.control.entities.service import Entities
from headwater.control.saved_reports.service import ReportFields, SavedReports
from headwater.control.tokens.api_keys import ApiKeys
from headwater.demo.creators import CreatorsDemo, add_creators, sum_creators
from headwater.demo.decisions import DecisionsDemo, Intake, Lists, add_decisions
from headwater.demo.events import Placement, Row, day_events, impressions_on
from headwater.demo.world import CAMPAIGNS, FLOW, Campaign, Creative
from headwater.kit.clock import FixedClock
from headwater.kit.ids import new_secret
from headwater.scope import Scope
from headwater.storage import schema
from headwater.storage.port import FactBatch, Store

DAYS = 90
SEED = 20_260_401
EMAIL = "demo@headwater.example"
FILE = "demo.json"
_ROWS_PER_COMMIT = 50_000


class Demo(msgspec.Struct, frozen=True):
    """How to get in, and ids to try."""

    email: str
    password: str
    api_key: str
    workspace_id: int
    campaign_id: int
    creative_id: int
    flow_creative_id: int
    events: int
    creators: CreatorsDemo | None = None
    """None where an earlier version filled the data directory, as are those below."""
    decisions: DecisionsDemo | None = None
    agent_id: str | None = None


class Services(Protocol):
    """What of the server the demo goes through."""

    @property
    def control(self) -> Control:
        """Rows."""

    @property
    def store(self) -> Store:
        """Facts."""

    @property
    def ingest(self) -> Intake:
        """Facts as everybody sends them."""

    @property
    def segments(self) -> Lists:
        """Lists of segments."""


class Placed(msgspec.Struct, frozen=True):
    """A creative of the demo in the store."""

    campaign: Campaign
    creative: Creative
    campaign_id: int
    creative_id: int
    components: tuple[int, ...]


async def fill(services: Services, clock: FixedClock, data_dir: Path, progress: Callable[[int], None]) -> Demo:
    """Make the demo's company, entities and facts; ``progress`` is told of each day of ad events.

    ``clock`` stands at the present, and is that of both stores: it is turned back for rows that are older.
    """
    control, store = services.control, services.store
    password = new_secret(12)
    newcomer = await control.registration.newcomer(EMAIL, password, "Demo Owner")
    async with control.unit_of_work() as unit:
        registered = await control.registration.found(unit, newcomer, "Demo Agency", is_verified=True)
    scope = await control.access.operator_scope(registered.organisation.id)
    async with control.unit_of_work() as unit:
        workspace_id, placed = await _place(unit.session, scope)
        _, api_key = await ApiKeys(unit.session, scope).create("Demo", ["read", "write"])
        await _keep_reports(unit.session, scope, workspace_id, placed)
        agent = await Agents(unit.session, scope).create(AgentFields(name="Analyst", type="data_analysis"))
    events = await _deliver(store, scope, placed, clock(), progress)
    creators = await add_creators(control, store, scope, clock, DAYS, SEED + 1)
    decisions = await add_decisions(control, services.ingest, services.segments, scope, clock, SEED + 2)
    await store.compact()
    await sum_creators(control, store, scope.organisation_id)
    demo = Demo(
        email=EMAIL,
        password=password,
        api_key=api_key,
        workspace_id=workspace_id,
        campaign_id=placed[0].campaign_id,
        creative_id=placed[0].creative_id,
        flow_creative_id=next(one.creative_id for one in placed if one.components),
        events=events,
        creators=creators,
        decisions=decisions,
        agent_id=agent.id,
    )
    _write(data_dir / FILE, demo)
    return demo


def read(data_dir: Path) -> Demo | None:
    """The demo that this data directory was filled with, if it was."""
    path = data_dir / FILE
    return msgspec.json.decode(path.read_bytes(), type=Demo) if path.exists() else None


def _write(path: Path, demo: Demo) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(msgspec.to_builtins(demo), file, indent=2)


async def _place(session: AsyncSession, scope: Scope) -> tuple[int, list[Placed]]:
    entities = Entities(session, scope)
    (workspace,), _ = await entities.list("workspace")
    placed: list[Placed] = []
    for campaign in CAMPAIGNS:
        row, _ = await entities.create("campaign", NewEntity(name=campaign.name, parent_id=workspace.id))
        for name, creatives in campaign.groups.items():
            group, _ = await entities.create("creative_group", NewEntity(name=name, parent_id=row.id))
            made = await entities.create_many(
                "creative", [NewEntity(name=creative.name, parent_id=group.id) for creative in creatives]
            )
            for creative, creative_id in zip(creatives, made, strict=True):
                components = await _flow(entities, creative, creative_id)
                placed.append(Placed(campaign, creative, row.id, creative_id, components))
    return workspace.id, placed


async def _flow(entities: Entities, creative: Creative, creative_id: int) -> tuple[int, ...]:
    if creative.style != "conversation":
        return ()
    steps = [NewEntity(component_type=kind, content=content, parent_id=creative_id) for kind, content in FLOW]
    return tuple(await entities.create_many("component", steps))


async def _keep_reports(session: AsyncSession, scope: Scope, workspace_id: int, placed: list[Placed]) -> None:
    campaigns = tuple(dict.fromkeys(one.campaign_id for one in placed))
    reports = SavedReports(session, scope)
    for name, metrics, breakdown, chart in (
        ("Delivery by day", ("impressions", "link_clicks"), "none", "line"),
        ("Where it ran", ("impressions", "interacted", "link_clicks"), "domain", "bar"),
        ("Creatives compared", ("impressions", "interacted"), "creative", "table"),
    ):
        await reports.create(
            ReportFields(
                name=name,
                workspace_id=workspace_id,
                resource="campaign",
                ids=campaigns,
                metrics=metrics,
                breakdown=breakdown,
                chart=chart,
            )
        )


async def _deliver(
    store: Store, scope: Scope, placed: list[Placed], now: datetime, progress: Callable[[int], None]
) -> int:
    random = Random(SEED)  # noqa: S311  # invented data wants to be the same every time, not secret
    placements = {campaign.name: Placement(campaign) for campaign in CAMPAIGNS}
    now = now.replace(tzinfo=None)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    events = 0
    rows: list[Row] = []
    for days_ago in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=days_ago)
        for one in placed:
            count = impressions_on(one.creative, one.campaign, day, days_ago, random)
            placement = placements[one.campaign.name]
            rows += day_events(one.creative, one.creative_id, one.components, placement, day, count, random)
        if len(rows) >= _ROWS_PER_COMMIT or not days_ago:
            # Today is not over: what lies ahead has not happened.
            rows = [row for row in rows if row[0] <= now]
            if rows:
                await store.append([FactBatch(scope, AD_EVENTS.name, _table(rows))])
            events += len(rows)
            rows = []
        progress(DAYS - days_ago)
    return events


def _table(rows: list[Row]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=schema.arrow_schema(AD_EVENTS))
