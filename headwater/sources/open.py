"""From a configuration to a connector; the one place that knows all engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Final, assert_never

from headwater.errors import HostRefused, InvalidRequest, UpstreamError
from headwater.outbound import Outbound
from headwater.sources.clickhouse import ClickHouseServer
from headwater.sources.config import (
    MSSQL,
    BigQuery,
    ClickHouse,
    Config,
    DuckDB,
    Files,
    MySQL,
    Postgres,
    Rest,
    Snowflake,
    SQLite,
)
from headwater.sources.connector import CONNECT_SECONDS, RESULT_BYTES, Connector
from headwater.sources.duckdb_file import DuckDBFile
from headwater.sources.extras import ExtraDriver
from headwater.sources.mysql import MySQLDriver
from headwater.sources.postgres import PostgresDriver
from headwater.sources.rest import RestApi, check_path, url_of
from headwater.sources.servers import Driver, Server
from headwater.sources.sqlite_file import SQLiteFile

_HOST: Final = "connection_config.host"


class Opener:
    """Opens sources; ``files_dir`` is the operator's folder of databases, None where there is none."""

    def __init__(self, outbound: Outbound, files_dir: Path | None) -> None:
        self._outbound = outbound
        self._files_dir = files_dir

    def open(self, config: Config, *, most_bytes: int = RESULT_BYTES) -> Connector:
        """The connector of a source that is connected to where it is."""
        match config:
            case Postgres():
                return self._server(PostgresDriver(config), config.host, config.port, most_bytes)
            case MySQL():
                return self._server(MySQLDriver(config), config.host, config.port, most_bytes)
            case MSSQL() | BigQuery() | Snowflake():
                driver = ExtraDriver(config)
                return self._server(driver, *driver.host, most_bytes)
            case ClickHouse():
                return ClickHouseServer(config, self._outbound, most_bytes=most_bytes)
            case SQLite(database=name):
                return SQLiteFile(self._file(name))
            case DuckDB(database=name):
                return DuckDBFile(self._file(name))
            case Rest():
                return RestApi(config, self._outbound)
            case Files():
                raise InvalidRequest("An uploaded source is not connected to.", field="connection_config.type")
            case _:
                assert_never(config)

    async def check(self, config: Config) -> None:
        """Whether this may be connected to, for the moment in which it is saved; it is judged again at each use."""
        match config:
            case Rest():
                check_path(config.rows)
                await _known(self._outbound.check(url_of(config)), "connection_config.base_url")
            case SQLite(database=name) | DuckDB(database=name):
                self._file(name)
            case Postgres() | MySQL() | MSSQL() | ClickHouse():
                await _known(self._addresses(config.host, config.port), _HOST)
            case _:
                self.open(config)

    def _server(self, driver: Driver, host: str, port: int, most_bytes: int) -> Server:
        return Server(driver, lambda: self._addresses(host, port), most_bytes=most_bytes)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._outbound.guard.resolve(host, port, field=_HOST)
        except TimeoutError:
            raise UpstreamError(f"The host '{host[:80]}' could not be looked up in time.") from None

    def _file(self, name: str) -> Path:
        field = "connection_config.database"
        if self._files_dir is None:
            raise InvalidRequest(
                "Files of the server's machine are not opened: its operator has set no `source_files_dir`. Upload the"
                " file instead.",
                field=field,
            )
        folder = self._files_dir.resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            # The same words for both: what else there is on the machine is nobody's business.
            raise InvalidRequest(
                f"There is no file '{name[:80]}' in the operator's folder.", field=field, allowed="a path within it"
            )
        return path


async def _known(looking: Awaitable[object], field: str) -> None:
    """Wait for a host to be judged; what is wrong with it is said of ``field``."""
    try:
        await looking
    except HostRefused as error:
        raise HostRefused(error.message, field=field, allowed=error.details.get("allowed", "a public host")) from None
    except UpstreamError as error:
        # Not a failure of another server but a name that is wrong, or not there yet.
        raise InvalidRequest(error.message, field=field, allowed="a host that is known") from None
