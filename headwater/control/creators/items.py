"""What campaigns hold: putting creators, videos and campaigns in and taking them out.

A campaign never holds itself, at whatever depth. Who may change it is for the caller to ask.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from headwater.control.annotations.auto import item_added, item_removed
from headwater.control.creators.models import Campaign, CampaignItem, Creator, ItemType, Video
from headwater.control.creators.repository import Rows, count_change
from headwater.control.db import surroundings
from headwater.control.rules import is_row_id
from headwater.errors import Conflict, InvalidRequest, NotFound
from headwater.kit.ids import new_uuid
from headwater.scope import Scope

_COLUMN: Final[dict[ItemType, InstrumentedAttribute[int | None]]] = {
    "creator": CampaignItem.creator_id,
    "video": CampaignItem.video_id,
    "campaign": CampaignItem.nested_id,
}


class HeldItem(NamedTuple):
    """A creator, video or campaign, by its UUID, and since when the campaign holds it."""

    number: int
    public_id: str
    item_type: ItemType
    item_id: str
    created_at: datetime


class Items:
    """What the campaigns of the scope's organisation hold."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._organisation_id = scope.organisation_id
        self._creators = Rows(session, scope, Creator)
        self._videos = Rows(session, scope, Video)
        self._campaigns = Rows(session, scope, Campaign)

    async def add(self, campaign: Campaign, item_type: ItemType, item_id: str) -> tuple[HeldItem, bool]:
        """A new item, and true; or the one that holds the same thing already, and false."""
        held = await self._thing(item_type, item_id)
        if held.project_id != campaign.project_id:
            raise InvalidRequest(f"'item_id' is a {item_type} of another project than the campaign.", field="item_id")
        known = await self._find(campaign, item_type, held)
        if known is not None:
            return known, False
        if isinstance(held, Campaign):
            await self._refuse_circle(campaign, held)
        now = surroundings(self._session).clock()
        item = CampaignItem(
            public_id=new_uuid(),
            organisation_id=self._organisation_id,
            campaign_id=campaign.id,
            created_at=now,
            **{_COLUMN[item_type].key: held.id},
        )
        self._session.add(item)
        await self._changed()
        await item_added(self._session, campaign, item.id, held, now)
        return HeldItem(item.id, item.public_id, item_type, held.public_id, now), True

    async def remove(self, campaign: Campaign, item_type: ItemType, item_id: str) -> HeldItem:
        """Take something out of a campaign; it stays what it is."""
        held = await self._thing(item_type, item_id)
        item = await self._find(campaign, item_type, held)
        if item is None:
            raise NotFound(f"The campaign does not hold the {item_type} '{held.public_id}'.", field="item_id")
        await self._session.execute(delete(CampaignItem).where(CampaignItem.id == item.number))
        await self._changed()
        await item_removed(self._session, campaign, item.number, held)
        return item

    async def list(
        self, campaign: Campaign, limit: int = 50, before: int | None = None
    ) -> tuple[list[HeldItem], int | None]:
        """What a campaign holds itself, newest first, and where the next page begins."""
        nested = aliased(Campaign)
        query = (
            select(
                *(CampaignItem.id, CampaignItem.public_id, CampaignItem.created_at),
                *(Creator.public_id, Video.public_id, nested.public_id),
            )
            .outerjoin(Creator, Creator.id == CampaignItem.creator_id)
            .outerjoin(Video, Video.id == CampaignItem.video_id)
            .outerjoin(nested, nested.id == CampaignItem.nested_id)
            .where(CampaignItem.campaign_id == campaign.id)
            .order_by(CampaignItem.id.desc())
            .limit(limit + 1)
        )
        if before is not None and is_row_id(before):
            query = query.where(CampaignItem.id < before)
        found = [
            HeldItem(number, public_id, *_named(creator, video, campaign_id), created_at)
            for number, public_id, created_at, creator, video, campaign_id in await self._session.execute(query)
        ]
        return found[:limit], found[limit - 1].number if len(found) > limit else None

    async def _thing(self, item_type: ItemType, item_id: str) -> Creator | Video | Campaign:
        if item_type == "creator":
            return await self._creators.get(item_id, "item_id")
        if item_type == "video":
            return await self._videos.get(item_id, "item_id")
        return await self._campaigns.get(item_id, "item_id")

    async def _find(self, campaign: Campaign, item_type: ItemType, held: Creator | Video | Campaign) -> HeldItem | None:
        query = select(CampaignItem).where(CampaignItem.campaign_id == campaign.id, _COLUMN[item_type] == held.id)
        item = await self._session.scalar(query)
        if item is None:
            return None
        return HeldItem(item.id, item.public_id, item_type, held.public_id, item.created_at)

    async def _refuse_circle(self, campaign: Campaign, nested: Campaign) -> None:
        """No campaign below ``nested`` may be the one that is to hold it."""
        links = select(CampaignItem.campaign_id, CampaignItem.nested_id).where(
            CampaignItem.organisation_id == self._organisation_id, CampaignItem.nested_id.is_not(None)
        )
        below: defaultdict[int, list[int]] = defaultdict(list)
        for holder, held in await self._session.execute(links):
            below[holder].append(held or 0)
        seen, waiting = {nested.id}, [nested.id]
        while waiting:
            fresh = [one for one in below[waiting.pop()] if one not in seen]
            seen.update(fresh)
            waiting += fresh
        if campaign.id in seen:
            raise Conflict(
                "A campaign cannot hold itself, also not through the campaigns that it holds.", field="item_id"
            )

    async def _changed(self) -> None:
        await self._session.flush()
        await count_change(self._session, self._organisation_id)


def _named(creator: str | None, video: str | None, campaign: str | None) -> tuple[ItemType, str]:
    if creator is not None:
        return "creator", creator
    return ("video", video) if video is not None else ("campaign", campaign or "")
