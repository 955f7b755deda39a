"""MySQL's and MariaDB's part of ``servers``: PyMySQL, transactions that read only, a time limit of the server."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pymysql
from pymysql.constants import FIELD_TYPE
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from headwater.sources.config import MySQL
from headwater.sources.connector import CONNECT_SECONDS
from headwater.sources.schema import Dialect
from headwater.sources.servers import first_that_answers

_TYPES: Final = {code: name.lower() for name, code in vars(FIELD_TYPE).items() if isinstance(code, int)}
_TOO_LATE: Final = {1969, 3024, 1317}
_ADDRESS: Final = re.compile(r"@'[^']*'")


class MySQLDriver:
    """How a MySQL or MariaDB server is spoken to."""

    name = "mysql"
    dialect: Dialect = "mysql"
    has_schemas = False

    def __init__(self, config: MySQL) -> None:
        self._config = config

    def engine(self, addresses: Sequence[str], seconds: float) -> Engine:
        """Connections to the host's judged addresses."""
        return create_engine(
            "mysql+pymysql://",
            creator=lambda: first_that_answers(addresses, lambda address: self._connect(address, seconds)),
            poolclass=NullPool,
            hide_parameters=True,
        )

    def _connect(self, address: str, seconds: float) -> Any:
        config = self._config
        connection = pymysql.connect(
            host=config.host,
            user=config.username,
            password=config.password,
            database=config.database,
            charset="utf8mb4",
            connect_timeout=int(CONNECT_SECONDS),
            read_timeout=int(seconds) + int(CONNECT_SECONDS),
            write_timeout=int(CONNECT_SECONDS),
            # A server could ask the client for files.
            local_infile=False,
            defer_connect=True,
            **_tls(config),
        )
        # The name is for the certificate; the socket leads to the address.
        stream = socket.create_connection((address, config.port), timeout=CONNECT_SECONDS)
        try:
            connection.connect(stream)
            _read_only(connection, seconds)
        except BaseException:
            stream.close()
            raise
        return connection

    def abandon(self, connection: Connection) -> None:
        """Hang up: a result that is closed would be read to its end."""
        driver: Any = connection.connection.dbapi_connection
        if driver._result is not None:
            driver._result.unbuffered_active = False
        driver._result = None
        driver._force_close()
        connection.invalidate()

    def is_late(self, error: BaseException) -> bool:
        """Whether the server's time limit ended it."""
        return bool(error.args) and error.args[0] in _TOO_LATE

    def words(self, error: BaseException) -> str:
        """The server's own message."""
        message = str(error.args[1]) if len(error.args) > 1 else str(error) or type(error).__name__
        return _ADDRESS.sub("", message.splitlines()[0])

    def type_name(self, code: object) -> str:
        """A type by its number."""
        return _TYPES.get(code, "") if isinstance(code, int) else ""

    def estimates(self, connection: Connection) -> Mapping[str, int]:
        """What the server believes."""
        rows = connection.execute(
            text(
                "SELECT table_name, table_rows FROM information_schema.tables"
                " WHERE table_schema = database() AND table_rows IS NOT NULL"
            )
        )
        return {name: int(count) for name, count in rows}


def _tls(config: MySQL) -> dict[str, Any]:
    if config.tls == "off":
        return {"ssl_disabled": True}
    if config.tls == "prefer":
        return {}
    context = ssl.create_default_context()
    if config.tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


def _read_only(connection: Any, seconds: float) -> None:
    maria = "MariaDB" in connection.get_server_info()
    limit = f"max_statement_time = {seconds:.3f}" if maria else f"max_execution_time = {max(1, int(seconds * 1000))}"
    with connection.cursor() as cursor:
        # How texts are quoted is then as the judge of SQL reads them.
        cursor.execute("SET SESSION sql_mode = ''")
        cursor.execute("SET SESSION time_zone = '+00:00'")
        cursor.execute(f"SET SESSION {limit}")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
    connection.commit()
