"""The hierarchy as people browse it: nested, without what is archived or below it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.entities.kinds import Kind
from headwater.control.entities.models import Entity
from headwater.scope import Scope


@dataclass(frozen=True)
class TreeNode:
    """A workspace, campaign, creative group or creative with what is below it, in order of id."""

    kind: Kind
    id: int
    name: str
    children: tuple[TreeNode, ...]


async def visible_workspaces(session: AsyncSession, scope: Scope) -> list[TreeNode]:
    """The organisation's hierarchy, down to creatives."""
    query = (
        select(Entity.id, Entity.kind, Entity.name, Entity.parent_id)
        .where(Entity.organisation_id == scope.organisation_id, Entity.kind != "component", Entity.archived.is_(False))
        .order_by(Entity.id)
    )
    return _nest(await session.execute(query))


def _nest(rows: Iterable[tuple[int, Kind, str, int | None]]) -> list[TreeNode]:
    below: defaultdict[int | None, list[tuple[int, Kind, str]]] = defaultdict(list)
    for entity_id, kind, name, parent_id in rows:
        below[parent_id].append((entity_id, kind, name))

    def nodes(parent_id: int | None) -> list[TreeNode]:
        return [
            TreeNode(kind, entity_id, name, tuple(nodes(entity_id)))
            for entity_id, kind, name in below.get(parent_id, ())
        ]

    return nodes(None)
