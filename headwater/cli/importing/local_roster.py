"""Creators and videos in the control plane of a stopped server, through the services that its routes use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from headwater.cli.importing.roster_entities import NewTracked, RosterKind, by_name
from headwater.control import Control
from headwater.control.creators.creators import Creators
from headwater.control.creators.names import named
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import CreatorFields, ProjectFields, VideoFields
from headwater.control.creators.videos import Videos
from headwater.scope import Scope

_PAGE = 1000


class LocalRoster:
    """The projects, creators and videos of one organisation."""

    def __init__(self, control: Control, scope: Scope) -> None:
        self._control = control
        self._scope = scope

    async def projects(self) -> Mapping[str, str]:
        """Names by UUID."""
        names: dict[str, str] = {}
        before: int | None = None
        async with self._control.reading() as session:
            while True:
                found, before = await Projects(session, self._scope).list(limit=_PAGE, before=before)
                names.update({project.public_id: project.name for project in found})
                if before is None:
                    return names

    async def create_project(self, name: str) -> str:
        """The UUID of a new project."""
        async with self._control.unit_of_work() as unit:
            return (await Projects(unit.session, self._scope).create(ProjectFields(name=name))).public_id

    async def find(self, kind: RosterKind, names: Collection[str], parents: Collection[str]) -> Mapping[str, str]:
        """UUIDs of those that exist: by external id, creators else by handle."""
        async with self._control.reading() as session:
            found = by_name(kind, await named(session, self._scope, kind, "external_id", names, parents))
            if kind == "creator":
                left = [name for name in names if name not in found]
                found |= by_name(kind, await named(session, self._scope, kind, "handle", left, parents))
        return found

    async def create(self, kind: RosterKind, many: Sequence[NewTracked]) -> Sequence[str]:
        """The UUIDs of new ones, in order."""
        async with self._control.unit_of_work() as unit:
            project = await Projects(unit.session, self._scope).get(many[0].project_id, "project")
            if kind == "creator":
                creators = [new.fields for new in many if isinstance(new.fields, CreatorFields)]
                return await Creators(unit.session, self._scope).create_many(project, creators)
            videos = [new.fields for new in many if isinstance(new.fields, VideoFields)]
            return await Videos(unit.session, self._scope).create_many(project, videos)
