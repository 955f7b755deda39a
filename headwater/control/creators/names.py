"""Which creators and videos have these names of the sender's, many at once: for imports, which know no UUIDs.

    pairs = await named(session, scope, "video", "external_id", {"7301", "7302"}, projects=())

``creators_of`` and ``videos_of`` say what of a project's a new row would stand for, by the rules of the services.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.creators.models import Creator, Project, Video
from headwater.scope import Scope

_VALUES_AT_ONCE: Final = 10_000
_TABLES: Final = {"creator": Creator.__table__, "video": Video.__table__}

Keys = Callable[[Mapping[str, Any]], Iterator[tuple[str, ...]]]


class KnownNames:
    """UUIDs of one project's rows, by what tells them apart."""

    def __init__(self, asked: Keys, kept: Keys) -> None:
        self._asked = asked
        self._kept = kept
        self._ids: dict[tuple[str, ...], str] = {}

    def find(self, values: Mapping[str, Any]) -> str | None:
        """The row that these values are of, the surest key first."""
        return next((self._ids[key] for key in self._asked(values) if key in self._ids), None)

    def add(self, values: Mapping[str, Any]) -> None:
        """There is such a row."""
        for key in self._kept(values):
            self._ids.setdefault(key, values["public_id"])


async def creators_of(session: AsyncSession, project: Project) -> KnownNames:
    """A project's creators by external id, else by platform and handle."""
    return await _of(session, project, "creator", ("platform", "handle"), KnownNames(_of_creator, _of_creator))


async def videos_of(session: AsyncSession, project: Project) -> KnownNames:
    """A project's videos by external id, else by address where one of the two has no external id."""
    return await _of(session, project, "video", ("url",), KnownNames(_asked_of_video, _kept_of_video))


async def named(
    session: AsyncSession,
    scope: Scope,
    kind: Literal["creator", "video"],
    column: Literal["external_id", "handle"],
    names: Collection[str],
    projects: Collection[str],
) -> list[tuple[str, str]]:
    """Names with the UUIDs of what has them, in these projects or, without any, in all of the organisation."""
    columns = _TABLES[kind].c
    wanted = select(columns[column], columns.public_id).where(columns.organisation_id == scope.organisation_id)
    if projects:
        wanted = wanted.where(columns.project_id.in_(select(Project.id).where(Project.public_id.in_(projects))))
    found: list[tuple[str, str]] = []
    for some in portions(names):
        rows = await session.execute(wanted.where(columns[column].in_(some)).order_by(columns.id))
        found += [(str(name), str(public_id)) for name, public_id in rows]
    return found


def portions(names: Collection[str]) -> Iterator[list[str]]:
    """The names in lists as long as one statement can take."""
    rest = iter(names)
    while some := list(islice(rest, _VALUES_AT_ONCE)):
        yield some


async def _of(
    session: AsyncSession, project: Project, kind: Literal["creator", "video"], more: tuple[str, ...], names: KnownNames
) -> KnownNames:
    columns = _TABLES[kind].c
    wanted = select(*(columns[name] for name in ("public_id", "external_id", *more)))
    for row in await session.execute(wanted.where(columns.project_id == project.id).order_by(columns.id)):
        names.add(row._asdict())
    return names


def _of_creator(values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    if values.get("external_id") is not None:
        yield "external_id", values["external_id"]
    if values.get("handle") is not None:
        yield "handle", values["platform"], values["handle"]


def _asked_of_video(values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    external_id, url = values.get("external_id"), values.get("url")
    if external_id is not None:
        yield "external_id", external_id
    if url is not None:
        yield "url" if external_id is None else "only url", url


def _kept_of_video(values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    yield from _asked_of_video({"external_id": values.get("external_id")})
    if (url := values.get("url")) is not None:
        yield "url", url
        if values.get("external_id") is None:
            yield "only url", url
