"""The thirteen kinds of decision entities: list, make, read, change, archive; five routes of each, from one class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from headwater.control.decisions.entities import DecisionEntities, document
from headwater.control.decisions.kinds import KINDS, Body, EntityKind
from headwater.control.decisions.models import DecisionEntity
from headwater.control.decisions.system_outcomes import BY_ID, SINCE, SystemOutcome, after
from headwater.errors import Conflict, NotFound
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Call, Endpoint, Handler, Reply
from headwater.surfaces.decisions.entities_contract import SHAPES, row
from headwater.surfaces.decisions.measured import MEASURED
from headwater.surfaces.decisions.page import EntitiesQuery, EntityList, listed

_TAG: Final = "Decision entities"
_CHANGES: Final = (
    "Fields that are left out stay as they are; `null` takes a value away. Lists and objects are replaced."
)
_ARCHIVED: Final = (
    "It is gone from every list and answers 404 from now on. Facts that name it keep their meaning, its id is not given"
    " again{key}."
)
Row = dict[str, Any]


class Entities:
    """What answers the routes of one kind."""

    def __init__(self, kind: EntityKind) -> None:
        self._kind = kind
        self._measured = MEASURED.get(kind.kind)

    async def page(self, call: Call[EntitiesQuery, bytes]) -> Reply:
        """A page, newest first."""
        query, before = call.query, call.query.before
        async with call.services.control.reading() as session:
            found = await DecisionEntities(session, call.scope).page(self._kind, query.limit, before)
        rows = await self._rows(call, found.rows)
        return Reply(listed(rows, query, found.total, found.before))

    async def create(self, call: Call[Any, Body]) -> Reply:
        """A new one, of which no fact speaks yet."""
        entities = DecisionEntities((await call.writing()).session, call.scope)
        return Reply(self._row(await entities.create(self._kind, call.body), self._nothing), 201)

    async def get(self, call: Call[Any, bytes]) -> Reply:
        """One."""
        entity = await self._find(call)
        return Reply((await self._rows(call, [entity]))[0])

    async def update(self, call: Call[Any, msgspec.Struct]) -> Reply:
        """Change the fields that were sent."""
        # First, since facts may take their time and everyone else's changes wait for this one's.
        measured = await self._facts(call, [await self._find(call)]) if self._measured else {}
        entities = DecisionEntities((await call.writing()).session, call.scope)
        entity = await entities.update(self._kind, call.path["id"], msgspec.to_builtins(call.body))
        return Reply(self._row(entity, measured.get(entity.id, self._nothing)))

    async def archive(self, call: Call[Any, bytes]) -> Reply:
        """Take it out of use."""
        await DecisionEntities((await call.writing()).session, call.scope).archive(self._kind, call.path["id"])
        return Reply(status=204)

    async def _find(self, call: Call[Any, Any]) -> DecisionEntity:
        async with call.services.control.reading() as session:
            return await DecisionEntities(session, call.scope).get(self._kind, call.path["id"])

    async def _rows(self, call: Call[Any, Any], entities: Sequence[DecisionEntity]) -> list[Row]:
        measured = await self._facts(call, entities)
        return [self._row(entity, measured.get(entity.id, self._nothing)) for entity in entities]

    async def _facts(self, call: Call[Any, Any], entities: Iterable[DecisionEntity]) -> Mapping[int, Mapping[str, Any]]:
        if self._measured is None:
            return {}
        return await self._measured.read(call.services.decisions, call.scope, [entity.id for entity in entities])

    def _row(self, entity: DecisionEntity, measured: Mapping[str, Any]) -> Row:
        return row(self._kind, entity.public_id, document(entity), measured, entity.created_at, entity.updated_at)

    @property
    def _nothing(self) -> Mapping[str, Any]:
        return self._measured.nothing if self._measured else {}


class OutcomeTypes(Entities):
    """The same, with the system's outcome types behind the organisation's own."""

    async def page(self, call: Call[EntitiesQuery, bytes]) -> Reply:
        """A page, newest first."""
        query, before = call.query, call.query.before
        async with call.services.control.reading() as session:
            found = await DecisionEntities(session, call.scope).page(self._kind, query.limit, before)
        rows, total = await self._rows(call, found.rows), found.total + len(BY_ID)
        if found.before is not None:
            return Reply(listed(rows, query, total, found.before))
        system, before = after(before, query.limit - len(rows))
        return Reply(listed([*rows, *map(self._system, system)], query, total, before))

    async def get(self, call: Call[Any, bytes]) -> Reply:
        """One."""
        system = BY_ID.get(call.path["id"])
        return Reply(self._system(system)) if system else await super().get(call)

    def _system(self, one: SystemOutcome) -> Row:
        fields = {
            "key": one.outcome.key,
            "name": one.name,
            "classification": one.outcome.classification,
            "category": one.outcome.category,
        }
        return row(self._kind, one.id, fields, {}, SINCE, SINCE)


_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "offer": "It is made only while it is `active`, in schedule and within its budget; customers must meet every rule"
    " of `eligibility`.",
    "category": "A category may have a parent; contact policies of a category hold for those below it, too.",
    "channel": "Where `impressionMode` is `implicit`, a recommendation counts as an impression.",
    "creative": "An offer can only be recommended on a channel for which it has an active creative.",
    "segment": "`filters` say who is in it; its list is made by a refresh, or sent to `ingest/segment-members`.",
    "decision_flow": "`config.scoring` says how offers are scored: `method`, and for `formula` its `weights`.",
    "algorithm_model": "Its metrics are sent to `ingest/model-metrics`.",
    "contact_policy": "`config` is that of the `ruleType`; `scopeId` names what the policy holds for, unless that is"
    " everything.",
    "experiment": "`config` is yours.",
    "journey": "`config` is yours.",
    "trigger": "`config` is yours.",
    "approval": "A request that somebody decides by changing its `status`.",
    "outcome_type": "It stands beside those of the system, whose keys are taken.",
}


def _endpoints(kind: EntityKind) -> Sequence[Endpoint]:
    shapes, path = SHAPES[kind.kind], f"/api/v1/{kind.path}"
    entities = OutcomeTypes(kind) if kind.kind == "outcome_type" else Entities(kind)
    shape: Any = shapes.row
    one = Answers(f"The {kind.word}.", shape, shapes.row_example)
    pagination = {"total": 1, "limit": 25, "hasMore": False, "nextCursor": None}
    page = {"data": [shapes.row_example], "pagination": pagination}
    several, article = kind.path.replace("-", " "), "an" if kind.word[0] in "aeiou" else "a"
    key = ", and its `key` is free" if kind.has_key else ""

    def route(method: str, at: str, handler: Handler, verb: str, answers: dict[int, Answers], **more: Any) -> Endpoint:
        if kind.kind == "creative":
            # The ad-creatives contract has creatives, too.
            more["operation_id"] = f"{method.lower()}_offer_creatives{'_id' if at != path else ''}"
        return Endpoint(method, at, handler, READ if method == "GET" else WRITE, verb, _TAG, answers, **more)

    return [
        route(
            "GET",
            path,
            entities.page,
            f"List {several}",
            {200: Answers(f"A page of {several}, newest first.", EntityList[shape], page)},
            query=EntitiesQuery,
            refuse_unknown=True,
        ),
        route(
            "POST",
            path,
            entities.create,
            f"Create {article} {kind.word}",
            {201: one},
            body=shapes.body,
            body_example=shapes.body_example,
            description=_DESCRIPTIONS[kind.kind],
        ),
        route("GET", f"{path}/{{id}}", entities.get, f"Get {article} {kind.word}", {200: one}, errors=(NotFound,)),
        route(
            "PUT",
            f"{path}/{{id}}",
            entities.update,
            f"Change {article} {kind.word}",
            {200: one},
            body=shapes.change,
            body_example=shapes.body_example,
            description=_CHANGES,
            errors=(NotFound, Conflict),
        ),
        route(
            "DELETE",
            f"{path}/{{id}}",
            entities.archive,
            f"Archive {article} {kind.word}",
            {204: Answers(_ARCHIVED.format(key=key))},
            errors=(NotFound,),
        ),
    ]


ENDPOINTS: Final = [endpoint for kind in KINDS for endpoint in _endpoints(kind)]
