"""Annotations: marks on the time axis, read and kept by people (contract: creators, "Annotations")."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, cast
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from headwater.control.annotations.models import AnnotationKind, Entity, Scoped, Source
from headwater.control.annotations.service import (
    LONGEST_BODY,
    LONGEST_TITLE,
    AnnotationChange,
    Annotations,
    Edge,
    Span,
)
from headwater.control.annotations.views import AnnotationView
from headwater.control.creators.roster import Roster
from headwater.errors import Forbidden, InvalidRequest, NotFound, Problem
from headwater.kit.zones import midnight
from headwater.query.window import parse_window
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces.creators.contract import Deleted
from headwater.surfaces.creators.envelope import Enveloped, Listed, enveloped, listed
from headwater.surfaces.creators.page import Cursor, Limit

_TAG: Final = "Annotations"
_PATH: Final = "/api/v1/analytics/annotations"
_DAY: Final = timedelta(days=1)

Title = Annotated[str, Meta(min_length=1, max_length=LONGEST_TITLE)]
Body = Annotated[
    str, Meta(max_length=LONGEST_BODY, description="Markdown; HTML in it that is not harmless is dropped.")
]
Moment = Annotated[
    str,
    Meta(
        max_length=64,
        description="ISO 8601: a date is a day of the organisation's `analytics_tz`, a date-time without offset UTC.",
    ),
]


class AnnotationsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which annotations."""

    entity: Annotated[Scoped, Meta(description="With `entity_id`: only what this shows; without both, all.")] | None = (
        None
    )
    entity_id: UUID | None = None
    start: Moment | None = field(name="from", default=None)
    end: Moment | None = field(name="to", default=None)
    source: Annotated[Source, Meta(description="`user` for people's own, `auto` for the server's.")] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class AnnotationBody(msgspec.Struct, frozen=True, kw_only=True):
    """An annotation as it is sent."""

    scope: Annotated[Scoped, Meta(description="What `entity_id` is an id of; `org` is the organisation itself.")]
    entity_id: UUID
    title: Title
    at: Moment | UnsetType = UNSET
    body_md: Body | UnsetType | None = UNSET


class AnnotationPatch(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some fields of an annotation."""

    title: Title | UnsetType = UNSET
    at: Moment | UnsetType = UNSET
    body_md: Body | UnsetType | None = UNSET


class AnnotationRow(msgspec.Struct, frozen=True):
    """An annotation; ``entity_label`` names what it is about where that is above what was asked for."""

    id: str
    source: Source
    kind: AnnotationKind
    scope: Scoped
    entity_id: str
    at: datetime
    title: str
    body_md: str | None
    author_id: str | None
    author_name: str | None
    entity_label: str | UnsetType = UNSET


def annotation_row(view: AnnotationView) -> AnnotationRow:
    """The annotation as answered, in lists and beside figures."""
    fields = msgspec.structs.asdict(view)
    fields["author_id"] = None if view.author_id is None else str(view.author_id)
    if view.entity_label is None:
        del fields["entity_label"]
    return AnnotationRow(**fields)


async def list_annotations(call: Call[AnnotationsQuery, bytes]) -> Reply:
    """A page of what an entity shows, or of all; latest first."""
    query, control = call.query, call.services.control
    roster = await control.rosters.get(call.scope.organisation_id)
    _check(query)
    span = _span(query, roster.zone)
    entity = _known(roster, query.entity, query.entity_id) if query.entity and query.entity_id else None
    after = _edge(query.cursor)
    async with control.reading() as session:
        annotations = Annotations(session, call.scope, roster)
        views, edge = await annotations.page(entity, span, query.source, query.limit, after)
    return Reply(listed([annotation_row(view) for view in views], _cursor(edge)))


async def create_annotation(call: Call[Any, AnnotationBody]) -> Reply:
    """A new one of the caller's own."""
    body = call.body
    roster = await call.services.control.rosters.get(call.scope.organisation_id)
    at = call.services.clock() if body.at is UNSET else _instant(body.at, roster.zone)
    entity = _known(roster, body.scope, body.entity_id)
    unit = await call.writing()
    annotations = Annotations(unit.session, call.scope, roster)
    view = await annotations.create(entity, at, body.title, None if body.body_md is UNSET else body.body_md)
    return Reply(enveloped(annotation_row(view)), 201)


async def change_annotation(call: Call[Any, AnnotationPatch]) -> Reply:
    """Change the fields that were sent."""
    body = call.body
    roster = await call.services.control.rosters.get(call.scope.organisation_id)
    change = AnnotationChange(
        at=UNSET if body.at is UNSET else _instant(body.at, roster.zone), title=body.title, body_md=body.body_md
    )
    unit = await call.writing()
    view = await Annotations(unit.session, call.scope, roster).update(call.path["id"], change)
    return Reply(enveloped(annotation_row(view)))


async def delete_annotation(call: Call[Any, bytes]) -> Reply:
    """Remove one."""
    roster = await call.services.control.rosters.get(call.scope.organisation_id)
    unit = await call.writing()
    gone = await Annotations(unit.session, call.scope, roster).delete(call.path["id"])
    return Reply(enveloped(Deleted(gone, True)))


def _check(query: AnnotationsQuery) -> None:
    """Everything that is wrong with the parameters, told at once."""
    problems: list[Problem] = []
    if query.entity is not None and query.entity_id is None:
        problems.append(Problem("entity_id", "'entity_id' is required with 'entity'."))
    if query.entity_id is not None and query.entity is None:
        problems.append(Problem("entity", "'entity' is required with 'entity_id'."))
    for start, end in ((query.start, None), (None, query.end)):
        try:
            parse_window(start, end, names=("from", "to"))
        except InvalidRequest as error:
            problems += error.problems
    if problems:
        raise InvalidRequest.of(problems, "query")


def _known(roster: Roster, scope: Scoped, entity_id: UUID) -> Entity:
    number = roster.find(scope, str(entity_id))
    if number is None:
        raise NotFound(f"There is no {'organisation' if scope == 'org' else scope} '{entity_id}'.", field="entity_id")
    return scope, number


def _span(query: AnnotationsQuery, zone: str) -> Span:
    window = parse_window(query.start, query.end, names=("from", "to"))
    first, last = _date(query.start), _date(query.end)
    start = window.start if first is None else midnight(first, zone)
    return Span(start, window.end if last is None else midnight(last + _DAY, zone))


def _instant(text: str, zone: str) -> datetime:
    day, instant = _date(text), parse_window(text, None, names=("at", "at")).start
    return cast(datetime, instant) if day is None else midnight(day, zone)


def _date(text: str | None) -> date | None:
    """A text that is a date only; others are looked at elsewhere."""
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None


def _cursor(edge: Edge | None) -> str | None:
    if edge is None:
        return None
    return urlsafe_b64encode(f"{edge.at:%Y%m%d%H%M%S%f}.{edge.number}".encode()).decode().rstrip("=")


def _edge(cursor: str | None) -> Edge | None:
    if cursor is None:
        return None
    try:
        at, _, number = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(".")
        return Edge(datetime.strptime(at, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC), int(number))
    except ValueError:
        raise InvalidRequest(
            "'cursor' is not one that this server gave; send 'meta.nextCursor' of the page before.", field="cursor"
        ) from None


_BODY_EXAMPLE: Final = {
    "scope": "creator",
    "entity_id": "7d0f3c1e-5b0a-4c53-9a53-0d3f6f0a9c11",
    "at": "2026-03-20T14:30:00Z",
    "title": "Launched new video series",
    "body_md": "## Notes\nStarted the weekly Q&A format.",
}
_EXAMPLE: Final = {
    "id": "550e8400-e29b-41d4-a716-446655440000",
    "source": "user",
    "kind": "user",
    **_BODY_EXAMPLE,
    "author_id": "1",
    "author_name": "John Doe",
}
_ONE: Final = Answers("The annotation.", Enveloped[AnnotationRow], {"data": _EXAMPLE, "error": None, "meta": None})
_GONE: Final = Answers(
    "It is gone.",
    Enveloped[Deleted],
    {"data": {"id": _EXAMPLE["id"], "deleted": True}, "error": None, "meta": None},
)
_PAGE: Final = Answers(
    "A page of annotations, latest first.",
    Listed[AnnotationRow],
    {"data": [_EXAMPLE], "error": None, "meta": {"nextCursor": None}},
)

ENDPOINTS = [
    Endpoint(
        "GET",
        _PATH,
        list_annotations,
        READ,
        "List annotations",
        _TAG,
        {200: _PAGE},
        description="An entity shows its own, a video its creator's, a campaign those of the campaigns above it, each"
        " its project's and the organisation's; what comes from above has an `entity_label`. Nothing is shown upwards.",
        query=AnnotationsQuery,
        errors=(NotFound,),
    ),
    Endpoint(
        "POST",
        _PATH,
        create_annotation,
        WRITE,
        "Annotate an entity",
        _TAG,
        {201: _ONE},
        body=AnnotationBody,
        body_example=_BODY_EXAMPLE,
        errors=(NotFound,),
    ),
    Endpoint(
        "PATCH",
        f"{_PATH}/{{id}}",
        change_annotation,
        WRITE,
        "Change an annotation",
        _TAG,
        {200: _ONE},
        description="Its author or an admin may; what the server made by itself cannot be edited.",
        body=AnnotationPatch,
        body_example={"title": "Launched new video series"},
        errors=(Forbidden,),
    ),
    Endpoint(
        "DELETE",
        f"{_PATH}/{{id}}",
        delete_annotation,
        WRITE,
        "Delete an annotation",
        _TAG,
        {200: _GONE},
        description="Its author or an admin may; what the server made by itself, an admin only.",
        errors=(Forbidden,),
    ),
]
