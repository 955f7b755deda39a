"""Workspaces, campaigns, creative groups, creatives and components: the same five verbs for each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from headwater.control.entities.kinds import PARENT_FIELD, Kind, words
from headwater.control.entities.models import Entity
from headwater.control.entities.rules import EntityChange, NewEntity
from headwater.control.entities.service import Entities
from headwater.errors import Conflict, NotFound
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Call, Endpoint, Handler, Reply
from headwater.surfaces.ad_creatives import examples
from headwater.surfaces.ad_creatives.contract import (
    Id,
    Tree,
    TreeCampaign,
    TreeCreative,
    TreeGroup,
    TreeQuery,
)
from headwater.surfaces.ad_creatives.page import Limit, Offset

Name = Annotated[str, Meta(min_length=1, max_length=255, description="What people call it.")]
ExternalId = Annotated[
    str, Meta(min_length=1, max_length=255, description="The sender's own id, unique per organisation and kind.")
]
Archived = Annotated[bool, Meta(description="Archived: gone from tree and lists, still readable and measured.")]
_TAG = "Resources"


class WorkspaceBody(msgspec.Struct, frozen=True):
    """A workspace as it is sent."""

    name: Name
    external_id: ExternalId | UnsetType | None = UNSET
    archived: Archived | UnsetType = UNSET


class CampaignBody(WorkspaceBody, frozen=True, kw_only=True):
    """A campaign as it is sent."""

    workspace_id: Id


class CreativeGroupBody(WorkspaceBody, frozen=True, kw_only=True):
    """A creative group as it is sent."""

    campaign_id: Id


class CreativeBody(WorkspaceBody, frozen=True, kw_only=True):
    """A creative as it is sent."""

    creative_group_id: Id


class ComponentBody(msgspec.Struct, frozen=True):
    """A flow component as it is sent; its creative is in the path."""

    component_type: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="`Statement`, `Choice`, `Input`, `Video`, `Slider`, `Link`, `Goal`, or any other word.",
        ),
    ]
    content: Annotated[str, Meta(max_length=10_000, description="What it says.")] | UnsetType = UNSET
    position: (
        Annotated[int, Meta(ge=0, le=2**31 - 1, description="Place in the flow; default the end.")] | UnsetType
    ) = UNSET
    external_id: ExternalId | UnsetType | None = UNSET
    archived: Archived | UnsetType = UNSET


class EntityRow(msgspec.Struct, frozen=True, omit_defaults=False):
    """A resource as it is answered; the parent's id is under its own name, components have three fields more."""

    id: int
    name: str
    external_id: str | None
    archived: bool
    created_at: datetime
    updated_at: datetime
    workspace_id: int | UnsetType = UNSET
    campaign_id: int | UnsetType = UNSET
    creative_group_id: int | UnsetType = UNSET
    creative_id: int | UnsetType = UNSET
    component_type: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    position: int | UnsetType = UNSET


class OneResource(msgspec.Struct, frozen=True):
    """One resource."""

    data: EntityRow


class ManyResources(msgspec.Struct, frozen=True):
    """A page of resources, newest first."""

    data: list[EntityRow]
    total: int
    limit: int
    offset: int


class WorkspacesQuery(msgspec.Struct, frozen=True):
    """Parameters of a list."""

    archived: Annotated[bool, Meta(description="`true` lists archived ones as well.")] = False
    limit: Limit = 20
    offset: Offset = 0


class CampaignsQuery(WorkspacesQuery, frozen=True, kw_only=True):
    """Parameters of the list of campaigns."""

    parent_id: Id | None = field(name="workspace_id", default=None)


class CreativeGroupsQuery(WorkspacesQuery, frozen=True, kw_only=True):
    """Parameters of the list of creative groups."""

    parent_id: Id | None = field(name="campaign_id", default=None)


class CreativesQuery(WorkspacesQuery, frozen=True, kw_only=True):
    """Parameters of the list of creatives."""

    parent_id: Id | None = field(name="creative_group_id", default=None)


async def data_tree(call: Call[TreeQuery, bytes]) -> Reply:
    """Campaigns, creative groups and creatives of the workspaces, nested."""
    async with call.services.control.reading() as session:
        workspaces = await Entities(session, call.scope).tree(call.query.workspaces or None)
    return Reply(
        Tree(
            [
                TreeCampaign(
                    str(campaign.id),
                    campaign.name,
                    [
                        TreeGroup(
                            str(group.id),
                            group.name,
                            [TreeCreative(str(creative.id), creative.name) for creative in group.children],
                        )
                        for group in campaign.children
                    ],
                )
                for workspace in workspaces
                for campaign in workspace.children
            ]
        )
    )


def row(entity: Entity) -> EntityRow:
    """The entity as it is answered."""
    own: dict[str, Any] = {}
    if entity.kind in PARENT_FIELD:
        own[PARENT_FIELD[entity.kind]] = entity.parent_id
    if entity.kind == "component":
        own |= {
            "component_type": entity.component_type,
            "content": entity.content or "",
            "position": entity.position,
        }
    return EntityRow(
        entity.id, entity.name, entity.external_id, entity.archived, entity.created_at, entity.updated_at, **own
    )


def _fields(kind: Kind, call: Call[Any, Any]) -> dict[str, Any]:
    """The body's fields under the control plane's names, a component's parent taken from the path."""
    fields = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
    parent = PARENT_FIELD.get(kind)
    if kind == "component":
        fields["parent_id"] = call.path_id("creative_id")
    elif parent in fields:
        fields["parent_id"] = fields.pop(parent)
    return fields


class Resource:
    """The handlers of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._id = f"{kind}_id"

    async def list(self, call: Call[Any, bytes]) -> Reply:
        """A page, newest first."""
        query = call.query
        parent = call.path_id("creative_id") if self.kind == "component" else getattr(query, "parent_id", None)
        async with call.services.control.reading() as session:
            found, total = await Entities(session, call.scope).list(
                self.kind, parent, query.archived, query.limit, query.offset
            )
        return Reply(ManyResources([row(entity) for entity in found], total, query.limit, query.offset))

    async def create(self, call: Call[Any, Any]) -> Reply:
        """A new one, or the one with this external id brought up to date."""
        unit = await call.writing()
        entity, created = await Entities(unit.session, call.scope).create(
            self.kind, NewEntity(**_fields(self.kind, call))
        )
        return Reply(OneResource(row(entity)), 201 if created else 200)

    async def get(self, call: Call[Any, bytes]) -> Reply:
        """One, archived or not."""
        async with call.services.control.reading() as session:
            return Reply(OneResource(row(await self._find(call, Entities(session, call.scope)))))

    async def update(self, call: Call[Any, Any]) -> Reply:
        """Change the fields that were sent."""
        unit = await call.writing()
        entities = Entities(unit.session, call.scope)
        found = await self._find(call, entities)
        return Reply(
            OneResource(row(await entities.update(self.kind, found.id, EntityChange(**_fields(self.kind, call)))))
        )

    async def archive(self, call: Call[Any, bytes]) -> Reply:
        """Take it out of tree and lists; facts stay."""
        unit = await call.writing()
        entities = Entities(unit.session, call.scope)
        found = await self._find(call, entities)
        await entities.archive(self.kind, found.id)
        return Reply(status=204)

    async def _find(self, call: Call[Any, Any], entities: Entities) -> Entity:
        found = await entities.get(self.kind, call.path_id(self._id))
        if self.kind == "component" and found.parent_id != call.path_id("creative_id"):
            raise NotFound(f"There is no component {found.id}.", field="id")
        return found


def _changes(body: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """``body`` with every field optional, for PUT: what is left out stays as it is."""
    fields = [(one.name, one.type | UnsetType, UNSET) for one in msgspec.structs.fields(body)]
    return msgspec.defstruct(body.__name__.replace("Body", "Change"), fields, frozen=True)


def _endpoints(
    kind: Kind, path: str, body: type[msgspec.Struct], query: type[msgspec.Struct], example: dict[str, Any]
) -> Sequence[Endpoint]:
    resource, word = Resource(kind), words(kind)
    one = f"{path}/{{{kind}_id}}"
    answered = {"id": 1010, "external_id": None, "archived": False, **_TIMES, **example}
    if kind == "component":
        answered |= {"name": example["content"], "creative_id": 3030}

    def endpoint(
        method: str, at: str, handler: Handler, summary: str, answers: dict[int, Answers], **more: Any
    ) -> Endpoint:
        return Endpoint(method, at, handler, READ if method == "GET" else WRITE, summary, _TAG, answers, **more)

    shown = Answers(f"The {word}.", OneResource, {"data": answered})
    updated = Answers(f"The {word} that had this `external_id`, updated.", OneResource, {"data": answered})
    listed = Answers(f"A page of {word}s.", ManyResources, {"data": [answered], "total": 1, "limit": 20, "offset": 0})
    return [
        endpoint("GET", path, resource.list, f"List {word}s", {200: listed}, query=query, errors=(NotFound,)),
        endpoint(
            "POST",
            path,
            resource.create,
            f"Create a {word}",
            {201: shown, 200: updated},
            body=body,
            body_example=example,
            errors=(NotFound,),
            description="With an `external_id` that exists, that row is updated and the answer is 200.",
        ),
        endpoint("GET", one, resource.get, f"Get a {word}", {200: shown}, errors=(NotFound,)),
        endpoint(
            "PUT",
            one,
            resource.update,
            f"Change a {word}",
            {200: shown},
            body=_changes(body),
            body_example=example,
            errors=(NotFound, Conflict),
            description="Fields that are left out stay as they are; another parent moves it with all below it.",
        ),
        endpoint(
            "DELETE",
            one,
            resource.archive,
            f"Archive a {word}",
            {204: Answers("Archived: gone from tree and lists, still readable and measured.")},
            errors=(NotFound,),
        ),
    ]


_TIMES = {"created_at": "2025-04-17T09:30:00Z", "updated_at": "2025-04-17T09:30:00Z"}

ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/v2/campaigns/data_tree",
        data_tree,
        READ,
        "Get the resource hierarchy",
        _TAG,
        {200: Answers("Campaigns with their creative groups and creatives; ids are texts.", Tree, examples.TREE)},
        query=TreeQuery,
        errors=(NotFound,),
    ),
    *_endpoints("workspace", "/api/v2/workspaces", WorkspaceBody, WorkspacesQuery, {"name": "Europe"}),
    *_endpoints(
        "campaign",
        "/api/v2/campaigns",
        CampaignBody,
        CampaignsQuery,
        {"name": "Winter campaign", "workspace_id": 1},
    ),
    *_endpoints(
        "creative_group",
        "/api/v2/creative_groups",
        CreativeGroupBody,
        CreativeGroupsQuery,
        {"name": "Video creatives", "campaign_id": 1010},
    ),
    *_endpoints(
        "creative",
        "/api/v2/creatives",
        CreativeBody,
        CreativesQuery,
        {"name": "Feed slider", "creative_group_id": 2020},
    ),
    *_endpoints(
        "component",
        "/api/v2/creatives/{creative_id}/components",
        ComponentBody,
        WorkspacesQuery,
        {"component_type": "Statement", "content": "Welcome to our quiz", "position": 0},
    ),
]
