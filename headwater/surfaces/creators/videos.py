"""Videos: list, create or update, read, change, delete; with the counts that were last known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from headwater.control.creators.models import Video
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import VideoFields
from headwater.control.creators.videos import Videos
from headwater.query.series.run import Levels
from headwater.surfaces._http.cursors import cursor_of
from headwater.surfaces._http.endpoint import Call, Reply
from headwater.surfaces.creators.bulk import given, posted
from headwater.surfaces.creators.contract import Deleted, TrackedQuery, VideoBody, VideoChange, VideoRow
from headwater.surfaces.creators.envelope import enveloped, listed
from headwater.surfaces.creators.page import read_cursor
from headwater.surfaces.creators.tracked import Handlers, Shapes, endpoints

_NEVER_READ: Final[Levels] = (None, None, None, None, None)


async def list_videos(call: Call[TrackedQuery, bytes]) -> Reply:
    """A page, newest first."""
    query, before = call.query, read_cursor(call.query.cursor)
    async with call.services.control.reading() as session:
        project = await Projects(session, call.scope).asked_for(query.project_id)
        found, before = await Videos(session, call.scope).list(
            project, query.external_id, query.search, query.limit, before
        )
    return Reply(listed(await _rows(call, found), cursor_of(before)))


async def create_videos(call: Call[Any, VideoBody]) -> Reply:
    """One or several, new or updated."""
    session = (await call.writing()).session
    project, videos = await Projects(session, call.scope).get(call.path["id"]), Videos(session, call.scope)

    fresh: set[int] = set()

    async def create(fields: dict[str, Any]) -> tuple[Video, bool]:
        video, created = await videos.create(project, VideoFields(**fields))
        if created:
            fresh.add(video.id)
        return video, created

    async def rows(made: list[Video]) -> list[VideoRow]:
        return await _rows(call, made, fresh)

    return await posted(call.body, "videos", VideoChange, create, rows)


async def get_video(call: Call[Any, bytes]) -> Reply:
    """One video."""
    async with call.services.control.reading() as session:
        video = await Videos(session, call.scope).get(call.path["id"])
    return Reply(enveloped((await _rows(call, [video]))[0]))


async def update_video(call: Call[Any, VideoChange]) -> Reply:
    """Change the fields that were sent."""
    videos = Videos((await call.writing()).session, call.scope)
    video = await videos.update(call.path["id"], VideoFields(**given(call.body)))
    return Reply(enveloped((await _rows(call, [video]))[0]))


async def delete_video(call: Call[Any, bytes]) -> Reply:
    """Remove one."""
    videos = Videos((await call.writing()).session, call.scope)
    video = await videos.get(call.path["id"])
    await videos.delete(video.public_id)
    return Reply(enveloped(Deleted(video.public_id, True)))


async def _rows(call: Call[Any, Any], videos: Sequence[Video], fresh: Collection[int] = ()) -> list[VideoRow]:
    """The videos with their counts; of ``fresh`` ones, just made, none is looked up while the writer waits."""
    known = [video.id for video in videos if video.id not in fresh]
    levels = await call.services.series.latest(known, call.scope) if known else {}
    return [_row(video, levels.get(video.id, _NEVER_READ)) for video in videos]


def _row(video: Video, levels: Levels) -> VideoRow:
    views, likes, comments, shares, saves = levels
    return VideoRow(
        id=video.public_id,
        project_id=video.project.public_id,
        creator_id=video.creator.public_id if video.creator else None,
        external_id=video.external_id,
        url=video.url,
        title=video.title,
        description=video.description,
        metadata=video.details,
        posted_at=video.posted_at,
        tracking_status=video.tracking_status,
        view_count=views,
        like_count=likes,
        comment_count=comments,
        share_count=shares,
        save_count=saves,
    )


ENDPOINTS = endpoints(
    "video",
    Handlers(list_videos, create_videos, get_video, update_video, delete_video),
    Shapes(VideoRow, VideoBody, VideoChange, TrackedQuery),
    {
        "id": "9c5d4a52-7c1e-4a86-b3a5-2a1f5f0f7b30",
        "project_id": "0b6cbb6a-5c5f-4a53-9b0e-0f6f0c6a7a10",
        "creator_id": None,
        "external_id": "7301",
        "url": "https://www.tiktok.com/@ada/video/7301",
        "title": "Episode 1",
        "description": None,
        "metadata": {},
        "posted_at": "2026-03-02T18:00:00Z",
        "tracking_status": "direct_add",
        "view_count": 1200,
        "like_count": 90,
        "comment_count": 12,
        "share_count": 4,
        "save_count": 7,
    },
    {
        "external_id": "7301",
        "url": "https://www.tiktok.com/@ada/video/7301",
        "title": "Episode 1",
        "posted_at": "2026-03-02T18:00:00Z",
    },
    creation="One whose `external_id` the project has (or `url`, where one of the two has no external id) is updated"
    " with the fields that were sent, and answers 200. `creator_id` is of the same project.",
    deletion="Gone.",
)
