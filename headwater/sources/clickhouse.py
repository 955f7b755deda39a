"""ClickHouse, through its HTTP interface and the guarded client; each query is sent with ``readonly`` set.

The server binds parameters itself (``{name:Type}``), stops by itself and cuts results off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from headwater.errors import InvalidRequest, Timeout, UpstreamError, UpstreamTimeout
from headwater.outbound import Answer, Outbound
from headwater.sources.cells import cell, collect, unique_names
from headwater.sources.config import ClickHouse
from headwater.sources.connector import MOST_TABLES, RESULT_BYTES, SAMPLE_ROWS, Limits, check_params, with_places
from headwater.sources.guard import judge
from headwater.sources.identifiers import quoted
from headwater.sources.schema import Cell, Dialect, ResultColumn, Rows, Schema, SourceColumn, SourceTable

_SCHEMA_SECONDS: Final = 30.0
_TIMEOUT: Final = "159"
_LOGIN: Final = ("192", "193", "194", "516")


class ClickHouseServer:
    """The connector of one database of a server."""

    dialect: Dialect = "clickhouse"

    def __init__(self, config: ClickHouse, outbound: Outbound, *, most_bytes: int = RESULT_BYTES) -> None:
        self._config = config
        self._outbound = outbound
        self._most_bytes = most_bytes

    async def test(self) -> None:
        """Log in and have it count to one."""
        await self._rows("SELECT 1", {}, Limits(1), _SCHEMA_SECONDS)

    async def schema(self) -> Schema:
        """What the database holds."""
        own = {"database": self._config.database}
        tables = await self._rows(
            "SELECT name, total_rows FROM system.tables WHERE database = {database:String}"
            f" ORDER BY name LIMIT {MOST_TABLES}",
            own,
            Limits(MOST_TABLES),
            _SCHEMA_SECONDS,
        )
        columns = await self._rows(
            "SELECT table, name, type, is_in_primary_key FROM system.columns WHERE database = {database:String}"
            " ORDER BY table, position",
            own,
            Limits(MOST_TABLES * 1000),
            _SCHEMA_SECONDS,
        )
        found = [await self._table(str(name), count, columns.rows) for name, count in tables.rows]
        return Schema(self.dialect, tuple(found))

    async def run(self, query: str, params: Mapping[str, Cell], limit: int, seconds: float) -> Rows:
        """The first rows of a query."""
        judged = judge(query, self.dialect)
        values = check_params(judged, params)
        text = with_places(judged, lambda name: f"{{{name}:{_type(values[name])}}}")
        return await self._rows(text, values, Limits(limit, self._most_bytes), seconds)

    async def aclose(self) -> None:
        """Nothing stays open."""

    async def _table(self, name: str, count: Cell, columns: Sequence[tuple[Cell, ...]]) -> SourceTable:
        own = tuple(
            SourceColumn(str(column), str(type_), str(type_).startswith("Nullable"), bool(key))
            for table, column, type_, key in columns
            if table == name
        )
        sample = await self._rows(
            f"SELECT * FROM {quoted(name, self.dialect)} LIMIT {SAMPLE_ROWS}", {}, Limits(SAMPLE_ROWS), _SCHEMA_SECONDS
        )
        return SourceTable(name, own, (), None if count is None else int(str(count)), tuple(sample.rows))

    async def _rows(self, text: str, params: Mapping[str, Cell], limits: Limits, seconds: float) -> Rows:
        body = msgspec.json.decode(await self._ask(text, params, limits, seconds))
        columns = unique_names([ResultColumn(one["name"], one["type"]) for one in body["meta"]])
        return collect(columns, _read(body), limits)

    async def _ask(self, text: str, params: Mapping[str, Cell], limits: Limits, seconds: float) -> bytes:
        config = self._config
        settings = {
            "database": config.database,
            "default_format": "JSONCompact",
            "readonly": "1",
            "max_execution_time": f"{max(1, round(seconds))}",
            "max_result_rows": str(limits.rows + 1),
            "result_overflow_mode": "break",
            # It breaks off between blocks only.
            "max_block_size": str(min(limits.rows + 1, 65_536)),
            "output_format_json_quote_64bit_integers": "1",
            "output_format_json_quote_decimals": "1",
            "wait_end_of_query": "1",
            **{f"param_{name}": _text(value) for name, value in params.items()},
        }
        host = f"[{config.host}]" if ":" in config.host else config.host
        url = f"{'http' if config.tls == 'off' else 'https'}://{host}:{config.port}/?{urlencode(settings)}"
        headers = {"x-clickhouse-user": config.username, "x-clickhouse-key": config.password}
        try:
            answer = await self._outbound.send(
                "POST", url, headers=headers, content=text.encode(), seconds=seconds + 5, most_bytes=self._most_bytes
            )
        except UpstreamTimeout:
            raise Timeout(f"The query took longer than {seconds:g} seconds and was given up.") from None
        if answer.status != 200 or "x-clickhouse-exception-code" in answer.headers:
            raise _refused(answer, seconds)
        return answer.body


def _read(body: Mapping[str, Any]) -> Iterator[tuple[Cell, ...]]:
    types = [one["type"].removeprefix("Nullable(").partition("(")[0].rstrip(")") for one in body["meta"]]
    for row in body["data"]:
        yield tuple(_value(value, type_) for value, type_ in zip(row, types, strict=True))


def _value(value: object, type_: str) -> Cell:
    if isinstance(value, str) and type_.removeprefix("U").startswith(("Int", "Decimal")):
        return cell(int(value) if "Int" in type_ else Decimal(value))
    return cell(value)


def _type(value: Cell) -> str:
    """The type that a parameter is sent as."""
    if value is None:
        return "Nullable(String)"
    kinds: dict[type, str] = {bool: "Bool", int: "Int64", float: "Float64", datetime: "DateTime64(6)", date: "Date"}
    return kinds.get(type(value), "String")


def _text(value: Cell) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else str(value)
    # Its parameters are read as tab-separated fields are.
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _refused(answer: Answer, seconds: float) -> Exception:
    code = answer.headers.get("x-clickhouse-exception-code", "")
    words = (answer.body[:2000].decode("utf-8", "replace").strip().splitlines() or ["no reason was given"])[0][:300]
    if code == _TIMEOUT:
        return Timeout(f"The query took longer than {seconds:g} seconds and was stopped.")
    if code and code not in _LOGIN:
        return InvalidRequest(f"The query failed: {words}", field="query")
    return UpstreamError(f"The source refuses with status {answer.status}: {words}")
