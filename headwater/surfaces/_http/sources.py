"""What the API and the console do with data sources alike: connect, change, upload and remove them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from headwater.control.sources.models import DataSource, Mode
from headwater.control.sources.service import DataSources, NewSource, SourceChange
from headwater.errors import Conflict, InvalidRequest
from headwater.kit.ids import new_id
from headwater.sources.config import Config, Files
from headwater.sources.files.task import Upload
from headwater.surfaces._http.endpoint import Call
from headwater.surfaces._http.multipart import Part
from headwater.surfaces._http.services import Services
from headwater.tools.citation import BUILT_IN

SOURCES: Final = "/api/v1/data-sources"
SHORTEST_INTERVAL: Final = 15
LONGEST_INTERVAL: Final = 44_640
"""Minutes between two copies."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A source to be connected; with ``test_connection`` only where that works."""

    source_name: str
    config: Config
    mode: Mode = "online"
    sync_interval_minutes: int | None = None
    test_connection: bool = False


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some fields of a source."""

    source_name: str | UnsetType = UNSET
    config: Config | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    sync_interval_minutes: int | UnsetType | None = UNSET
    test_connection: bool = False


class Taken(msgspec.Struct, frozen=True):
    """A source of files: its tables, and how many passages can be searched."""

    source: DataSource
    config: Config
    tables: Sequence[str]
    passages: int


async def connect(call: Call[Any, Any], wanted: Wanted) -> DataSource:
    """A new source."""
    config, connections = wanted.config, call.services.connections
    await _hold_cap(call)
    await connections.check(config)
    if wanted.test_connection:
        await _must_connect(call, config)
    new = NewSource(
        source_name=wanted.source_name,
        config=config,
        mode=wanted.mode,
        sync_interval_minutes=wanted.sync_interval_minutes,
        status="connected" if wanted.test_connection else "untested",
    )
    return await (await _changing(call)).create(new)


async def change(call: Call[Any, Any], source_id: str, before: Config, changes: Changes) -> DataSource:
    """Change what is given; ``before`` is the source's configuration."""
    config = before if changes.config is UNSET else changes.config
    if config != before:
        await call.services.connections.check(config)
    if changes.test_connection and not isinstance(config, Files):
        await _must_connect(call, config)
    change = SourceChange(
        source_name=changes.source_name,
        config=config if config != before else UNSET,
        mode=changes.mode,
        sync_interval_minutes=changes.sync_interval_minutes,
        tested=changes.test_connection,
    )
    return await (await _changing(call)).update(source_id, change)


async def upload(call: Call[Any, Any], name: str, parts: Sequence[Part]) -> Taken:
    """A new source of files."""
    await _hold_cap(call)
    connections = call.services.connections
    with connections.shelf.making() as folder, connections.shelf.making() as made:
        uploads = await asyncio.to_thread(_written, parts, folder)
        outcome = await connections.read_uploads(uploads, made)
        source_id = new_id("ds")
        version = await asyncio.to_thread(connections.shelf.put, made, source_id)
    config = Files(files=tuple(part.name for part in parts))
    new = NewSource(source_name=name, config=config, mode="offline", status="connected", id=source_id, version=version)
    try:
        source = await (await _changing(call)).create(new)
    except BaseException:
        connections.shelf.clear(source_id)
        raise
    return Taken(source, config, outcome.tables, outcome.passages)


async def remove(call: Call[Any, Any], source_id: str) -> None:
    """Remove a source, with its files or copy once that is committed."""
    unit = await call.writing()
    await DataSources(unit.session, call.scope, call.client_ip).delete(source_id)
    unit.after_commit(lambda: call.services.connections.shelf.clear(source_id))


def hold_own(source_id: str) -> str:
    """The id; ``Conflict`` for the source that is built in."""
    if source_id == BUILT_IN:
        raise Conflict(
            f"'{BUILT_IN}' is your company's own measurements: it is always there, and can be neither changed, copied"
            " nor deleted."
        )
    return source_id


def upload_limit(services: Services) -> int:
    """The largest upload, in bytes."""
    return services.settings.max_upload_bytes


async def _hold_cap(call: Call[Any, Any]) -> None:
    async with call.services.control.reading() as session:
        await DataSources(session, call.scope).hold_cap()


async def _changing(call: Call[Any, Any]) -> DataSources:
    return DataSources((await call.writing()).session, call.scope, call.client_ip)


async def _must_connect(call: Call[Any, Any], config: Config) -> None:
    tested = await call.services.connections.try_out(config)
    if tested.reason:
        raise InvalidRequest(tested.reason, place="body", field="connection_config")


def _written(parts: Sequence[Part], folder: Path) -> list[Upload]:
    """The files on disk, under names of the server's own."""
    uploads = []
    for number, part in enumerate(parts):
        path = folder / f"part{number}"
        path.write_bytes(part.data)
        uploads.append(Upload(part.name, str(path)))
    return uploads
