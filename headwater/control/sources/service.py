"""The data sources of the scope's organisation, as rows.

Connects to nothing: whether a configuration may be connected to is for the caller to ask
before. Secrets leave this module within a ``Config`` only, never towards a caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Action, Audit
from headwater.control.db import surroundings
from headwater.control.rules import text
from headwater.control.sealed import seal, unseal
from headwater.control.sources.models import DataSource, Mode, Status
from headwater.control.sources.status import mark_connected
from headwater.errors import Conflict, InvalidRequest, NotFound
from headwater.kit.ids import new_id
from headwater.scope import Scope
from headwater.sources.config import Config, Files, restored, stored, type_of

MOST: Final = 100
"""So many may one organisation have, so that what it keeps is bounded."""
LONGEST_NAME: Final = 255


class NewSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source to be made; ``version`` is the folder of uploaded files."""

    source_name: str
    config: Config
    mode: Mode = "online"
    sync_interval_minutes: int | None = None
    status: Status = "untested"
    id: str = ""
    version: str | None = None


class SourceChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some fields."""

    source_name: str | UnsetType = UNSET
    config: Config | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    sync_interval_minutes: int | UnsetType | None = UNSET
    tested: bool = False


class DataSources:
    """The data sources of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope, ip: str | None = None) -> None:
        self._session = session
        self._scope = scope
        self._ip = ip

    async def list(self) -> Sequence[DataSource]:
        """All, newest first."""
        own = select(DataSource).where(DataSource.organisation_id == self._scope.organisation_id)
        return (await self._session.scalars(own.order_by(DataSource.created_at.desc(), DataSource.id.desc()))).all()

    async def get(self, source_id: str) -> DataSource:
        """One; ``NotFound`` where the organisation has none of this id."""
        source = await self._session.get(DataSource, source_id)
        if source is None or source.organisation_id != self._scope.organisation_id:
            raise NotFound(f"There is no data source '{source_id[:64]}'.", field="connection_id")
        return source

    def config(self, source: DataSource) -> Config:
        """How it is connected to, with its secrets."""
        return restored(unseal(self._session, DataSource.config, source.config))

    async def hold_cap(self) -> None:
        """``Conflict`` where the organisation may have no more."""
        own = select(func.count()).select_from(DataSource)
        count = await self._session.scalar(own.where(DataSource.organisation_id == self._scope.organisation_id)) or 0
        if count >= MOST:
            raise Conflict(f"A company has at most {MOST} data sources. Delete one first.", allowed=MOST)

    async def create(self, new: NewSource) -> DataSource:
        """A new one."""
        name = text(new.source_name, "source_name", longest=LONGEST_NAME)
        _check_interval(new.mode, new.sync_interval_minutes)
        await self.hold_cap()
        now = surroundings(self._session).clock()
        uploaded = isinstance(new.config, Files)
        source = DataSource(
            id=new.id or new_id("ds"),
            organisation_id=self._scope.organisation_id,
            source_name=name,
            engine=type_of(new.config),
            mode=new.mode,
            config=seal(self._session, DataSource.config, stored(new.config)),
            status="untested",
            version=new.version,
            sync_interval_minutes=new.sync_interval_minutes,
            next_sync_at=now if new.sync_interval_minutes else None,
            last_synced_at=now if uploaded else None,
            created_at=now,
            updated_at=now,
        )
        self._session.add(source)
        await self._session.flush()
        if new.status == "connected":
            await mark_connected(self._session, source)
        action: Action = "data_source_uploaded" if uploaded else "data_source_connected"
        await self._record(action, source, {"engine": source.engine, "mode": source.mode})
        return source

    async def update(self, source_id: str, change: SourceChange) -> DataSource:
        """Change what is given; a changed configuration is untested until it is tested."""
        source = await self.get(source_id)
        changed: dict[str, None] = {}
        if change.source_name is not UNSET:
            source.source_name = text(change.source_name, "source_name", longest=LONGEST_NAME)
            changed["source_name"] = None
        if change.mode is not UNSET and change.mode != source.mode:
            source.mode = change.mode
            changed["mode"] = None
        if change.sync_interval_minutes is not UNSET:
            source.sync_interval_minutes = change.sync_interval_minutes
            changed["sync_interval_minutes"] = None
        if source.mode == "online" and change.sync_interval_minutes is UNSET:
            source.sync_interval_minutes = None
        _check_interval(source.mode, source.sync_interval_minutes)
        self._plan(source)
        if change.config is not UNSET:
            source.config = seal(self._session, DataSource.config, stored(change.config))
            source.status, source.last_error = "untested", None
            # What was copied is of another place.
            source.next_sync_at = surroundings(self._session).clock() if source.sync_interval_minutes else None
            changed["connection_config"] = None
        if change.tested:
            await mark_connected(self._session, source)
        source.updated_at = surroundings(self._session).clock()
        await self._session.flush()
        await self._record("data_source_changed", source, {"changed": list(changed)})
        return source

    async def delete(self, source_id: str) -> str:
        """Remove one; its id. What it has on disk is for the caller to remove, once this is committed."""
        source = await self.get(source_id)
        await self._record("data_source_deleted", source, {"engine": source.engine})
        await self._session.delete(source)
        await self._session.flush()
        return source.id

    def _plan(self, source: DataSource) -> None:
        """When it is copied next: soon, if it is to be copied more often than before."""
        minutes = source.sync_interval_minutes
        if minutes is None:
            source.next_sync_at = None
            return
        last = source.last_synced_at or surroundings(self._session).clock() - timedelta(minutes=minutes)
        source.next_sync_at = last + timedelta(minutes=minutes)

    async def _record(self, action: Action, source: DataSource, details: Mapping[str, object]) -> None:
        await Audit.record(
            self._session,
            source.organisation_id,
            self._scope.user_id,
            action,
            target=source.id,
            ip=self._ip,
            details=details,
        )


def _check_interval(mode: Mode, minutes: int | None) -> None:
    if minutes is not None and mode != "offline":
        raise InvalidRequest(
            "'sync_interval_minutes' is for sources whose mode is 'offline'.", field="sync_interval_minutes"
        )
