"""A throwaway PostgreSQL for the control plane, started when the first test needs it: a database for each test.

Making a database takes longer than most tests, so one that is done with is emptied and used again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
from sqlalchemy import create_engine

from headwater.control.migrate import upgrade
from tests.engines import PASSWORD, Engine, postgres

_AS_MADE = "as_made"
_FILLED = ("plan", "alembic_version")
"""What the migrations leave rows in."""


class Server:
    """A running server, and its databases that nobody uses now."""

    def __init__(self, engine: Engine) -> None:
        self._where: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": engine.port,
            "user": "postgres",
            "password": PASSWORD,
            "autocommit": True,
        }
        self._free: list[str] = []
        self._made = 0
        self._tables: list[str] = []

    def url(self, name: str) -> str:
        """The address of a database, as the setting has it."""
        return f"postgresql://postgres:{quote(PASSWORD)}@127.0.0.1:{self._where['port']}/{name}"

    def take(self) -> str:
        """A database with every migration run and nothing in it."""
        if self._free:
            return self._free.pop()
        if not self._tables:
            self._make_template()
        return self.new("TEMPLATE template_of_the_tests STRATEGY WAL_LOG")

    def new(self, options: str = "") -> str:
        """A database of its own."""
        self._made += 1
        name = f"test_{self._made}"
        self._run("postgres", f'CREATE DATABASE "{name}" {options}')
        return name

    def give_back(self, name: str) -> None:
        """Empty a database for the next who needs one; where that cannot be, drop it."""
        try:
            with self.connected(name) as connection:
                if _tables(connection) == self._tables:
                    connection.execute(self._emptying(connection))
                    self._free.append(name)
                    return
        except psycopg.Error:
            pass
        self.drop(name)

    def drop(self, name: str) -> None:
        """Forget a database."""
        self._run("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')

    @contextmanager
    def connected(self, name: str) -> Iterator[psycopg.Connection[Any]]:
        """A connection of one who may do everything."""
        with psycopg.connect(dbname=name, **self._where) as connection:
            yield connection

    def _make_template(self) -> None:
        name = "template_of_the_tests"
        self._run("postgres", f"CREATE DATABASE {name}")
        engine = create_engine(self.url(name).replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            upgrade(connection)
        engine.dispose()
        self._run(name, f"CREATE SCHEMA {_AS_MADE}")
        for table in _FILLED:
            self._run(name, f"CREATE TABLE {_AS_MADE}.{table} AS TABLE {table}")
        with self.connected(name) as connection:
            self._tables = _tables(connection)

    def _emptying(self, connection: psycopg.Connection[Any]) -> str:
        counters = connection.execute("SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public'")
        statements = [
            "BEGIN",
            "SET LOCAL lock_timeout = 2000",
            "SET LOCAL session_replication_role = replica",
            *(f'DELETE FROM "{table}"' for table in self._tables),
            *(f"INSERT INTO {table} SELECT * FROM {_AS_MADE}.{table}" for table in _FILLED),
            *(f"SELECT setval('{name}', 1, false)" for (name,) in counters),
            "COMMIT",
        ]
        return ";".join(statements)

    def _run(self, name: str, statement: str) -> None:
        with self.connected(name) as connection:
            connection.execute(statement)


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    return sorted(row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))


_STARTED = ExitStack()
_SERVERS: list[Server] = []


def server() -> Server:
    """The one of this process of tests; ``stop`` ends it."""
    if not _SERVERS:
        _SERVERS.append(Server(_STARTED.enter_context(postgres())))
    return _SERVERS[0]


def stop() -> None:
    """Stop it, if it was started."""
    _SERVERS.clear()
    _STARTED.close()


@contextmanager
def migrated() -> Iterator[str]:
    """The address of a database with every migration run and nothing in it."""
    name = server().take()
    try:
        yield server().url(name)
    finally:
        server().give_back(name)


@contextmanager
def empty() -> Iterator[str]:
    """The address of a database without a table."""
    name = server().new()
    try:
        yield server().url(name)
    finally:
        server().drop(name)
