"""Videos of one organisation. Who may change them is for the caller to ask; what was measured of them is elsewhere.

video, created = await Videos(uow.session, scope).create(project, VideoFields(external_id="7301"))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.creators.models import UNCOUNTED, Creator, Project, TrackingStatus, Video
from headwater.control.creators.names import portions, videos_of
from headwater.control.creators.repository import Page, Rows
from headwater.control.creators.rules import VideoFields, checked
from headwater.control.db import surroundings
from headwater.control.plans.service import Allowance
from headwater.errors import Conflict, InvalidRequest
from headwater.kit.ids import new_uuid
from headwater.scope import Scope


class Videos:
    """The videos of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._organisation_id = scope.organisation_id
        self._rows = Rows(session, scope, Video)
        self._creators = Rows(session, scope, Creator)
        counted = Video.organisation_id == scope.organisation_id, Video.tracking_status.not_in(UNCOUNTED)
        used = select(func.count()).select_from(Video).where(*counted)
        self._allowance = Allowance(session, scope.organisation_id, "max_tracked_videos", used)

    async def create(self, project: Project, fields: VideoFields) -> tuple[Video, bool]:
        """A new video, and true; or the project's own of this external id or address, updated, and false."""
        values = checked(fields)
        known = await self._known(project, values)
        if known is not None:
            return await self._change(known, values), False
        _require_name(values)
        await self._find_creator(project.id, values)
        video = Video(project=project, **await self._new(values))
        await self._rows.add(video)
        return video, True

    async def create_many(self, project: Project, many: Sequence[VideoFields]) -> Sequence[str]:
        """The UUIDs of all, in order: those that the project has as they are, the others made in bulk."""
        names, fresh, ids = await videos_of(self._session, project), [], []
        creators = await self._creators_of(project, {str(one.creator_id) for one in many if one.creator_id})
        for fields in many:
            values = checked(fields)
            public_id = names.find(values)
            if public_id is None:
                _require_name(values)
                if values.get("creator_id") in creators:
                    values["creator"] = creators[values.pop("creator_id")]
                await self._find_creator(project.id, values)
                public_id = new_uuid()
                row = {"public_id": public_id, "project_id": project.id, **await self._new(values)}
                creator = row.pop("creator", None)
                fresh.append({**row, "creator_id": creator.id if creator else None})
                names.add(row)
            ids.append(public_id)
        if fresh:
            await self._rows.add_many(fresh)
        return ids

    async def get(self, video_id: str, field: str = "id") -> Video:
        """The video of this UUID."""
        return await self._rows.get(video_id, field)

    async def list(
        self,
        project: Project | None = None,
        external_id: str | None = None,
        search: str | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> Page[Video]:
        """A page, newest first; of one project or of all."""
        wanted: list[ColumnElement[bool]] = []
        if project is not None:
            wanted.append(Video.project_id == project.id)
        if external_id is not None:
            wanted.append(Video.external_id == external_id)
        return await self._rows.page(wanted, search, limit, before)

    async def update(self, video_id: str, fields: VideoFields) -> Video:
        """Change the fields that are given."""
        return await self._change(await self.get(video_id), checked(fields))

    async def delete(self, video_id: str) -> None:
        """Remove a video."""
        await self._rows.delete(await self.get(video_id))

    async def _new(self, values: dict[str, Any]) -> dict[str, Any]:
        """The columns of one more video, its creator as it is."""
        status = values.get("tracking_status", _first_status(values.get("creator")))
        if status not in UNCOUNTED:
            await self._allowance.take()
        now = surroundings(self._session).clock()
        own = {"organisation_id": self._organisation_id, "created_at": now, "updated_at": now}
        return {**own, "details": {}, "tracking_status": status, **values}

    async def _creators_of(self, project: Project, public_ids: set[str]) -> dict[str, Creator]:
        """Those of the creators that the project has."""
        found: dict[str, Creator] = {}
        for some in portions(public_ids):
            query = select(Creator).where(Creator.project_id == project.id, Creator.public_id.in_(some))
            found.update({creator.public_id: creator for creator in await self._session.scalars(query)})
        return found

    async def _known(self, project: Project, values: dict[str, Any]) -> Video | None:
        here = Video.project_id == project.id
        external_id, url = values.get("external_id"), values.get("url")
        if external_id is not None:
            known = await self._rows.first(here, Video.external_id == external_id)
            if known is not None:
                return known
        if url is None:
            return None
        # One address may stand for several videos of different external ids.
        same = [here, Video.url == url, *([Video.external_id.is_(None)] if external_id is not None else [])]
        return await self._rows.first(*same)

    async def _change(self, video: Video, values: dict[str, Any]) -> Video:
        _require_name({"external_id": video.external_id, "url": video.url, **values})
        external_id = values.get("external_id")
        if external_id is not None and external_id != video.external_id:
            taken = (Video.project_id == video.project_id, Video.external_id == external_id)
            if await self._rows.first(*taken):
                raise Conflict(f"Another video has the external id '{external_id}'.", field="external_id")
        await self._find_creator(video.project_id, values)
        if video.tracking_status in UNCOUNTED and values.get("tracking_status", "excluded") not in UNCOUNTED:
            await self._allowance.take()
        for column, value in values.items():
            setattr(video, column, value)
        video.updated_at = surroundings(self._session).clock()
        await self._rows.changed()
        return video

    async def _find_creator(self, project_id: int, values: dict[str, Any]) -> None:
        """Put the creator itself in the place of its UUID."""
        if "creator_id" not in values:
            return
        creator_id = values.pop("creator_id")
        creator = None if creator_id is None else await self._creators.get(creator_id, "creator_id")
        if creator is not None and creator.project_id != project_id:
            raise InvalidRequest("'creator_id' is of another project than the video.", field="creator_id")
        values["creator"] = creator


def _require_name(values: dict[str, Any]) -> None:
    if values.get("external_id") is None and values.get("url") is None:
        raise InvalidRequest("'external_id' or 'url' is required for a video.", field="external_id")


def _first_status(creator: Creator | None) -> TrackingStatus:
    if creator is None:
        return "direct_add"
    return "pending_review" if creator.tracking_mode == "selective" else "auto_tracked"
