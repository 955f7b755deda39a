"""Projects: list, create, read, change, delete."""

from __future__ import annotations

from typing import Any, Final

from headwater.control.creators.models import Project
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import ProjectFields
from headwater.control.organisations.service import OrganisationSettings
from headwater.errors import NotFound, PaymentRequired
from headwater.surfaces._http.cursors import cursor_of
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces.creators.bulk import given
from headwater.surfaces.creators.contract import Deleted, ListQuery, ProjectBody, ProjectChange, ProjectRow
from headwater.surfaces.creators.envelope import Enveloped, Listed, enveloped, listed
from headwater.surfaces.creators.page import read_cursor

_TAG: Final = "Projects"
_EXAMPLE: Final = {
    "id": "0b6cbb6a-5c5f-4a53-9b0e-0f6f0c6a7a10",
    "name": "Spring",
    "description": None,
    "org_id": "7a4f7a3e-1d7c-4be0-8f0e-6f4dfb9f2c01",
    "created_at": "2026-03-01T09:30:00Z",
    "updated_at": "2026-03-01T09:30:00Z",
}


async def list_projects(call: Call[ListQuery, bytes]) -> Reply:
    """A page, newest first."""
    query = call.query
    async with call.services.control.reading() as session:
        organisation = await OrganisationSettings(session, call.scope).get()
        found, before = await Projects(session, call.scope).list(query.search, query.limit, read_cursor(query.cursor))
    return Reply(listed([_row(project, organisation.public_id) for project in found], cursor_of(before)))


async def create_project(call: Call[Any, ProjectBody]) -> Reply:
    """A new project."""
    session = (await call.writing()).session
    project = await Projects(session, call.scope).create(ProjectFields(**given(call.body)))
    return Reply(enveloped(_row(project, (await OrganisationSettings(session, call.scope).get()).public_id)), 201)


async def get_project(call: Call[Any, bytes]) -> Reply:
    """One project."""
    async with call.services.control.reading() as session:
        project = await Projects(session, call.scope).get(call.path["id"])
        organisation = await OrganisationSettings(session, call.scope).get()
    return Reply(enveloped(_row(project, organisation.public_id)))


async def update_project(call: Call[Any, ProjectChange]) -> Reply:
    """Change the fields that were sent."""
    session = (await call.writing()).session
    project = await Projects(session, call.scope).update(call.path["id"], ProjectFields(**given(call.body)))
    return Reply(enveloped(_row(project, (await OrganisationSettings(session, call.scope).get()).public_id)))


async def delete_project(call: Call[Any, bytes]) -> Reply:
    """Remove it with all below it."""
    projects = Projects((await call.writing()).session, call.scope)
    project = await projects.get(call.path["id"])
    await projects.delete(project.public_id)
    return Reply(enveloped(Deleted(project.public_id, True)))


def _row(project: Project, organisation_id: str) -> ProjectRow:
    return ProjectRow(
        id=project.public_id,
        name=project.name,
        description=project.description,
        org_id=organisation_id,
        created_at=project.created_at,
        updated_at=project.updated_at,
    )


_ENVELOPED: Final = {"data": _EXAMPLE, "error": None, "meta": None}
_PAGE: Final = {"data": [_EXAMPLE], "error": None, "meta": {"nextCursor": None}}
_GONE: Final = {"data": {"id": _EXAMPLE["id"], "deleted": True}, "error": None, "meta": None}
_BODY: Final = {"name": "Spring"}

ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/v1/projects",
        list_projects,
        READ,
        "List projects",
        _TAG,
        {200: Answers("A page of projects, newest first.", Listed[ProjectRow], _PAGE)},
        query=ListQuery,
    ),
    Endpoint(
        "POST",
        "/api/v1/projects",
        create_project,
        WRITE,
        "Create a project",
        _TAG,
        {201: Answers("The project.", Enveloped[ProjectRow], _ENVELOPED)},
        body=ProjectBody,
        body_example=_BODY,
        errors=(PaymentRequired,),
    ),
    Endpoint(
        "GET",
        "/api/v1/projects/{id}",
        get_project,
        READ,
        "Get a project",
        _TAG,
        {200: Answers("The project.", Enveloped[ProjectRow], _ENVELOPED)},
        errors=(NotFound,),
    ),
    Endpoint(
        "PATCH",
        "/api/v1/projects/{id}",
        update_project,
        WRITE,
        "Change a project",
        _TAG,
        {200: Answers("The project.", Enveloped[ProjectRow], _ENVELOPED)},
        body=ProjectChange,
        body_example=_BODY,
        description="Fields that are left out stay as they are; `null` takes a value away.",
        errors=(NotFound,),
    ),
    Endpoint(
        "DELETE",
        "/api/v1/projects/{id}",
        delete_project,
        WRITE,
        "Delete a project",
        _TAG,
        {200: Answers("Gone, with all its creators, videos and campaigns.", Enveloped[Deleted], _GONE)},
        errors=(NotFound,),
    ),
]
