"""PostgreSQL's part of ``servers``: psycopg 3, transactions that read only, a statement timeout."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg.postgres import types
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from headwater.sources.config import Postgres
from headwater.sources.connector import CONNECT_SECONDS
from headwater.sources.schema import Dialect
from headwater.sources.servers import first_that_answers

_TLS: Final = {"off": "disable", "prefer": "prefer", "require": "require", "verify": "verify-full"}
_ADDRESS: Final = re.compile(r'connection (failed: connection )?to server at "[^"]*"(, port \d+)? failed: ')
_QUERY_CANCELED: Final = "57014"


class PostgresDriver:
    """How a PostgreSQL server is spoken to."""

    name = "postgresql"
    dialect: Dialect = "postgres"
    has_schemas = True

    def __init__(self, config: Postgres) -> None:
        self._config = config

    def engine(self, addresses: Sequence[str], seconds: float) -> Engine:
        """Connections to the host's judged addresses."""
        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: first_that_answers(addresses, lambda address: self._connect(address, seconds)),
            poolclass=NullPool,
            hide_parameters=True,
        )

    def _connect(self, address: str, seconds: float) -> psycopg.Connection[Any]:
        config = self._config
        connection = psycopg.connect(
            # The name is for the certificate; libpq connects to the address.
            host=config.host,
            hostaddr=address,
            port=config.port,
            dbname=config.database,
            user=config.username,
            password=config.password,
            # Else libpq would look for the operator's own passwords and keys.
            passfile="/dev/null",
            gssencmode="disable",
            sslmode=_TLS[config.tls],
            sslrootcert="system" if config.tls == "verify" else None,
            connect_timeout=int(CONNECT_SECONDS),
            application_name="headwater",
            autocommit=True,
        )
        milliseconds = max(1, int(seconds * 1000))
        connection.execute("SET default_transaction_read_only = on")
        connection.execute("SET standard_conforming_strings = on")
        connection.execute("SET timezone = 'UTC'")
        connection.execute(f"SET statement_timeout = {milliseconds}")
        connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds + 60_000}")
        connection.autocommit = False
        connection.read_only = True
        return connection

    def abandon(self, connection: Connection) -> None:
        """A cursor of the server sends nothing that is not asked for."""

    def is_late(self, error: BaseException) -> bool:
        """Whether the statement timeout ended it."""
        return getattr(error, "sqlstate", None) == _QUERY_CANCELED

    def words(self, error: BaseException) -> str:
        """The server's own message, or libpq's."""
        diagnosis = getattr(getattr(error, "diag", None), "message_primary", None)
        first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return diagnosis or _ADDRESS.sub("", first).removeprefix("connection failed: ").strip()

    def type_name(self, code: object) -> str:
        """A type by its number."""
        known = types.get(code) if isinstance(code, int) else None
        return known.name if known else ""

    def estimates(self, connection: Connection) -> Mapping[str, int]:
        """What the planner believes."""
        rows = connection.execute(
            text(
                "SELECT n.nspname = current_schema(), n.nspname, c.relname, c.reltuples FROM pg_catalog.pg_class c"
                " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p', 'm') AND c.reltuples >= 0"
            )
        )
        return {name if default else f"{schema}.{name}": int(count) for default, schema, name, count in rows}
