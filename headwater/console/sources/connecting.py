"""Connecting a data source, and changing one: the kind first, then the fields that this kind declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.console.sources.listing import PATH
from headwater.control.sources.models import Mode
from headwater.control.sources.service import LONGEST_NAME, DataSources
from headwater.errors import HeadwaterError, InvalidRequest, NotFound, Problem
from headwater.sources import declared
from headwater.sources.config import CONNECTABLE, LABELS, Config, Files, changed, read, type_of
from headwater.surfaces._http import sources
from headwater.surfaces._http.endpoint import WRITE, Call, Reply, Typed

_NEW: Final = f"{PATH}/connect"
_CHANGE: Final = f"{PATH}/{{source_id}}/change"
_FILES: Final = ("sqlite", "duckdb")
_WHERE: Final = ("host", "base_url", "account", "project", "database")
"""The fields of which it is said that a source cannot be reached; of a kind, the first that it has."""
_NAMES: Final = sorted({one.name for kind in CONNECTABLE for one in declared.fields(kind)})


class Chosen(msgspec.Struct, frozen=True):
    """Which kind."""

    kind: Annotated[str, Meta(max_length=32)] = ""


class _About(msgspec.Struct, frozen=True, kw_only=True):
    """What every kind has."""

    source_name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
    mode: Mode = "online"
    sync_interval_minutes: Annotated[int, Meta(ge=sources.SHORTEST_INTERVAL, le=sources.LONGEST_INTERVAL)] | None = None
    test_connection: bool = False


ChangeForm = msgspec.defstruct(
    "ChangeForm", [(name, str, "") for name in _NAMES], bases=(_About,), frozen=True, kw_only=True
)
"""A source and, of all fields that kinds declare, those that were typed."""
ConnectForm = msgspec.defstruct("ConnectForm", [("kind", str)], bases=(ChangeForm,), frozen=True, kw_only=True)


async def new(call: Call[Chosen, bytes]) -> Reply:
    """The kinds, or the fields of one."""
    if call.query.kind:
        return await _new(call, call.query.kind, Shown())
    can_be_files = bool(call.services.settings.source_files_dir)
    kinds = [(one, LABELS[one]) for one in CONNECTABLE if can_be_files or one not in _FILES]
    return await render(call, "sources/kinds.html", title="Connect a data source", crumbs=_CRUMBS, kinds=kinds)


async def connect(call: Call[Any, Any]) -> Reply:
    """Connect it."""
    body = call.body
    fields = _fields(body.kind)
    typed = _typed(body, fields, keep_secrets=False)
    config = read({"type": body.kind, **declared.values(fields, typed, keep_secrets=False)}, typed=True)
    wanted = sources.Wanted(
        source_name=body.source_name,
        config=config,
        mode=body.mode,
        sync_interval_minutes=_interval(body),
        test_connection=body.test_connection,
    )
    made = await sources.connect(call, wanted)
    return done(call, f"{PATH}/{made.id}", f"{made.source_name} is connected.")


async def again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again, without the secrets."""
    kind = Shown(call.body).value("kind")
    return await _new(call, kind, Shown(call.body, _beside(kind, error)))


async def edit(call: Call[Any, bytes]) -> Reply:
    """The form of a source that is connected."""
    return await _edit(call, Shown())


async def change(call: Call[Any, Any]) -> Reply:
    """Change it; a secret that was left empty stays."""
    body, source_id = call.body, sources.hold_own(call.path["source_id"])
    before = (await call.services.connections.known(call.scope, source_id)).config
    if isinstance(before, Files):
        changes = sources.Changes(source_name=body.source_name)
    else:
        fields = declared.fields(type_of(before))
        typed = _typed(body, fields, keep_secrets=_keeps(before, body))
        values = declared.values(fields, typed, keep_secrets=True)
        changes = sources.Changes(
            source_name=body.source_name,
            config=changed(before, values, typed=True),
            mode=body.mode,
            sync_interval_minutes=_interval(body),
            test_connection=body.test_connection,
        )
    await sources.change(call, source_id, before, changes)
    return done(call, f"{PATH}/{source_id}", "The data source is changed.")


async def again_changed(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again, without the secrets."""
    source = await call.services.connections.known(call.scope, sources.hold_own(call.path["source_id"]))
    return await _edit(call, Shown(call.body, _beside(type_of(source.config), error)))


async def _new(call: Call[Any, Any], kind: str, shown: Shown) -> Reply:
    return await render(
        call,
        "sources/form.html",
        title=f"Connect: {LABELS[kind]}" if kind in CONNECTABLE else "Connect",
        status=shown.status,
        crumbs=[*_CRUMBS, ("Connect a data source", _NEW)],
        shown=shown,
        kind=kind,
        fields=_fields(kind),
        values={},
        source=None,
        action=_NEW,
        limits=(sources.SHORTEST_INTERVAL, sources.LONGEST_INTERVAL),
        names=_NAMES,
    )


async def _edit(call: Call[Any, Any], shown: Shown) -> Reply:
    source_id = sources.hold_own(call.path["source_id"])
    async with call.services.control.reading() as session:
        own = DataSources(session, call.scope)
        source = await own.get(source_id)
        config = own.config(source)
    is_files = isinstance(config, Files)
    return await render(
        call,
        "sources/form.html",
        title="Change",
        status=shown.status,
        crumbs=[*_CRUMBS, (source.source_name, f"{PATH}/{source.id}")],
        shown=shown,
        kind=source.engine,
        fields=() if is_files else declared.fields(source.engine),
        values={} if is_files else declared.shown(config),
        source=source,
        action=f"{PATH}/{source.id}/change",
        limits=(sources.SHORTEST_INTERVAL, sources.LONGEST_INTERVAL),
        names=_NAMES,
    )


def _fields(kind: str) -> tuple[declared.Field, ...]:
    if kind not in CONNECTABLE:
        raise NotFound("There is no such kind of data source.", kind=kind[:32])
    return declared.fields(kind)


def _typed(body: Any, fields: tuple[declared.Field, ...], *, keep_secrets: bool) -> Mapping[str, str]:
    """What was typed into the fields of a kind; ``InvalidRequest`` where one is empty that must not be."""
    typed = {one.name: getattr(body, one.name) for one in fields}
    missing = declared.missing(fields, typed, keep_secrets=keep_secrets)
    if missing:
        raise InvalidRequest.of([Problem(name, f"'{name}' is required.") for name in missing], "body")
    return typed


def _interval(body: Any) -> int | None:
    """How often it is copied; what stands in a field that is not shown counts for nothing."""
    return body.sync_interval_minutes if body.mode == "offline" else None


def _keeps(before: Config, body: Any) -> bool:
    """Whether there are secrets to keep: not of an API that is asked with another kind of them than before."""
    kept: str = declared.shown(before).get("auth", "")
    return bool(kept == body.auth)


def _beside(kind: str, error: HeadwaterError) -> HeadwaterError:
    """The error with the field that it is of, where that is the whole connection."""
    if error.details.get("field") != "connection_config" or kind not in CONNECTABLE:
        return error
    has = {one.name for one in declared.fields(kind)}
    return InvalidRequest(error.message, field=next(name for name in _WHERE if name in has))


_CRUMBS: Final = [("Data sources", PATH)]

ENDPOINTS = [
    page(_NEW, new, WRITE, "Connect a data source", Chosen),
    form(_NEW, connect, WRITE, "Connect a data source", ConnectForm, again),
    page(_CHANGE, edit, WRITE, "Change a data source"),
    form(_CHANGE, change, WRITE, "Change a data source", ChangeForm, again_changed),
]
