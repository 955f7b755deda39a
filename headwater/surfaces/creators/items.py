"""What campaigns hold: list it, put something in, take it out."""

from __future__ import annotations

from typing import Any, Final

from headwater.control.creators.campaigns import Campaigns
from headwater.control.creators.items import HeldItem, Items
from headwater.errors import Conflict, NotFound
from headwater.surfaces._http.cursors import cursor_of
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces.creators.contract import Deleted, ItemBody, ItemRow, ItemsQuery
from headwater.surfaces.creators.envelope import Enveloped, Listed, enveloped, listed
from headwater.surfaces.creators.page import read_cursor

_PATH: Final = "/api/v1/campaigns/{id}/items"
_TAG: Final = "Campaigns"


async def list_items(call: Call[ItemsQuery, bytes]) -> Reply:
    """What a campaign holds itself, newest first."""
    async with call.services.control.reading() as session:
        campaign = await Campaigns(session, call.scope).get(call.path["id"])
        found, before = await Items(session, call.scope).list(
            campaign, call.query.limit, read_cursor(call.query.cursor)
        )
    return Reply(listed([_row(campaign.public_id, item) for item in found], cursor_of(before)))


async def add_item(call: Call[Any, ItemBody]) -> Reply:
    """Put something in; once is enough."""
    session = (await call.writing()).session
    campaign = await Campaigns(session, call.scope).get(call.path["id"])
    item, created = await Items(session, call.scope).add(campaign, call.body.item_type, str(call.body.item_id))
    return Reply(enveloped(_row(campaign.public_id, item)), 201 if created else 200)


async def remove_item(call: Call[Any, ItemBody]) -> Reply:
    """Take something out."""
    session = (await call.writing()).session
    campaign = await Campaigns(session, call.scope).get(call.path["id"])
    item = await Items(session, call.scope).remove(campaign, call.body.item_type, str(call.body.item_id))
    return Reply(enveloped(Deleted(item.public_id, True)))


def _row(campaign_id: str, item: HeldItem) -> ItemRow:
    return ItemRow(item.public_id, campaign_id, item.item_type, item.item_id, item.created_at)


_BODY: Final = {"item_type": "video", "item_id": "9c5d4a52-7c1e-4a86-b3a5-2a1f5f0f7b30"}
_EXAMPLE: Final = {
    "id": "c0a5f2f4-2d0e-4f0e-9d5d-0d7a7f3a9e50",
    "campaign_id": "3f1d2b7a-8a40-4a55-9a55-1c7d7c5b8c40",
    **_BODY,
    "created_at": "2026-03-02T18:05:00Z",
}
_ENVELOPED: Final = {"data": _EXAMPLE, "error": None, "meta": None}
_GONE: Final = {"data": {"id": _EXAMPLE["id"], "deleted": True}, "error": None, "meta": None}

ENDPOINTS = [
    Endpoint(
        "GET",
        _PATH,
        list_items,
        READ,
        "List what a campaign holds",
        _TAG,
        {
            200: Answers(
                "A page of its items, newest first.",
                Listed[ItemRow],
                {"data": [_EXAMPLE], "error": None, "meta": {"nextCursor": None}},
            )
        },
        query=ItemsQuery,
        errors=(NotFound,),
    ),
    Endpoint(
        "POST",
        _PATH,
        add_item,
        WRITE,
        "Put something into a campaign",
        _TAG,
        {
            201: Answers("The item.", Enveloped[ItemRow], _ENVELOPED),
            200: Answers("The item that was there.", Enveloped[ItemRow], _ENVELOPED),
        },
        body=ItemBody,
        body_example=_BODY,
        description="A creator, video or campaign of the same project; one of another project is refused with 400, and"
        " a campaign that would come to hold itself, through however many others, with 409.",
        errors=(NotFound, Conflict),
    ),
    Endpoint(
        "DELETE",
        _PATH,
        remove_item,
        WRITE,
        "Take something out of a campaign",
        _TAG,
        {200: Answers("The item is gone; what it held stays.", Enveloped[Deleted], _GONE)},
        body=ItemBody,
        body_example=_BODY,
        errors=(NotFound,),
    ),
]
