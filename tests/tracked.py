"""One project with an annotated creator, a video and a campaign that holds it, for tests that walk all routes.

Creator and video are called as in the examples of the API description, so that posting those updates them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.serving import Company

PROJECTS, CREATORS = "/api/v1/projects", "/api/v1/creators"
VIDEOS, CAMPAIGNS = "/api/v1/videos", "/api/v1/campaigns"
ANNOTATIONS = "/api/v1/analytics/annotations"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def key_of(path: str, name: str) -> str:
    """What an id in a path is kept under: ``{id}`` is another thing on each path, other names say what they are."""
    return path.partition("/{id}")[0] if name == "id" else name


async def track(company: Company, called: str = "Drop") -> dict[str, Any]:
    """The ids of new rows under the names by which routes take them."""

    async def make(path: str, body: dict[str, Any]) -> str:
        answer = await company.request("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    return await tracked(make, called)


async def tracked(make: Callable[[str, dict[str, Any]], Awaitable[str]], called: str = "Drop") -> dict[str, Any]:
    """The same, each row made by ``make`` of a path and a body."""
    project = await make(PROJECTS, {"name": called})
    below = f"{PROJECTS}/{project}"
    creator = await make(f"{below}/creators", {"handle": "ada", "description": called})
    video = await make(f"{below}/videos", {"external_id": "7301", "title": called})
    campaign = await make(f"{below}/campaigns", {"name": called})
    await make(f"{CAMPAIGNS}/{campaign}/items", {"item_type": "video", "item_id": video})
    annotation = await make(ANNOTATIONS, {"scope": "creator", "entity_id": creator, "title": called})
    return {
        PROJECTS: project,
        CREATORS: creator,
        VIDEOS: video,
        CAMPAIGNS: campaign,
        ANNOTATIONS: annotation,
        "project_id": project,
        "creator_id": creator,
        "item_id": video,
        "entity_id": creator,
    }
