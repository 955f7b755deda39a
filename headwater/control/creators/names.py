"""Which creators and videos have these names of the sender's, many at once: for imports, which know no UUIDs.

pairs = await named(session, scope, "video", "external_id", {"7301", "7302"}, projects=())
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.creators.models import Creator, Project, Video
from headwater.scope import Scope

_VALUES_AT_ONCE: Final = 500
_TABLES: Final = {"creator": Creator, "video": Video}


async def named(
    session: AsyncSession,
    scope: Scope,
    kind: Literal["creator", "video"],
    column: Literal["external_id", "handle"],
    names: Collection[str],
    projects: Collection[str],
) -> list[tuple[str, str]]:
    """Names with the UUIDs of what has them, in these projects or, without any, in all of the organisation."""
    columns = _TABLES[kind].__table__.c
    wanted = select(columns[column], columns.public_id).where(columns.organisation_id == scope.organisation_id)
    if projects:
        wanted = wanted.where(columns.project_id.in_(select(Project.id).where(Project.public_id.in_(projects))))
    found: list[tuple[str, str]] = []
    for some in _portions(names):
        rows = await session.execute(wanted.where(columns[column].in_(some)).order_by(columns.id))
        found += [(str(name), str(public_id)) for name, public_id in rows]
    return found


def _portions(names: Collection[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, _VALUES_AT_ONCE)):
        yield some
