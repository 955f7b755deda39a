"""From a row to its data: opening a source where it is or where its copy lies, testing, copying and uploading.

What takes long is done without a transaction; what it came to is then written in one of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.sealed import unseal
from headwater.control.sources.models import DataSource
from headwater.control.sources.service import DataSources
from headwater.control.sources.shelf import Shelf
from headwater.control.sources.status import mark_connected, mark_error
from headwater.errors import Conflict, HeadwaterError, InvalidRequest, Timeout, UpstreamError
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.sources.config import Config, Files, restored
from headwater.sources.connector import Connector
from headwater.sources.copying import Copied, copy
from headwater.sources.duckdb_file import DuckDBFile
from headwater.sources.files.reader import read_files
from headwater.sources.files.task import Outcome, Upload
from headwater.sources.open import Opener

if TYPE_CHECKING:
    from headwater.control.plane import Control

_LEFT_BEHIND: Final = timedelta(hours=6)
log = structlog.get_logger(__name__)


class Tested(msgspec.Struct, frozen=True):
    """What a test came to; ``reason`` is empty where it worked."""

    reason: str
    milliseconds: int


class Known(msgspec.Struct, frozen=True):
    """What is needed of a source to work with it outside of a transaction."""

    id: str
    organisation_id: int
    name: str
    status: str
    version: str | None
    is_kept_here: bool
    config: Config


class Connections:
    """The data of sources; ``opener`` knows the engines."""

    def __init__(self, control: Control, opener: Opener, settings: Settings) -> None:
        self._control = control
        self._opener = opener
        self._settings = settings
        self.shelf = Shelf(Path(settings.data_dir) / "sources")
        self._copying: set[str] = set()

    async def known(self, scope: Scope, source_id: str) -> Known:
        """One source of the scope's organisation; ``NotFound`` where there is none of this id."""
        async with self._control.reading() as session:
            source = await DataSources(session, scope).get(source_id)
            return _known(session, source)

    def opened(self, source: Known) -> Connector:
        """The connector to query it by; ``Conflict`` where it is offline and was never copied."""
        if not source.is_kept_here:
            return self._opener.open(source.config)
        if source.version is None:
            raise Conflict(
                f"The data source '{source.name}' is offline and has not been copied yet: POST"
                f" /api/v1/data-sources/{source.id}/sync copies it."
            )
        return DuckDBFile(self.shelf.tables(source.id, source.version))

    async def check(self, config: Config) -> None:
        """Whether it may be connected to; for the moment in which it is saved."""
        await self._opener.check(config)

    async def try_out(self, config: Config) -> Tested:
        """Connect to where it is."""
        return await self._tried(lambda: self._opener.open(config))

    async def _tried(self, opened: Callable[[], Connector]) -> Tested:
        began = perf_counter()
        reason = ""
        try:
            connector = opened()
            await connector.test()
            await connector.aclose()
        except (UpstreamError, InvalidRequest, Timeout) as error:
            reason = error.message
        return Tested(reason, round((perf_counter() - began) * 1000))

    async def test(self, scope: Scope, source_id: str) -> Tested:
        """Connect to a source, and write down how that went."""
        source = await self.known(scope, source_id)
        if isinstance(source.config, Files):
            tested = await self._tried(lambda: self.opened(source))
        else:
            tested = await self.try_out(source.config)
        await self.note(source, tested.reason)
        return tested

    async def note(self, source: Known, reason: str = "") -> None:
        """Write down that a source answered, or for which reason it did not."""
        async with self._control.unit_of_work() as unit:
            row = await unit.session.get(DataSource, source.id)
            if row is not None and reason:
                await mark_error(unit.session, row, reason)
            elif row is not None:
                await mark_connected(unit.session, row)

    async def read_uploads(self, files: Sequence[Upload], folder: Path) -> Outcome:
        """Make tables and passages of uploaded files, in ``folder``."""
        return await read_files(files, folder)

    async def sync(self, scope: Scope, source_id: str) -> Copied:
        """Copy an offline source now; the copy of before stays until the new one is whole."""
        source = await self.known(scope, source_id)
        if isinstance(source.config, Files):
            raise Conflict("Uploaded files are copied once: upload them again as a new data source.")
        if not source.is_kept_here:
            raise Conflict(
                "This data source is online: it is queried where it is. Change its 'mode' to 'offline' first."
            )
        return await self._sync(source)

    async def is_due(self) -> bool:
        """Whether any source is to be copied now."""
        return bool(await self._due())

    async def sync_due(self) -> None:
        """Copy those whose time has come; that one fails is written down at it, and keeps none from its turn."""
        for source in await self._due():
            try:
                await self._sync(source)
            except HeadwaterError as error:
                log.warning("source.sync_failed", source=source.id, reason=error.message)

    async def sweep(self) -> None:
        """Remove files that no source has."""
        async with self._control.reading() as session:
            rows = (await session.execute(select(DataSource.id, DataSource.version))).all()
            before = surroundings(session).clock() - _LEFT_BEHIND
        await asyncio.to_thread(self.shelf.sweep, [(one.id, one.version) for one in rows], before.timestamp())

    async def _due(self) -> list[Known]:
        async with self._control.reading() as session:
            now = surroundings(session).clock()
            due = select(DataSource).where(DataSource.next_sync_at <= now).order_by(DataSource.next_sync_at)
            return [_known(session, source) for source in await session.scalars(due)]

    async def _sync(self, source: Known) -> Copied:
        if source.id in self._copying:
            raise Conflict("This data source is being copied right now.", retry_after=5)
        self._copying.add(source.id)
        try:
            return await self._copied(source)
        except HeadwaterError as error:
            await self._put(source, None, error.message)
            raise
        finally:
            self._copying.discard(source.id)

    async def _copied(self, source: Known) -> Copied:
        settings = self._settings
        with self.shelf.making() as folder:
            connector = self._opener.open(source.config, most_bytes=settings.source_copy_bytes)
            copied = await copy(connector, folder, settings.source_copy_rows, settings.source_copy_timeout)
            version = await asyncio.to_thread(self.shelf.put, folder, source.id)
        await self._put(source, version)
        return copied

    async def _put(self, source: Known, version: str | None, reason: str = "") -> None:
        """Write down a copy that was made, or why none was."""
        async with self._control.unit_of_work() as unit:
            row = await unit.session.get(DataSource, source.id)
            if row is None:
                # Deleted meanwhile.
                unit.after_commit(lambda: self.shelf.clear(source.id))
                return
            now = surroundings(unit.session).clock()
            minutes = row.sync_interval_minutes
            row.next_sync_at = None if minutes is None else now + timedelta(minutes=minutes)
            if version is None:
                await mark_error(unit.session, row, reason)
                return
            former, row.version, row.last_synced_at = row.version, version, now
            await mark_connected(unit.session, row)
            if former is not None:
                unit.after_commit(lambda: self.shelf.remove(source.id, former))


def _known(session: AsyncSession, source: DataSource) -> Known:
    return Known(
        source.id,
        source.organisation_id,
        source.source_name,
        source.status,
        source.version,
        source.mode == "offline" or source.engine == "files",
        restored(unseal(session, DataSource.config, source.config)),
    )
