"""The verbs by which data sources are asked: which there are, what they hold, their rows, and their passages.

Whoever calls has paid already, or need not: nothing here charges.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from time import perf_counter
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from headwater.control import Control
from headwater.control.sources.connections import Connections, Known
from headwater.control.sources.service import DataSources
from headwater.errors import InvalidRequest, NotFound, Unavailable, UpstreamError
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.sources.files import passages
from headwater.sources.schema import Cell, Rows, Schema
from headwater.tools.citation import BUILT_IN, Citation
from headwater.tools.measurements import Measurements

AT_ONCE: Final = 4
"""So many queries of one source run at the same time; others wait for their turn."""
BUILT_IN_NAME: Final = "Headwater"
_WAIT_SECONDS: Final = 10.0
_MOST_PASSAGES: Final = 50


class Described(msgspec.Struct, frozen=True):
    """A source, for whoever chooses one. ``version`` changes with each copy; None where it is asked where it is."""

    id: str
    name: str
    engine: str
    status: str
    version: str | None = None


class SqlAnswer(msgspec.Struct, frozen=True):
    """What a query gave, and how to run it again."""

    rows: Rows
    citation: Citation
    execution_time_ms: int


class Passage(msgspec.Struct, frozen=True):
    """A piece of a document; ``place`` is a page, a heading or a number. A greater ``score`` fits better."""

    source_id: str
    document: str
    place: str
    text: str
    score: float


class DataTools:
    """Reads data sources with the caller's scope, within the server's limits."""

    def __init__(
        self, control: Control, connections: Connections, settings: Settings, measurements: Measurements
    ) -> None:
        self._control = control
        self._connections = connections
        self._settings = settings
        self._measurements = measurements
        self._lanes: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def list_data_sources(self, scope: Scope, allowed: Collection[str] | None = None) -> list[Described]:
        """Those of the organisation, newest first and the built-in one last; with ``allowed`` only these."""
        async with self._control.reading() as session:
            rows = await DataSources(session, scope).list()
            found = [Described(one.id, one.source_name, one.engine, one.status, one.version) for one in rows]
        found.append(Described(BUILT_IN, BUILT_IN_NAME, "headwater", "connected"))
        return [one for one in found if allowed is None or one.id in allowed]

    async def hold_known(self, source_ids: Collection[str], scope: Scope) -> None:
        """``NotFound`` where one of these is not the organisation's, for whoever is about to keep them."""
        known = {one.id for one in await self.list_data_sources(scope)}
        for one in source_ids:
            if one not in known:
                raise NotFound(f"There is no data source '{one[:64]}'.", field="data_sources")

    async def get_schema(self, source_id: str, scope: Scope) -> Schema:
        """What a source holds; raises as ``run_sql`` does."""
        if source_id == BUILT_IN:
            return await self._measurements.schema(scope)
        source = await self._connections.known(scope, source_id)
        async with self._lane(source_id):
            connector = self._connections.opened(source)
            try:
                return await connector.schema()
            except UpstreamError as error:
                await self._fell(source, error)
                raise
            finally:
                await connector.aclose()

    async def run_sql(
        self,
        source_id: str,
        query: str,
        params: Mapping[str, Cell],
        scope: Scope,
        limit: int | None = None,
    ) -> SqlAnswer:
        """The first rows of one query that reads, and nothing else.

        ``NotFound``, ``InvalidRequest`` (what is wrong with the query), ``Timeout``, ``UpstreamError``
        (the source cannot be reached), ``Conflict`` (offline and never copied), ``Unavailable`` (too many at once).
        """
        most = self._settings.source_row_limit
        if limit is not None and not 1 <= limit <= most:
            raise InvalidRequest(f"'limit' must be from 1 to {most:,}.", field="limit", allowed=[1, most])
        began = perf_counter()
        rows = await self._rows(source_id, query, params, scope, limit or most)
        took = round((perf_counter() - began) * 1000)
        return SqlAnswer(rows, Citation(query, source_id, len(rows.rows)), took)

    async def search_passages(
        self, text: str, scope: Scope, source_ids: Collection[str] | None = None, limit: int = 10
    ) -> list[Passage]:
        """The passages of uploaded documents that have most of the words, best first; of some sources or of all."""
        async with self._control.reading() as session:
            sources = [(one.id, one.version) for one in await DataSources(session, scope).list()]
        unknown = sorted(set(source_ids or ()) - {BUILT_IN} - {one for one, _ in sources})
        if unknown:
            raise NotFound(f"There is no data source '{unknown[0][:64]}'.", field="source_ids")
        wanted = [
            (one, path)
            for one, version in sources
            if (source_ids is None or one in source_ids)
            and version is not None
            and (path := await asyncio.to_thread(self._connections.shelf.passages, one, version)) is not None
        ]
        limit = max(1, min(limit, _MOST_PASSAGES))
        found = [
            Passage(one, hit.document, hit.place, hit.text, hit.score)
            for one, path in wanted
            for hit in await asyncio.to_thread(passages.search, path, text, limit)
        ]
        return sorted(found, key=lambda hit: -hit.score)[:limit]

    async def list_documents(self, source_id: str, scope: Scope) -> list[tuple[str, int]]:
        """The documents of an uploaded source, each with how many passages it has; none of other sources."""
        source = await self._connections.known(scope, source_id)
        if source.version is None:
            return []
        path = await asyncio.to_thread(self._connections.shelf.passages, source.id, source.version)
        return [] if path is None else await asyncio.to_thread(passages.documents, path)

    async def _rows(self, source_id: str, query: str, params: Mapping[str, Cell], scope: Scope, limit: int) -> Rows:
        if source_id == BUILT_IN:
            return await self._of_measurements(query, params, scope, limit)
        source = await self._connections.known(scope, source_id)
        async with self._lane(source_id):
            connector = self._connections.opened(source)
            try:
                rows = await connector.run(query, params, limit, self._settings.source_query_timeout)
            except UpstreamError as error:
                await self._fell(source, error)
                raise
            finally:
                await connector.aclose()
        if source.status != "connected" and not source.is_kept_here:
            await self._connections.note(source)
        return rows

    async def _of_measurements(self, query: str, params: Mapping[str, Cell], scope: Scope, limit: int) -> Rows:
        if params:
            raise InvalidRequest("A metric question takes no 'params'.", field="params")
        return await self._measurements.run(query, scope, limit)

    async def _fell(self, source: Known, error: UpstreamError) -> None:
        # A copy is not the source: that it cannot be read says nothing of that one.
        if not source.is_kept_here:
            await self._connections.note(source, error.message)

    def _lane(self, source_id: str) -> _Lane:
        lane = self._lanes.get(source_id)
        if lane is None:
            lane = self._lanes[source_id] = asyncio.Semaphore(AT_ONCE)
        return _Lane(lane)


class _Lane:
    """One of a source's places, waited for only so long."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable(
                f"{AT_ONCE} queries of this data source are running already. Try again.", retry_after=2
            ) from None

    async def __aexit__(self, *_: object) -> None:
        self._places.release()
