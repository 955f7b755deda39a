"""The control plane's database as one file of the data directory: its engines, and what of its errors passes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from headwater.settings import SettingsError

FILE_NAME: Final = "control.db"
_BUSY_MILLISECONDS = 10_000
_PASSING: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)


def address(folder: Path) -> URL:
    """Where the file of this data directory is."""
    return URL.create("sqlite+aiosqlite", database=str(folder / FILE_NAME))


def engine(url: URL, *, read_only: bool, patient: bool = False) -> AsyncEngine:
    """Connections that can only read, or those of the one writer at a time; ``patient`` makes no difference."""
    # An error of the database is logged with its statement, but not with what was to be stored.
    made = create_async_engine(url, hide_parameters=True)
    pragmas = [f"busy_timeout={_BUSY_MILLISECONDS}", "foreign_keys=ON", "synchronous=FULL"]
    pragmas.append("query_only=ON" if read_only else "journal_mode=WAL")
    # A writer that begins as a reader cannot wait for another process: it fails when it first writes.
    set_up(made.sync_engine, pragmas, "BEGIN" if read_only else "BEGIN IMMEDIATE")
    return made


def answer_seconds() -> float:
    """How long a transaction may wait for another one to end, in this process or in others."""
    return _BUSY_MILLISECONDS / 1000


def is_interruptible() -> bool:
    """Whether who has waited too long can be called away: a thread waits, for as long as it was told at the start."""
    return False


def is_outage(error: BaseException, *, read_only: bool) -> bool:
    """Whether the database cannot do now what was asked, though nothing is wrong with the asking."""
    if not isinstance(error, OperationalError):
        return False
    return not read_only or getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _PASSING


def may_be_done(error: BaseException) -> bool:
    """Whether a commit that ended like this may have come about: a file says so, or takes it back."""
    return False


def unusable(url: URL, error: BaseException) -> SettingsError | None:
    """``error``, met when the tables were to be made, in words; None where it is no matter of a setting."""
    return None


def set_up(engine: Engine, pragmas: Sequence[str], begin: str) -> None:
    """Have every connection of ``engine`` made with ``pragmas``, and every transaction opened with ``begin``."""

    @event.listens_for(engine, "connect")
    def configure(driver_connection: Any, _record: object) -> None:
        # The driver opens no transaction of its own, so that ours also hold DDL and reads.
        driver_connection.isolation_level = None
        # SQLite's own knows no letters but those of ASCII.
        driver_connection.create_function("lower", 1, _lower, deterministic=True)
        cursor = driver_connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def open_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _lower(value: str | None) -> str | None:
    return value.lower() if isinstance(value, str) else value
