"""How a source is connected to, as people write it; the shape of ``connection_config``.

Secrets are those fields that ``masked`` hides. Connects to nothing.

>>> config = read({"type": "mysql", "host": "db.example.com", "database": "shop", "password": "s3cret"})
>>> masked(config)["password"], masked(config)["port"]
('********', 3306)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean
from headwater.kit.type_words import said

MASK: Final = "********"
SECRETS: Final = frozenset({"password", "token", "key", "credentials_json"})
_FIELD: Final = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_WHERE: Final = ("host", "port", "base_url", "account", "tls")

LINES: Final = "lines"
"""In a field's ``extra``: it holds several lines."""
_Host = Annotated[str, Meta(min_length=1, max_length=255, title="Host", description="Such as db.example.com.")]
_Database = Annotated[str, Meta(min_length=1, max_length=255, title="Database")]
_User = Annotated[str, Meta(max_length=1024, title="User name", description="Best a role that may only read.")]
_Password = Annotated[str, Meta(max_length=1024, title="Password")]
_Path = Annotated[
    str,
    Meta(max_length=1024, title="File", description="Its path in the folder that the server's operator named."),
]
_Port = Annotated[int, Meta(ge=1, le=65535, title="Port")]
Tls = Literal["off", "prefer", "require", "verify"]
"""``prefer`` takes TLS where the server has it, ``require`` nothing else, ``verify`` checks the certificate too."""


class _Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """A server to log in at."""

    host: _Host
    database: _Database
    username: _User = ""
    password: _Password = ""
    tls: Annotated[Tls, Meta(title="Encryption")] = "prefer"


class Postgres(_Server, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="postgresql", tag_field="type"):
    """PostgreSQL, and what speaks its protocol."""

    port: _Port = 5432


class MySQL(_Server, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="mysql", tag_field="type"):
    """MySQL or MariaDB."""

    port: _Port = 3306


class MSSQL(_Server, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="mssql", tag_field="type"):
    """Microsoft SQL Server."""

    port: _Port = 1433


class ClickHouse(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="clickhouse", tag_field="type"
):
    """ClickHouse, through its HTTP interface."""

    host: _Host
    port: _Port = 8443
    database: _Database = "default"
    username: _User = "default"
    password: _Password = ""
    tls: Annotated[Literal["off", "verify"], Meta(title="Encryption")] = "verify"


class SQLite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="sqlite", tag_field="type"):
    """A SQLite file in the operator's folder."""

    database: _Path


class DuckDB(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="duckdb", tag_field="type"):
    """A DuckDB file in the operator's folder."""

    database: _Path


class BigQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="bigquery", tag_field="type"):
    """BigQuery, with the key of a service account."""

    project: Annotated[str, Meta(min_length=1, max_length=255, title="Project")]
    database: Annotated[str, Meta(min_length=1, max_length=255, title="Data set")]
    credentials_json: Annotated[
        str,
        Meta(
            min_length=2,
            max_length=16_384,
            title="Key of the service account",
            description="The whole JSON file.",
            extra={LINES: True},
        ),
    ]


class Snowflake(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="snowflake", tag_field="type"
):
    """Snowflake."""

    account: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,128}$", title="Account")]
    database: _Database
    schema: Annotated[str, Meta(max_length=1024, title="Schema")] = "PUBLIC"
    username: Annotated[str, Meta(min_length=1, max_length=255, title="User name")]
    password: _Password
    warehouse: Annotated[str, Meta(max_length=1024, title="Warehouse")] = ""
    role: Annotated[str, Meta(max_length=1024, title="Role")] = ""


class Bearer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bearer", tag_field="type"):
    """A token in ``Authorization``."""

    token: Annotated[str, Meta(min_length=1, max_length=8192, title="Token")]


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="api_key", tag_field="type"):
    """A key in a header of the API's own."""

    key: Annotated[str, Meta(min_length=1, max_length=8192, title="Key")]
    header: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}$", title="Header that it is sent in")] = "X-API-Key"


class Basic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="basic", tag_field="type"):
    """A name and a password."""

    username: _User
    password: _Password


class Rest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="rest", tag_field="type"):
    """An API that answers JSON to a GET; ``rows`` is the JSON path to the list, such as ``$.data.items``."""

    base_url: Annotated[
        str, Meta(min_length=8, max_length=2048, title="Address", description="Such as https://api.example.com.")
    ]
    path: Annotated[str, Meta(max_length=1024, title="Path", description="Such as /v1/tickets.")] = ""
    rows: Annotated[
        str,
        Meta(max_length=255, title="Where the rows are", description="A JSON path to the list, such as $.data.items."),
    ] = "$"
    auth: Annotated[Bearer | ApiKey | Basic | None, Meta(title="How it knows you")] = None


class Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="files", tag_field="type"):
    """What was uploaded; ``files`` are the names that it had."""

    files: tuple[str, ...]


Config: TypeAlias = Postgres | MySQL | ClickHouse | SQLite | DuckDB | MSSQL | BigQuery | Snowflake | Rest | Files
SourceType = Literal["database", "file", "api"]
TYPES: Final[Mapping[str, SourceType]] = {
    **dict.fromkeys(
        ("postgresql", "mysql", "clickhouse", "duckdb", "sqlite", "mssql", "bigquery", "snowflake"), "database"
    ),
    "rest": "api",
    "files": "file",
}
LABELS: Final[Mapping[str, str]] = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL or MariaDB",
    "clickhouse": "ClickHouse",
    "mssql": "SQL Server",
    "bigquery": "BigQuery",
    "snowflake": "Snowflake",
    "rest": "An API",
    "sqlite": "SQLite file",
    "duckdb": "DuckDB file",
    "files": "Uploaded files",
    "headwater": "Your measurements",
}
"""What people call the types."""
CONNECTABLE: Final = tuple(name for name in TYPES if name != "files")


def type_of(config: Config) -> str:
    """What its ``type`` is."""
    return str(config.__struct_config__.tag)


def read(values: Mapping[str, Any], *, typed: bool = False) -> Config:
    """``connection_config`` as it was sent; ``InvalidRequest`` in the caller's words. ``typed`` is all of texts."""
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in CONNECTABLE:
        hint = did_you_mean(str(kind), CONNECTABLE) if kind else ""
        raise InvalidRequest(
            f"'connection_config.type' must be one of {', '.join(CONNECTABLE)}.{hint}",
            field="connection_config.type",
            allowed=list(CONNECTABLE),
        )
    _refuse_masks(values)
    return _convert(dict(values), typed=typed)


def restored(text: str) -> Config:
    """A configuration as ``stored`` wrote it."""
    found: Config = msgspec.json.decode(text, type=Config)
    return found


def stored(config: Config) -> str:
    """A configuration with its secrets, to be sealed."""
    return msgspec.json.encode(config).decode("utf-8")


def masked(config: Config) -> dict[str, Any]:
    """A configuration to be shown: secrets that are set are hidden."""
    return _hide(msgspec.to_builtins(config))


def changed(config: Config, values: Mapping[str, Any], *, typed: bool = False) -> Config:
    """``config`` with what ``values`` name; a secret that is the mask, or left out, stays.

    It stays for the place that it was given for only: whoever names another host says it again,
    else a secret that is never shown could be had by sending it to a server of one's own.
    """
    before = msgspec.to_builtins(config)
    if values.get("type", before["type"]) != before["type"]:
        raise InvalidRequest(
            f"The type of a source stays '{before['type']}'. Connect another source.", field="connection_config.type"
        )
    auth = values.get("auth")
    kept_auth = before.get("auth") if isinstance(auth, dict) else None
    merged: dict[str, Any] = {**before, **values}
    if isinstance(auth, dict):
        same = kept_auth is not None and auth.get("type", kept_auth["type"]) == kept_auth["type"]
        merged["auth"] = {**(kept_auth or {}), **auth} if same else auth
    _unmask(merged, before)
    found = _convert(merged, typed=typed)
    after = msgspec.to_builtins(found)
    elsewhere = [name for name in _WHERE if name in before and after.get(name) != before[name]]
    if elsewhere:
        _demand_secrets(after, values, elsewhere[0])
    return found


def _unmask(merged: dict[str, Any], before: Mapping[str, Any]) -> None:
    for name, value in merged.items():
        if isinstance(value, dict):
            _unmask(value, before.get(name) or {})
        elif name in SECRETS and value == MASK:
            merged[name] = before.get(name, "")


def _refuse_masks(values: Mapping[str, Any], at: str = "connection_config") -> None:
    for name, value in values.items():
        if isinstance(value, dict):
            _refuse_masks(value, f"{at}.{name}")
        elif name in SECRETS and value == MASK:
            raise InvalidRequest(f"'{at}.{name}' is the mask of a secret, not the secret.", field=f"{at}.{name}")


def _demand_secrets(after: Mapping[str, Any], values: Mapping[str, Any], moved: str, at: str = "") -> None:
    for name, value in after.items():
        if isinstance(value, dict):
            inner = values.get(name)
            _demand_secrets(value, inner if isinstance(inner, dict) else {}, moved, f"{name}.")
        elif name in SECRETS and value and values.get(name, MASK) == MASK:
            raise InvalidRequest(
                f"'{at}{name}' must be given again when '{moved}' changes: a secret is kept for the place that it"
                " was given for.",
                field=f"connection_config.{at}{name}",
            )


def _hide(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _hide(value) if isinstance(value, dict) else MASK if name in SECRETS and value else value
        for name, value in values.items()
    }


def _convert(values: dict[str, Any], *, typed: bool) -> Config:
    try:
        found: Config = msgspec.convert(values, Config, strict=not typed)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        where = f"connection_config{path.removesuffix('`')}"
        if field := _FIELD.fullmatch(reason):
            where = f"{where}.{field['name'][:64]}"
            fault = "is required" if field["fault"].startswith("missing") else "is unknown"
            raise InvalidRequest(f"'{where}' {fault}.", field=where) from None
        raise InvalidRequest(f"'{where}' {said(reason, typed=typed)}.", field=where) from None
    return found
