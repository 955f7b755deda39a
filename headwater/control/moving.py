"""Copies a control plane from SQLite into an empty PostgreSQL, all of it or nothing.

One transaction makes the tables, copies them in the order in which they refer to one another, and
compares both sides; a move that is cut off leaves an empty database, and is done again. Nobody can
use the source meanwhile, and it stays as it was.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Connection,
    Table,
    create_engine,
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.exc import DatabaseError

from headwater.control import sqlite
from headwater.control.db import Database
from headwater.control.migrate import upgrade
from headwater.control.plans.models import Plan
from headwater.control.record import Record
from headwater.control.sqlite import FILE_NAME
from headwater.errors import HeadwaterError, InternalError, InvalidRequest, StoreInUse

_ROWS_AT_ONCE: Final = 500
_WAIT_MILLISECONDS: Final = 1_000


class Moved(msgspec.Struct, frozen=True):
    """One table as it is on both sides: how many rows, and the SHA-256 of what Python reads of them."""

    table: str
    rows: int
    checksum: str


async def move(folder: Path, target: Database, tell: Callable[[str], None]) -> list[Moved]:
    """Copy the control plane of a data directory; ``tell`` hears the name of each table before it is copied.

    StoreInUse while a server or command has it open; InvalidRequest for a target that is not empty, or a file that is
    no database.
    """
    with _source(folder) as source:
        async with target.exclusive() as connection:
            return await connection.run_sync(lambda there: _copy(source, there, tell))


@contextmanager
def _source(folder: Path) -> Iterator[Connection]:
    """The one connection to the source's file; other processes cannot open it.

    The steps that it lacks are taken in a transaction that is never committed.
    """
    file = folder / FILE_NAME
    engine = create_engine(f"sqlite:///{file}", hide_parameters=True)
    sqlite.set_up(engine, [f"busy_timeout={_WAIT_MILLISECONDS}", "locking_mode=EXCLUSIVE"], "BEGIN EXCLUSIVE")
    try:
        with engine.connect() as opened, opened.begin() as transaction:
            upgrade(opened)
            yield opened
            transaction.rollback()
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise _unusable(file, error.orig) from error
        raise
    finally:
        engine.dispose()


def _unusable(file: Path, error: sqlite3.Error) -> HeadwaterError:
    """What is wrong with the source, in words."""
    code = error.sqlite_errorcode & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreInUse(f"{file} is in use by another process. Stop it first.")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return InvalidRequest(
            f"{file} is no SQLite database, or is damaged. Restore it from a backup.", field="data_dir"
        )
    return InvalidRequest(f"{file} cannot be used: {error}. It must be a file that may be written.", field="data_dir")


def _copy(source: Connection, target: Connection, tell: Callable[[str], None]) -> list[Moved]:
    upgrade(target)
    tables = _tables(target)
    _require_empty(target, tables)
    # The migrations bring plans, which the operator may have changed or taken away since.
    target.execute(delete(Plan))
    own = list(_own_references(tables))
    for name, reference in own:
        target.execute(text(f'ALTER TABLE "{name}" ALTER CONSTRAINT "{reference}" DEFERRABLE INITIALLY DEFERRED'))
    moved = []
    for table in tables:
        tell(table.name)
        for rows in _pages(source, table):
            target.execute(insert(table), [dict(row._mapping) for row in rows])
        moved.append(_compared(source, target, table))
        _go_on_counting(source, target, table)
    # All that was put off is looked at now: what refers to nothing ends the move.
    target.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    for name, reference in own:
        target.execute(text(f'ALTER TABLE "{name}" ALTER CONSTRAINT "{reference}" NOT DEFERRABLE'))
    return moved


def _tables(target: Connection) -> list[Table]:
    """Every table, in an order in which none refers to a later one."""
    tables = Record.metadata.sorted_tables
    found = set(inspect(target).get_table_names()) - {"alembic_version"}
    if found != {table.name for table in tables}:
        raise InternalError("Not every table of the control plane is known here.")
    return tables


def _require_empty(target: Connection, tables: list[Table]) -> None:
    for table in tables:
        if table.name != Plan.__tablename__ and target.scalar(select(func.count()).select_from(table)):
            raise InvalidRequest(
                f"The database has rows already (table {table.name}). A control plane moves into an empty one only:"
                " make another with CREATE DATABASE, or drop and make this one again.",
                field="to",
            )


def _own_references(tables: list[Table]) -> Iterator[tuple[str, str]]:
    """References of a table to itself, whose rows may come in any order."""
    for table in tables:
        for constraint in table.foreign_key_constraints:
            if constraint.referred_table is table:
                yield table.name, str(constraint.name)


def _pages(connection: Connection, table: Table) -> Iterator[list[Any]]:
    """All rows by their keys, a bounded number at once."""
    keys = list(table.primary_key.columns)
    query = select(table).order_by(*keys).limit(_ROWS_AT_ONCE)
    rows = connection.execute(query).all()
    while rows:
        yield list(rows)
        last = tuple_(*(literal(rows[-1]._mapping[key], key.type) for key in keys))
        rows = connection.execute(query.where(tuple_(*keys) > last)).all()


def _compared(source: Connection, target: Connection, table: Table) -> Moved:
    here, there = _summed(source, table), _summed(target, table)
    if here != there:
        raise InternalError(
            f"Table {table.name} is not the same on both sides ({here.rows} rows and {there.rows}); nothing was moved."
        )
    return there


def _summed(connection: Connection, table: Table) -> Moved:
    count, checksum = 0, hashlib.sha256()
    for rows in _pages(connection, table):
        for row in rows:
            count += 1
            checksum.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
    return Moved(table.name, count, checksum.hexdigest())


def _go_on_counting(source: Connection, target: Connection, table: Table) -> None:
    """Have the next row numbered as the source would number it: facts may be of rows that are gone."""
    column = table.autoincrement_column
    if column is None:
        return
    counter = target.scalar(select(func.pg_get_serial_sequence(f'"{table.name}"', column.name)))
    counted = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    last = source.scalar(counted, {"name": table.name})
    if last:
        target.execute(select(func.setval(counter, last)))
