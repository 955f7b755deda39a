"""Campaigns: list, create, read, change, delete."""

from __future__ import annotations

from typing import Any

from headwater.control.creators.campaigns import Campaigns
from headwater.control.creators.models import Campaign
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import CampaignFields
from headwater.surfaces._http.cursors import cursor_of
from headwater.surfaces._http.endpoint import Call, Reply
from headwater.surfaces.creators.bulk import given, posted
from headwater.surfaces.creators.contract import (
    CampaignsQuery,
    CreatorCampaignBody,
    CreatorCampaignChange,
    CreatorCampaignRow,
    Deleted,
)
from headwater.surfaces.creators.envelope import enveloped, listed
from headwater.surfaces.creators.page import read_cursor
from headwater.surfaces.creators.tracked import Handlers, Shapes, endpoints


async def list_campaigns(call: Call[CampaignsQuery, bytes]) -> Reply:
    """A page, newest first."""
    query, before = call.query, read_cursor(call.query.cursor)
    async with call.services.control.reading() as session:
        project = await Projects(session, call.scope).asked_for(query.project_id)
        found, before = await Campaigns(session, call.scope).list(project, query.search, query.limit, before)
    return Reply(listed([_row(campaign) for campaign in found], cursor_of(before)))


async def create_campaigns(call: Call[Any, CreatorCampaignBody]) -> Reply:
    """One or several; a name may stand more than once."""
    session = (await call.writing()).session
    project, campaigns = await Projects(session, call.scope).get(call.path["id"]), Campaigns(session, call.scope)

    async def create(fields: dict[str, Any]) -> tuple[Campaign, bool]:
        return await campaigns.create(project, CampaignFields(**fields)), True

    async def rows(made: list[Campaign]) -> list[CreatorCampaignRow]:
        return [_row(campaign) for campaign in made]

    return await posted(call.body, "campaigns", CreatorCampaignChange, create, rows)


async def get_campaign(call: Call[Any, bytes]) -> Reply:
    """One campaign."""
    async with call.services.control.reading() as session:
        return Reply(enveloped(_row(await Campaigns(session, call.scope).get(call.path["id"]))))


async def update_campaign(call: Call[Any, CreatorCampaignChange]) -> Reply:
    """Change the fields that were sent."""
    campaigns = Campaigns((await call.writing()).session, call.scope)
    return Reply(enveloped(_row(await campaigns.update(call.path["id"], CampaignFields(**given(call.body))))))


async def delete_campaign(call: Call[Any, bytes]) -> Reply:
    """Remove one; what it held stays."""
    campaigns = Campaigns((await call.writing()).session, call.scope)
    campaign = await campaigns.get(call.path["id"])
    await campaigns.delete(campaign.public_id)
    return Reply(enveloped(Deleted(campaign.public_id, True)))


def _row(campaign: Campaign) -> CreatorCampaignRow:
    return CreatorCampaignRow(
        id=campaign.public_id,
        project_id=campaign.project.public_id,
        name=campaign.name,
        description=campaign.description,
        metadata=campaign.details,
        target_views=campaign.target_views,
        target_at=campaign.target_at,
        created_at=campaign.created_at,
    )


ENDPOINTS = endpoints(
    "campaign",
    Handlers(list_campaigns, create_campaigns, get_campaign, update_campaign, delete_campaign),
    Shapes(CreatorCampaignRow, CreatorCampaignBody, CreatorCampaignChange, CampaignsQuery),
    {
        "id": "3f1d2b7a-8a40-4a55-9a55-1c7d7c5b8c40",
        "project_id": "0b6cbb6a-5c5f-4a53-9b0e-0f6f0c6a7a10",
        "name": "Summer drop",
        "description": None,
        "metadata": {},
        "target_views": 1_000_000,
        "target_at": "2026-06-30T00:00:00Z",
        "created_at": "2026-03-01T09:30:00Z",
    },
    {"name": "Summer drop", "target_views": 1_000_000, "target_at": "2026-06-30"},
    creation="A name may stand more than once.",
    deletion="Gone, also from the campaigns that held it; what it held stays.",
    called="creator_campaign",
)
