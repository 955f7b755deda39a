"""An API that answers JSON: fetched through the guarded client, its rows put into a table called ``rows``.

SQL is then DuckDB's, over that table in memory, with every way out of the engine shut.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

import duckdb
import msgspec

from headwater.errors import InvalidRequest, Timeout, UpstreamError
from headwater.outbound import Outbound
from headwater.sources.cells import cell, collect, unique_names
from headwater.sources.config import ApiKey, Basic, Bearer, Rest
from headwater.sources.connector import SAMPLE_ROWS, Limits, check_params, with_places
from headwater.sources.duckdb_file import SHUT
from headwater.sources.embedded import EMBEDDED, too_much
from headwater.sources.guard import Judged, judge
from headwater.sources.records import table_of
from headwater.sources.schema import Cell, Dialect, ResultColumn, Rows, Schema, SourceColumn, SourceTable

TABLE: Final = "rows"
MOST_BYTES: Final = 32 * 1024 * 1024
_SCHEMA_SECONDS: Final = 30.0
_PATH: Final = re.compile(r"\$?(\.?[^.\[\]]+|\[\d+\]|\[\*\]|\['[^']+'\])*").fullmatch
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[\*\]|\['([^']+)'\]")


class RestApi:
    """The connector of one address of an API."""

    dialect: Dialect = "duckdb"

    def __init__(self, config: Rest, outbound: Outbound) -> None:
        check_path(config.rows)
        self._config = config
        self._outbound = outbound

    async def test(self) -> None:
        """Fetch once and find the rows."""
        await self._fetch(_SCHEMA_SECONDS)

    async def schema(self) -> Schema:
        """One table, as the rows are now."""
        records = await self._fetch(_SCHEMA_SECONDS)
        return await EMBEDDED.run(_SCHEMA_SECONDS, _schema, records)

    async def run(self, query: str, params: Mapping[str, Cell], limit: int, seconds: float) -> Rows:
        """Fetch, then query what came."""
        judged = judge(query, self.dialect)
        values = check_params(judged, params)
        records = await self._fetch(seconds)
        return await EMBEDDED.run(seconds, _run, records, judged, values, Limits(limit), seconds)

    async def aclose(self) -> None:
        """Nothing stays open."""

    async def _fetch(self, seconds: float) -> list[dict[str, Any]]:
        answer = await self._outbound.send(
            "GET", url_of(self._config), headers=_headers(self._config), seconds=seconds, most_bytes=MOST_BYTES
        )
        if answer.status != 200:
            raise UpstreamError(f"The API answered with status {answer.status}.", status=answer.status)
        try:
            body = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UpstreamError("The API did not answer with JSON.") from None
        return records_at(body, self._config.rows)


def url_of(config: Rest) -> str:
    """The whole address that is asked."""
    return config.base_url.rstrip("/") + ("/" + config.path.lstrip("/") if config.path else "")


def check_path(path: str) -> None:
    """Refuse a JSON path that is not of the plain form."""
    if not _PATH(path):
        raise InvalidRequest(
            f"'connection_config.rows' is not a JSON path of names and positions: {path[:80]!r}.",
            field="connection_config.rows",
            allowed="such as $.data.items",
        )


def records_at(body: object, path: str) -> list[dict[str, Any]]:
    """The rows at a JSON path; a single object is one row, and what is no object goes into ``value``.

    >>> records_at({"data": {"items": [{"a": 1}, 2]}}, "$.data.items")
    [{'a': 1}, {'value': 2}]
    """
    for name, position, text in _STEP.findall(path.removeprefix("$")):
        key = name or text
        if key:
            body = body.get(key) if isinstance(body, dict) else None
        elif position:
            body = body[int(position)] if isinstance(body, list) and int(position) < len(body) else None
        if body is None:
            raise UpstreamError(f"The API's answer has nothing at '{path}'.")
    rows = body if isinstance(body, list) else [body]
    return [row if isinstance(row, dict) else {"value": row} for row in rows]


def _headers(config: Rest) -> dict[str, str]:
    found = {"accept": "application/json", "user-agent": "headwater"}
    match config.auth:
        case Bearer(token):
            found["authorization"] = f"Bearer {token}"
        case ApiKey(key, header):
            found[header.lower()] = key
        case Basic(username, password):
            pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
            found["authorization"] = f"Basic {pair}"
    return found


def _loaded(records: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    # Locked once the rows are in.
    free: dict[str, str | bool | int | float | list[str]] = {
        name: value for name, value in SHUT.items() if name != "lock_configuration"
    }
    connection = duckdb.connect(":memory:", config=free)
    connection.register("records", table_of(records))
    connection.execute(f"CREATE TABLE {TABLE} AS SELECT * FROM records")
    connection.unregister("records")
    connection.execute("SET lock_configuration = true")
    return connection


def _run(
    records: list[dict[str, Any]], judged: Judged, params: Mapping[str, Cell], limits: Limits, seconds: float
) -> Rows:
    with closing(_loaded(records)) as connection:
        timer = threading.Timer(seconds, connection.interrupt)
        timer.start()
        try:
            result = connection.execute(with_places(judged, lambda name: f"${name}"), dict(params) or None)
            columns = unique_names([ResultColumn(one[0], str(one[1])) for one in result.description or ()])
            return collect(columns, result.fetchmany(limits.rows + 1), limits)
        except duckdb.InterruptException:
            raise Timeout(f"The query took longer than {seconds:g} seconds and was stopped.") from None
        except (duckdb.OutOfMemoryException, MemoryError):
            raise too_much() from None
        except duckdb.Error as error:
            line = str(error).splitlines()[0]
            raise InvalidRequest(f"The query failed: {line.partition(' Error: ')[2] or line}", field="query") from None
        finally:
            timer.cancel()


def _schema(records: list[dict[str, Any]]) -> Schema:
    with closing(_loaded(records)) as connection:
        result = connection.execute(f"SELECT * FROM {TABLE} LIMIT {SAMPLE_ROWS}")
        columns = tuple(SourceColumn(one[0], str(one[1])) for one in result.description or ())
        sample = tuple(tuple(cell(value) for value in row) for row in result.fetchall())
    return Schema("duckdb", (SourceTable(TABLE, columns, (), len(records), sample),))
