"""A data source: what it holds, how it fares, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from headwater.console import charts
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.console.sources.listing import PATH
from headwater.console.sources.querying import described
from headwater.control.agents.models import Agent
from headwater.control.agents.service import Agents
from headwater.control.sources.models import DataSource
from headwater.control.sources.service import DataSources
from headwater.errors import HeadwaterError, NotFound
from headwater.sources.config import LABELS, Config, Files, type_of
from headwater.sources.declared import fields, shown
from headwater.sources.schema import Schema
from headwater.surfaces._http import sources
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Reply, Typed
from headwater.tools.citation import BUILT_IN
from headwater.tools.data import Described

_ONE: Final = f"{PATH}/{{source_id}}"


async def source(call: Call[Any, bytes]) -> Reply:
    """What one holds."""
    return await _page(call, Shown())


async def _page(call: Call[Any, Any], refused: Shown) -> Reply:
    found = await described(call)
    row, config, agents = await _kept(call)
    is_empty = row is not None and row.mode == "offline" and row.version is None
    schema, problem = (None, "") if is_empty else await _schema(call, found)
    return await render(
        call,
        "sources/one.html",
        title=found.name,
        status=refused.status,
        crumbs=[("Data sources", PATH)],
        source=found,
        row=row,
        facts=_facts(config),
        files=config.files if isinstance(config, Files) else (),
        label=LABELS[found.engine],
        agents=agents,
        is_empty=is_empty,
        has_documents=row is not None and bool(await call.services.tools.data.list_documents(row.id, call.scope)),
        schema=schema,
        problem=refused.elsewhere(()) or problem,
        curl=charts.curl(call, f"{sources.SOURCES}/{found.id}/schema"),
        write=WRITE,
    )


async def test(call: Call[Any, Any]) -> Reply:
    """Connect to it now; the page then says how that went."""
    source_id = sources.hold_own(call.path["source_id"])
    tested = await call.services.connections.test(call.scope, source_id)
    words = "" if tested.reason else f"It answered within {tested.milliseconds:,} ms."
    return done(call, f"{PATH}/{source_id}", words)


async def sync(call: Call[Any, Any]) -> Reply:
    """Copy it now."""
    source_id = sources.hold_own(call.path["source_id"])
    copied = await call.services.connections.sync(call.scope, source_id)
    rows = "1 row" if copied.rows == 1 else f"{copied.rows:,} rows"
    tables = "1 table" if len(copied.tables) == 1 else f"{len(copied.tables):,} tables"
    return done(call, f"{PATH}/{source_id}", f"{rows} of {tables} were copied.")


async def not_done(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The page, with why it could not be."""
    return await _page(call, Shown(call.body, error))


async def delete(call: Call[Any, Any]) -> Reply:
    """Remove it with its files or its copy."""
    await sources.remove(call, sources.hold_own(call.path["source_id"]))
    return done(call, PATH, "The data source is gone.")


async def _kept(call: Call[Any, Any]) -> tuple[DataSource | None, Config | None, Sequence[Agent]]:
    """The row with its configuration, none of the built-in one, and the agents that ask it."""
    source_id = call.path["source_id"]
    async with call.services.control.reading() as session:
        agents = await Agents(session, call.scope).asking(source_id, default=source_id == BUILT_IN)
        if source_id == BUILT_IN:
            return None, None, agents
        own = DataSources(session, call.scope)
        row = await own.get(source_id)
        return row, own.config(row), agents


def _facts(config: Config | None) -> Mapping[str, str]:
    """How it is connected to, without its secrets."""
    if config is None or isinstance(config, Files):
        return {}
    values = shown(config)
    named = {one.name: one for one in fields(type_of(config)) if values.get(one.name)}
    return {one.label: dict(one.choices).get(values[name], values[name]) for name, one in named.items()}


async def _schema(call: Call[Any, Any], found: Described) -> tuple[Schema | None, str]:
    try:
        return await call.services.tools.data.get_schema(found.id, call.scope), ""
    except NotFound:
        raise
    except HeadwaterError as error:
        return None, error.message


ENDPOINTS = [
    page(_ONE, source, READ, "A data source"),
    form(f"{_ONE}/test", test, WRITE, "Test a data source's connection"),
    form(f"{_ONE}/sync", sync, WRITE, "Copy a data source now", refused=not_done),
    form(f"{_ONE}/delete", delete, WRITE, "Delete a data source"),
]
