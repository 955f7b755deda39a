"""What is sent and answered about data sources (contract: agents-and-accounts)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.control.sources.models import Mode, Status
from headwater.control.sources.service import LONGEST_NAME
from headwater.sources.config import SourceType
from headwater.sources.guard import LONGEST
from headwater.surfaces._http.sources import LONGEST_INTERVAL, SHORTEST_INTERVAL

_Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
_Config = Annotated[
    dict[str, Any],
    Meta(
        description="By `type`: `postgresql`, `mysql` (also MariaDB), `mssql`: `host`, `port`?, `database`,"
        " `username`?, `password`?, `tls`? (`off`, `prefer`, `require`, `verify`). `clickhouse`: the same with `tls`"
        " `off` or `verify`. `sqlite`, `duckdb`: `database`, a path in the operator's folder. `bigquery`: `project`,"
        " `database`, `credentials_json`. `snowflake`: `account`, `database`, `username`, `password`, `schema`?,"
        " `warehouse`?, `role`?. `rest`: `base_url`, `path`?, `rows`? (JSON path to the list), `auth`? (`type`"
        " `bearer` with `token`, `api_key` with `key` and `header`?, `basic` with `username` and `password`)."
    ),
]
_Minutes = Annotated[
    int,
    Meta(
        ge=SHORTEST_INTERVAL,
        le=LONGEST_INTERVAL,
        description="Minutes between copies of an offline source; without it only `sync` copies.",
    ),
]


class ConnectBody(msgspec.Struct, frozen=True):
    """A source to be connected."""

    source_name: _Name
    source_type: Annotated[SourceType, Meta(description="`api` for `rest`; files are uploaded.")]
    connection_config: _Config
    mode: Annotated[Mode, Meta(description="`offline` is copied here, `online` queried where it is.")] = "online"
    sync_interval_minutes: _Minutes | None = None
    test_connection: Annotated[bool, Meta(description="Connect first, and save nothing where that fails.")] = False


class SourcePatch(msgspec.Struct, frozen=True):
    """What is to be changed; what is left out stays, also within `connection_config`."""

    source_name: _Name | UnsetType = UNSET
    connection_config: _Config | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    sync_interval_minutes: _Minutes | UnsetType | None = UNSET
    test_connection: Annotated[bool, Meta(description="Connect first, and change nothing where that fails.")] = False


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A source; `engine` is the type of its configuration, `files` of what was uploaded."""

    connection_id: str
    source_name: str
    source_type: SourceType
    engine: str
    mode: Mode
    status: Status
    last_error: str | None
    sync_interval_minutes: int | None
    last_synced_at: datetime | None
    created_at: datetime
    updated_at: datetime


class SourceDetails(SourceRow, frozen=True, kw_only=True):
    """A source with its configuration; secrets are `********`."""

    connection_config: dict[str, Any]


class AllSources(msgspec.Struct, frozen=True):
    """The company's sources, newest first; the built-in one is the last."""

    data_sources: list[SourceRow]


class OneSource(msgspec.Struct, frozen=True):
    """A source."""

    data_source: SourceDetails


class Uploaded(msgspec.Struct, frozen=True):
    """A source made of files: its tables, and how many passages can be searched."""

    data_source: SourceDetails
    tables: list[str]
    passages: int


class TestResult(msgspec.Struct, frozen=True):
    """Whether a source could be connected to; `message` has the reason where not."""

    connected: bool
    message: str
    latency_ms: int


class Synced(msgspec.Struct, frozen=True):
    """A source that was copied: its tables, and how many rows they have together."""

    data_source: SourceDetails
    tables: list[str]
    rows: int


class QueryBody(msgspec.Struct, frozen=True):
    """A query of one source."""

    connection_id: Annotated[str, Meta(min_length=1, max_length=64)]
    query: Annotated[
        str, Meta(min_length=1, max_length=LONGEST, description="One SELECT, WITH … SELECT, EXPLAIN or SHOW.")
    ]
    params: Annotated[
        dict[str, str | int | float | bool | None], Meta(description="Values of `:name` in the query.")
    ] = {}
    limit: Annotated[int, Meta(ge=1, description="Most rows to answer; the server's limit if left out.")] | None = None


class NamedColumn(msgspec.Struct, frozen=True):
    """A column of a result; `type` is in the engine's words, empty where it has none."""

    name: str
    type: str


class QueryResult(msgspec.Struct, frozen=True):
    """Rows as objects; `truncated` when there was more. Decimals are texts, so that no digit is lost."""

    results: list[dict[str, Any]]
    row_count: int
    columns: list[NamedColumn]
    truncated: bool
    execution_time_ms: int


class ColumnRow(msgspec.Struct, frozen=True):
    """A column of a table."""

    name: str
    type: str
    nullable: bool
    primary_key: bool


class KeyRow(msgspec.Struct, frozen=True):
    """A foreign key: `columns` name rows of `table` by its `referred` columns."""

    columns: list[str]
    table: str
    referred: list[str]


class TableRow(msgspec.Struct, frozen=True):
    """A table or view; `sample` are a few of its rows."""

    name: str
    columns: list[ColumnRow]
    foreign_keys: list[KeyRow]
    row_estimate: int | None
    sample: list[dict[str, Any]]


class SchemaBody(msgspec.Struct, frozen=True):
    """What a source holds, and the SQL that it speaks."""

    dialect: str
    tables: list[TableRow]


CONFIG_EXAMPLE: Final = {
    "type": "mysql",
    "host": "db.example.com",
    "port": 3306,
    "database": "mydb",
    "username": "user",
    "password": "password",
}
CONNECT_EXAMPLE: Final = {
    "source_name": "Production Database",
    "source_type": "database",
    "mode": "online",
    "connection_config": CONFIG_EXAMPLE,
}
PATCH_EXAMPLE: Final = {"source_name": "Updated Database", "connection_config": {}}
EXAMPLE: Final = {
    "connection_id": "ds_0AbC…",
    "source_name": "Production Database",
    "source_type": "database",
    "engine": "mysql",
    "mode": "online",
    "status": "connected",
    "last_error": None,
    "sync_interval_minutes": None,
    "last_synced_at": None,
    "created_at": "2025-01-15T10:00:00Z",
    "updated_at": "2025-01-15T10:00:00Z",
}
DETAILS_EXAMPLE: Final = {
    **EXAMPLE,
    "connection_config": {**CONFIG_EXAMPLE, "password": "********", "tls": "prefer"},
}
FILE_EXAMPLE: Final = {
    **EXAMPLE,
    "source_name": "My File",
    "source_type": "file",
    "engine": "files",
    "mode": "offline",
    "last_synced_at": "2025-01-15T10:00:00Z",
    "connection_config": {"type": "files", "files": ["orders.csv", "terms.pdf"]},
}
OFFLINE_EXAMPLE: Final = {
    **DETAILS_EXAMPLE,
    "mode": "offline",
    "sync_interval_minutes": 60,
    "last_synced_at": "2025-01-15T11:00:00Z",
}
QUERY_EXAMPLE: Final = {"connection_id": "ds_0AbC…", "query": "SHOW TABLES"}
RESULT_EXAMPLE: Final = {
    "results": [{"id": 1, "name": "Ada"}],
    "row_count": 1,
    "columns": [{"name": "id", "type": "INTEGER"}, {"name": "name", "type": "VARCHAR"}],
    "truncated": False,
    "execution_time_ms": 50,
}
SCHEMA_EXAMPLE: Final = {
    "dialect": "mysql",
    "tables": [
        {
            "name": "users",
            "columns": [{"name": "id", "type": "INTEGER", "nullable": False, "primary_key": True}],
            "foreign_keys": [],
            "row_estimate": 1200,
            "sample": [{"id": 1}],
        }
    ],
}
