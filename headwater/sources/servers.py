"""Databases that are servers of their own, through their SQLAlchemy dialects and drivers.

Each connection goes to an address that the host guard judged, is told to read only and to
stop by itself, and is used once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Protocol, TypeVar

import structlog
from sqlalchemy import ColumnClause, Connection, Engine, column, inspect, select, table
from sqlalchemy.engine import Inspector
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from headwater.errors import HeadwaterError, InvalidRequest, Timeout, UpstreamError
from headwater.sources.cells import cell, collect, unique_names
from headwater.sources.connector import MOST_TABLES, RESULT_BYTES, SAMPLE_ROWS, Limits, check_params, with_places
from headwater.sources.guard import Judged, judge
from headwater.sources.schema import Cell, Dialect, ForeignKey, ResultColumn, Rows, Schema, SourceColumn, SourceTable
from headwater.sources.threads import in_thread

T = TypeVar("T")
log = structlog.get_logger(__name__)
_IS_SYSTEM = re.compile(r"information_schema|pg_.*|sys|guest|db_\w+", re.IGNORECASE).fullmatch
_SCHEMA_SECONDS: Final = 30.0
_GRACE_SECONDS: Final = 10.0


class Driver(Protocol):
    """What one sort of server needs said in its own way."""

    name: str
    dialect: Dialect
    has_schemas: bool

    def engine(self, addresses: Sequence[str], seconds: float) -> Engine:
        """One whose connections go to the first address that answers, read only, and give up after ``seconds``."""

    def abandon(self, connection: Connection) -> None:
        """Leave a result of which more was to come, without reading it."""

    def is_late(self, error: BaseException) -> bool:
        """Whether the engine stopped because of the time."""

    def words(self, error: BaseException) -> str:
        """The driver's reason in one line, without addresses."""

    def type_name(self, code: object) -> str:
        """What a type is called that a result's description has as ``code``."""

    def estimates(self, connection: Connection) -> Mapping[str, int]:
        """About how many rows the tables have; empty where the engine does not say."""


Resolve = Callable[[], Awaitable[Sequence[str]]]


class Server:
    """The connector of one server; ``resolve`` gives the addresses that may be connected to now."""

    def __init__(self, driver: Driver, resolve: Resolve, *, most_bytes: int = RESULT_BYTES) -> None:
        self._driver = driver
        self._resolve = resolve
        self._most_bytes = most_bytes
        self.dialect: Dialect = driver.dialect

    async def test(self) -> None:
        """Log in."""
        addresses = await self._resolve()
        await self._in_thread(self._test, addresses, _SCHEMA_SECONDS)

    async def schema(self) -> Schema:
        """What the database holds."""
        addresses = await self._resolve()
        return await self._in_thread(self._schema, addresses, _SCHEMA_SECONDS)

    async def run(self, query: str, params: Mapping[str, Cell], limit: int, seconds: float) -> Rows:
        """The first rows of a query."""
        judged = judge(query, self.dialect)
        values = check_params(judged, params)
        addresses = await self._resolve()
        return await self._in_thread(
            lambda to, time: self._run(judged, values, Limits(limit, self._most_bytes), to, time), addresses, seconds
        )

    async def aclose(self) -> None:
        """Nothing stays open."""

    async def _in_thread(self, work: Callable[[Sequence[str], float], T], to: Sequence[str], seconds: float) -> T:
        try:
            # The engine stops by itself; this is for one that does not answer any more.
            async with asyncio.timeout(seconds + _GRACE_SECONDS):
                return await in_thread(work, to, seconds)
        except TimeoutError:
            raise Timeout(f"The source did not answer within {seconds:g} seconds.") from None

    def _test(self, addresses: Sequence[str], seconds: float) -> None:
        with self._open(addresses, seconds):
            pass

    def _run(
        self, judged: Judged, params: Mapping[str, Cell], limits: Limits, addresses: Sequence[str], seconds: float
    ) -> Rows:
        with self._open(addresses, seconds) as connection:
            # A cursor on the server takes queries only; what explains or shows answers little.
            streaming = connection.execution_options(stream_results=judged.sort == "select")
            if params:
                text = with_places(judged, lambda name: f"%({name})s", lambda part: part.replace("%", "%%"))
                result = streaming.exec_driver_sql(text, dict(params))
            else:
                result = streaming.execution_options(no_parameters=True).exec_driver_sql(judged.text)
            described = result.cursor.description if result.cursor else ()
            columns = unique_names([ResultColumn(one[0], self._driver.type_name(one[1])) for one in described or ()])
            with result:
                rows = collect(columns, (tuple(row) for row in result), limits)
                if rows.truncated:
                    self._driver.abandon(connection)
            return rows

    def _schema(self, addresses: Sequence[str], seconds: float) -> Schema:
        with self._open(addresses, seconds) as connection:
            return Schema(self.dialect, tuple(_tables(connection, self._driver)))

    @contextmanager
    def _open(self, addresses: Sequence[str], seconds: float) -> Iterator[Connection]:
        connected = False
        try:
            engine = self._driver.engine(addresses, seconds)
            with engine.connect() as connection:
                connected = True
                yield connection
        except (ModuleNotFoundError, NoSuchModuleError):
            raise missing(self._driver.name) from None
        except HeadwaterError:
            raise
        except Exception as error:  # noqa: BLE001  each driver has its own; all become words for the caller
            raise self._translated(error, connected, seconds) from None

    def _translated(self, error: Exception, connected: bool, seconds: float) -> Exception:
        original = getattr(error, "orig", None) or error
        if self._driver.is_late(original):
            return Timeout(f"The query took longer than {seconds:g} seconds and was stopped.")
        words = self._driver.words(original).rstrip(".")
        if not connected or (isinstance(error, DBAPIError) and error.connection_invalidated):
            return UpstreamError(f"The source cannot be connected to: {words}.")
        if isinstance(error, SQLAlchemyError):
            return InvalidRequest(f"The query failed: {words}.", field="query")
        return UpstreamError(f"The source broke off: {words}.")


def missing(engine: str) -> InvalidRequest:
    """The refusal of an engine whose driver the operator has not installed."""
    return InvalidRequest(
        f"This server has no driver for {engine}. Its operator installs it with `pip install headwater[{engine}]`.",
        field="connection_config.type",
    )


def first_that_answers(addresses: Sequence[str], connect: Callable[[str], T]) -> T:
    """A connection to one of several addresses of a host, in their order; the last one's failure is told."""
    for address in addresses[:-1]:
        try:
            return connect(address)
        except Exception:  # noqa: BLE001  each driver has its own; the last address's is not caught
            log.debug("source.address_failed")
    return connect(addresses[-1])


def _tables(connection: Connection, driver: Driver) -> Iterator[SourceTable]:
    looking = inspect(connection)
    estimates = driver.estimates(connection)
    left = MOST_TABLES
    for schema in _schemas(looking, driver):
        columns = looking.get_multi_columns(schema=schema, kind=ObjectKind.ANY)
        primary = looking.get_multi_pk_constraint(schema=schema, kind=ObjectKind.ANY)
        foreign = looking.get_multi_foreign_keys(schema=schema, kind=ObjectKind.ANY)
        for key in sorted(columns, key=lambda one: one[1])[:left]:
            left -= 1
            name = key[1] if schema is None else f"{schema}.{key[1]}"
            constraint = primary.get(key)
            keys = set(constraint["constrained_columns"]) if constraint else set()
            yield SourceTable(
                name,
                tuple(_column(one, keys, connection) for one in columns[key]),
                tuple(
                    ForeignKey(tuple(one["constrained_columns"]), one["referred_table"], tuple(one["referred_columns"]))
                    for one in foreign.get(key) or ()
                ),
                estimates.get(name),
                _sample(connection, schema, key[1], [one["name"] for one in columns[key]]),
            )


def _schemas(looking: Inspector, driver: Driver) -> list[str | None]:
    """The schemas to look at: the default one, which needs no name, and others where they are no databases."""
    if not driver.has_schemas:
        return [None]
    others = [name for name in looking.get_schema_names() if name != looking.default_schema_name]
    return [None, *(name for name in others if not _IS_SYSTEM(name))]


def _column(described: ReflectedColumn, keys: Collection[str], connection: Connection) -> SourceColumn:
    try:
        type_ = described["type"].compile(connection.dialect)
    except SQLAlchemyError:
        # A type that SQLAlchemy does not know.
        type_ = str(described["type"].__class__.__name__)
    return SourceColumn(described["name"], type_, described["nullable"], described["name"] in keys)


def _sample(
    connection: Connection, schema: str | None, name: str, columns: Sequence[str]
) -> tuple[tuple[Cell, ...], ...]:
    """A few rows; none of what may not be read."""
    named: list[ColumnClause[object]] = [column(one) for one in columns]
    wanted = select(*named).select_from(table(name, schema=schema)).limit(SAMPLE_ROWS)
    try:
        with connection.begin_nested():
            return tuple(tuple(cell(value) for value in row) for row in connection.execute(wanted))
    except DBAPIError:
        return ()
