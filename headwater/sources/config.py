"""How a source is connected to, as people write it; the shape of ``connection_config``.

Secrets are those fields that ``masked`` hides. Connects to nothing.

>>> config = read({"type": "mysql", "host": "db.example.com", "database": "shop", "password": "s3cret"})
>>> masked(config)["password"], masked(config)["port"]
('********', 3306)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean

MASK: Final = "********"
SECRETS: Final = frozenset({"password", "token", "key", "credentials_json"})
_WHERE: Final = ("host", "port", "base_url", "account", "tls")

_Name = Annotated[str, Meta(min_length=1, max_length=255)]
_Text = Annotated[str, Meta(max_length=1024)]
_Port = Annotated[int, Meta(ge=1, le=65535)]
Tls = Literal["off", "prefer", "require", "verify"]
"""``prefer`` takes TLS where the server has it, ``require`` nothing else, ``verify`` checks the certificate too."""


class _Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """A server to log in at."""

    host: _Name
    database: _Name
    username: _Text = ""
    password: _Text = ""
    tls: Tls = "prefer"


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

    host: _Name
    port: _Port = 8443
    database: _Name = "default"
    username: _Text = "default"
    password: _Text = ""
    tls: Literal["off", "verify"] = "verify"


class SQLite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="sqlite", tag_field="type"):
    """A SQLite file in the operator's folder."""

    database: _Text


class DuckDB(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="duckdb", tag_field="type"):
    """A DuckDB file in the operator's folder."""

    database: _Text


class BigQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="bigquery", tag_field="type"):
    """BigQuery, with the key of a service account."""

    project: _Name
    database: _Name
    credentials_json: Annotated[str, Meta(min_length=2, max_length=16_384)]


class Snowflake(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="snowflake", tag_field="type"
):
    """Snowflake."""

    account: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
    database: _Name
    schema: _Text = "PUBLIC"
    username: _Name
    password: _Text
    warehouse: _Text = ""
    role: _Text = ""


class Bearer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bearer", tag_field="type"):
    """A token in ``Authorization``."""

    token: Annotated[str, Meta(min_length=1, max_length=8192)]


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="api_key", tag_field="type"):
    """A key in a header of the API's own."""

    key: Annotated[str, Meta(min_length=1, max_length=8192)]
    header: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "X-API-Key"


class Basic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="basic", tag_field="type"):
    """A name and a password."""

    username: _Text
    password: _Text


class Rest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="rest", tag_field="type"):
    """An API that answers JSON to a GET; ``rows`` is the JSON path to the list, such as ``$.data.items``."""

    base_url: Annotated[str, Meta(min_length=8, max_length=2048)]
    path: _Text = ""
    rows: Annotated[str, Meta(max_length=255)] = "$"
    auth: Bearer | ApiKey | Basic | None = None


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
CONNECTABLE: Final = tuple(name for name in TYPES if name != "files")


def type_of(config: Config) -> str:
    """What its ``type`` is."""
    return str(config.__struct_config__.tag)


def read(values: Mapping[str, Any]) -> Config:
    """``connection_config`` as it was sent; ``InvalidRequest`` in the caller's words."""
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in CONNECTABLE:
        hint = did_you_mean(str(kind), CONNECTABLE) if kind else ""
        raise InvalidRequest(
            f"'connection_config.type' must be one of {', '.join(CONNECTABLE)}.{hint}",
            field="connection_config.type",
            allowed=list(CONNECTABLE),
        )
    _refuse_masks(values)
    return _convert(dict(values))


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


def changed(config: Config, values: Mapping[str, Any]) -> Config:
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
    elsewhere = [name for name in _WHERE if name in before and merged.get(name) != before[name]]
    if elsewhere:
        _demand_secrets(before, values, elsewhere[0])
    return _convert(merged)


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


def _demand_secrets(before: Mapping[str, Any], values: Mapping[str, Any], moved: str, at: str = "") -> None:
    for name, value in before.items():
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


def _convert(values: dict[str, Any]) -> Config:
    try:
        found: Config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        where = f"connection_config{path.removesuffix('`')}"
        raise InvalidRequest(f"'{where}': {reason}.", field=where) from None
    return found
