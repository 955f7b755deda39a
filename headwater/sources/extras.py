"""Servers whose drivers an operator adds: SQL Server, BigQuery and Snowflake, through their SQLAlchemy dialects.

These engines have no way for a connection to read only, so that a role that may not write is
all that stands behind the judge of SQL.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from headwater.errors import InvalidRequest
from headwater.sources.config import MSSQL, BigQuery, Snowflake
from headwater.sources.connector import CONNECT_SECONDS
from headwater.sources.schema import Dialect
from headwater.sources.servers import first_that_answers, missing

_DRIVERS: Final = {"mssql": "pymssql", "bigquery": "sqlalchemy_bigquery", "snowflake": "snowflake.sqlalchemy"}
_TOKENS: Final = "https://oauth2.googleapis.com/token"
_HOSTS: Final = {"bigquery": "bigquery.googleapis.com"}


class ExtraDriver:
    """How such a server is spoken to."""

    has_schemas = False

    def __init__(self, config: MSSQL | BigQuery | Snowflake) -> None:
        self._config = config
        self.name, self.dialect = _names(config)

    @property
    def host(self) -> tuple[str, int]:
        """Where it is, for the host guard."""
        config = self._config
        if isinstance(config, MSSQL):
            return config.host, config.port
        if isinstance(config, Snowflake):
            return f"{config.account}.snowflakecomputing.com", 443
        return _HOSTS["bigquery"], 443

    def engine(self, addresses: Sequence[str], seconds: float) -> Engine:
        """Connections; those to the cloud's own services go by their names."""
        config = self._config
        driver = self._driver()
        if isinstance(config, MSSQL):
            return create_engine(
                "mssql+pymssql://",
                creator=lambda: first_that_answers(addresses, lambda address: _mssql(driver, config, address, seconds)),
                poolclass=NullPool,
                hide_parameters=True,
            )
        if isinstance(config, Snowflake):
            return create_engine(_snowflake(config), poolclass=NullPool, hide_parameters=True)
        return create_engine(
            URL.create("bigquery", host=config.project, database=config.database),
            credentials_info=_service_account(config),
            poolclass=NullPool,
            hide_parameters=True,
        )

    def abandon(self, connection: Connection) -> None:
        """Results are not read further than they are asked for."""

    def is_late(self, error: BaseException) -> bool:
        """Whether its time was over, as far as the message says."""
        return "timeout" in str(error).lower() or "timed out" in str(error).lower()

    def words(self, error: BaseException) -> str:
        """The driver's message."""
        return (str(error).splitlines() or [type(error).__name__])[0][:300]

    def type_name(self, code: object) -> str:
        """Only names are told."""
        return code if isinstance(code, str) else ""

    def estimates(self, connection: Connection) -> Mapping[str, int]:
        """None is known."""
        return {}

    def _driver(self) -> Any:
        try:
            return importlib.import_module(_DRIVERS[self.name])
        except ModuleNotFoundError:
            raise missing(self.name) from None


def _names(config: MSSQL | BigQuery | Snowflake) -> tuple[str, Dialect]:
    if isinstance(config, MSSQL):
        return "mssql", "tsql"
    return ("snowflake", "snowflake") if isinstance(config, Snowflake) else ("bigquery", "bigquery")


def _mssql(driver: Any, config: MSSQL, address: str, seconds: float) -> Any:
    return driver.connect(
        server=address,
        port=str(config.port),
        user=config.username,
        password=config.password,
        database=config.database,
        login_timeout=int(CONNECT_SECONDS),
        timeout=max(1, int(seconds)),
        encryption={"off": "off", "prefer": "request"}.get(config.tls, "require"),
    )


def _snowflake(config: Snowflake) -> URL:
    query = {name: value for name, value in (("warehouse", config.warehouse), ("role", config.role)) if value}
    return URL.create(
        "snowflake",
        username=config.username,
        password=config.password,
        host=config.account,
        database=f"{config.database}/{config.schema}",
        query=query,
    )


def _service_account(config: BigQuery) -> Mapping[str, object]:
    field = "connection_config.credentials_json"
    try:
        found = json.loads(config.credentials_json)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("type") != "service_account":
        raise InvalidRequest(f"'{field}' must be the JSON key of a service account.", field=field)
    if found.get("token_uri") != _TOKENS:
        # The client would send a signed request to wherever this leads.
        raise InvalidRequest(f"'{field}' must have the token_uri {_TOKENS}.", field=field, allowed=_TOKENS)
    return found
