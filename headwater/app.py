"""The composition root: settings become stores, engine, services and one ASGI application.

The only module that names the concrete fact store.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from starlette.types import ASGIApp, Receive, Send

from headwater import processes
from headwater import settings as settings_module
from headwater.agent_runtime.executing import Runner
from headwater.agent_runtime.parts import AgentParts
from headwater.agent_runtime.runner import provide as provide_runner
from headwater.catalogue.registry import CATALOGUE, EVENTS
from headwater.console import errors as console_errors
from headwater.console import routes as console
from headwater.console.rendering import prepare
from headwater.control import Control
from headwater.control import provide as provide_control
from headwater.control.sources.connections import Connections
from headwater.decisioning.recommend import Recommender
from headwater.decisioning.respond import Responder
from headwater.decisioning.segments import Segments
from headwater.decisioning.turns import Turns
from headwater.delivery.deliverer import Deliverer
from headwater.errors import HeadwaterError
from headwater.ingest.append import Writer
from headwater.ingest.receive import Ingest
from headwater.invalidation import Invalidation
from headwater.jobs.creator_sums import CreatorSums
from headwater.jobs.milestones import Milestones
from headwater.jobs.registry import jobs
from headwater.jobs.worker import Worker
from headwater.kit import tracing
from headwater.kit.clock import Clock, system_clock
from headwater.kit.redaction import redact_line
from headwater.mcp.bridge import Bridge
from headwater.outbound import Outbound, traces
from headwater.outbound import provide as provide_outbound
from headwater.query.cache import TaggedCache, TagGenerations
from headwater.query.decisions.run import DecisionsEngine
from headwater.query.run import Engine
from headwater.query.series.run import SeriesEngine
from headwater.query.series.totals import TotalsEngine
from headwater.reporting.run import Reporting
from headwater.reporting.scheduled import ScheduledReports
from headwater.reports.pool import RenderPool
from headwater.settings import Settings, SettingsError
from headwater.shared import Shared
from headwater.sources.embedded import EMBEDDED
from headwater.sources.open import Opener
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import Store
from headwater.storage.remembering import Remembering
from headwater.surfaces._http.browsers import BrowserHeaders
from headwater.surfaces._http.endpoint import Endpoint
from headwater.surfaces._http.envelope import ErrorForms
from headwater.surfaces._http.gate import Gate
from headwater.surfaces._http.serve import Server
from headwater.surfaces._http.services import Services, Standing
from headwater.surfaces._http.totals import Totals
from headwater.surfaces._http.traffic import Counted, Traffic
from headwater.surfaces.accounts import audit_log
from headwater.surfaces.accounts import routes as accounts
from headwater.surfaces.ad_creatives import routes as ad_creatives
from headwater.surfaces.agents import mcp, widget
from headwater.surfaces.agents import routes as agents
from headwater.surfaces.creators import envelope as creators_envelope
from headwater.surfaces.creators import routes as creators
from headwater.surfaces.decisions import envelope as decisions_envelope
from headwater.surfaces.decisions import routes as decisions
from headwater.surfaces.ingest import routes as ingest
from headwater.surfaces.system import description, health, industries, metrics
from headwater.tools.metrics import MetricTools
from headwater.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from headwater.storage.moving import Moved

FACTS_FILE = "facts.duckdb"
"""What the data directory keeps facts in, where no other store is set."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

ERROR_FORMS = ErrorForms([creators_envelope.FORM, decisions_envelope.FORM, mcp.FORM, console_errors.FORM])


def endpoints() -> Sequence[Endpoint]:
    """Every route of the server."""
    described = [
        *ad_creatives.ENDPOINTS,
        *creators.ENDPOINTS,
        *decisions.ENDPOINTS,
        *ingest.ENDPOINTS,
        *accounts.ENDPOINTS,
        *audit_log.ENDPOINTS,
        *agents.ENDPOINTS,
        *health.ENDPOINTS,
        *industries.ENDPOINTS,
        *metrics.ENDPOINTS,
    ]
    return [*described, *widget.ENDPOINTS, *console.ENDPOINTS, *description.endpoints(lambda: described, ERROR_FORMS)]


def provide_store(settings: Settings, clock: Clock, shared: Shared) -> Store:
    """The fact store: ClickHouse where the settings name one, written to in turns; else in the data directory."""
    if settings.facts_url:
        # Loaded only where it is used: its client is an optional package.
        from headwater.storage.clickhouse.server import address
        from headwater.storage.clickhouse.store import ClickHouseStore

        return ClickHouseStore(
            address(settings.facts_url, settings.query_timeout),
            CATALOGUE,
            timeout=settings.query_timeout,
            compact_after=settings.compact_after_rows,
            clock=clock,
            turns=shared.lock if settings.cache_url else None,
        )
    return DuckDBStore(
        Path(settings.data_dir) / FACTS_FILE,
        CATALOGUE,
        memory_bytes=settings.query_memory_bytes,
        threads=settings.query_threads,
        timeout=settings.query_timeout,
        compact_after=settings.compact_after_rows,
        clock=clock,
    )


async def move_facts(settings: Settings, path: Path, url: str, tell: Callable[[str], None]) -> list[Moved]:
    """Move the facts of a DuckDB file to ClickHouse; see ``storage.moving``."""
    from headwater.storage import moving
    from headwater.storage.clickhouse.server import address
    from headwater.storage.clickhouse.store import ClickHouseStore
    from headwater.storage.duckdb.leaving import FactFile

    target = ClickHouseStore(address(url, settings.query_timeout), CATALOGUE)
    source = FactFile(path, settings.query_memory_bytes, settings.query_threads)
    try:
        await target.start()
        try:
            return await moving.move(source, target, CATALOGUE, tell)
        finally:
            await target.stop()
    finally:
        source.close()


def _engine(settings: Settings, store: Store, control: Control, generations: TagGenerations) -> Engine:
    return Engine(
        store,
        EVENTS,
        control.trees,
        generations,
        cache_bytes=settings.cache_bytes // 4,
        max_bucket_rows=settings.max_bucket_rows,
    )


def _series(settings: Settings, store: Store, clock: Clock, generations: TagGenerations) -> SeriesEngine:
    return SeriesEngine(
        store,
        generations,
        clock,
        cache_bytes=settings.cache_bytes // 4,
        max_points=settings.max_bucket_rows,
    )


def _totals_and_decisions(
    settings: Settings, store: Store, series: SeriesEngine, clock: Clock, generations: TagGenerations
) -> tuple[TotalsEngine, DecisionsEngine]:
    cache_bytes = settings.cache_bytes // 8
    totals = TotalsEngine(series, generations, clock, cache_bytes=cache_bytes)
    return totals, DecisionsEngine(store, generations, clock, cache_bytes=cache_bytes)


def _counted(writer: Writer, generations: TagGenerations) -> Counted:
    folder = processes.counts_folder()
    return Counted(Traffic(), writer, generations, Totals(folder) if folder else None)


def _connections(settings: Settings, control: Control, outbound: Outbound) -> Connections:
    files = Path(settings.source_files_dir) if settings.source_files_dir else None
    return Connections(control, Opener(outbound, files), settings)


class Headwater:
    """The running parts, put together but not started."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock = system_clock,
        control: Control | None = None,
        outbound: Outbound | None = None,
        runner: Runner | None = None,
        store: Store | None = None,
    ) -> None:
        control = control or provide_control(settings, clock)
        generations = TagGenerations(control.shared.kept_for)
        outbound = outbound or provide_outbound(settings)
        store = store or provide_store(settings, clock, control.shared)
        engine, series = _engine(settings, store, control, generations), _series(settings, store, clock, generations)
        totals, decisions = _totals_and_decisions(settings, store, series, clock, generations)
        self._writer = Writer(store, settings.ingest_queue_events, settings.ingest_commit_events)
        self._invalidation = Invalidation(control, store, generations)
        self._invalidation.listen(self._writer)
        self.spoil = self._invalidation.spoil
        self._renderer = RenderPool()
        reporting = Reporting(control, engine, self._renderer, clock)
        connections = _connections(settings, control, outbound)
        metrics = MetricTools(control, engine, series, totals, decisions, clock)
        tools = Toolbox.of(metrics, control, connections, settings)
        parts = AgentParts.of(control, runner or provide_runner(settings, tools, clock), outbound, settings, clock)
        sums, marks = CreatorSums(control, store, self.spoil), Milestones(control, series, clock)
        scheduled = ScheduledReports(control, reporting)
        work = jobs(control, clock, sums.rebuild, sums.prune, marks.mark, scheduled, connections, parts.postbox)
        self.worker = Worker(control, work, clock)
        self.deliverer = Deliverer(control, outbound, clock)
        remembering = Remembering(store, control.shared.claim)
        customers, lists = Turns("customer", control.shared), Turns("segment", control.shared)
        recommender = Recommender(control.books, decisions, self._writer, remembering, customers, clock)
        responder = Responder(control.books, decisions, self._writer, remembering, clock)
        intake = Ingest(self._writer, remembering, control.trees, control.rosters, control.books, clock, settings)
        self.services = Services(
            settings,
            clock,
            control,
            store,
            engine,
            series,
            totals,
            decisions,
            recommender,
            responder,
            Segments(control.books, decisions, self._writer, lists, clock),
            intake,
            reporting,
            outbound,
            self.deliverer,
            _counted(self._writer, generations),
            connections,
            tools,
            parts,
            Bridge(tools.verbs, settings.max_body_bytes),
            Standing(),
        )
        self._opened = AsyncExitStack()
        self.app: ASGIApp = self._gate(TaggedCache(settings.cache_bytes // 4, generations, clock))

    def _gate(self, responses: TaggedCache[Any]) -> Gate:
        settings = self.services.settings
        return Gate(
            endpoints(),
            Server(self.services),
            responses,
            ERROR_FORMS,
            trusted_proxies=settings.trusted_proxies,
            browsers=BrowserHeaders(tls=settings.behind_tls),
            lifespan=self._lifespan,
        )

    async def start(self) -> None:
        """Open both stores and begin to write; where that fails, what was opened is closed again."""
        async with AsyncExitStack() as opened:
            await self._open(opened)
            self._opened = opened.pop_all()

    async def _open(self, opened: AsyncExitStack) -> None:
        """Begin one part after the other; they are ended the other way round, each whatever becomes of the rest."""
        services = self.services
        if services.counted.totals:
            await opened.enter_async_context(services.counted.totals.kept(partial(metrics.counted, services)))
        if services.settings.traces:
            tracing.start(traces.provide())
            # A collector that does not answer would hold up the loop.
            opened.push_async_callback(asyncio.to_thread, tracing.stop)
        opened.push_async_callback(services.control.stop)
        await services.control.start()
        await services.store.start()
        opened.push_async_callback(services.store.stop)
        await self._writer.start()
        opened.push_async_callback(self._writer.stop)
        await services.control.shared.begin(self._invalidation)
        opened.push_async_callback(services.outbound.aclose)
        opened.callback(EMBEDDED.stop)
        opened.callback(self._renderer.stop)
        opened.push_async_callback(services.mcp.stop)
        opened.push_async_callback(services.agents.settle)
        opened.push_async_callback(self.deliverer.stop)
        opened.push_async_callback(self.worker.stop)

    def begin_jobs(self) -> None:
        """Run jobs and deliver webhooks from now on."""
        self.worker.start()
        self.deliverer.start()

    async def stop(self) -> None:
        """End jobs, commit what waits and close both stores."""
        await self._opened.aclose()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
            if self.services.settings.jobs:
                self.begin_jobs()
        except (HeadwaterError, SettingsError) as error:
            # What the operator can mend needs no traceback.
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        asyncio.get_running_loop().add_signal_handler(processes.LEAVING, self.services.standing.leave)
        preparing = asyncio.create_task(asyncio.to_thread(prepare))
        try:
            await receive()
            await preparing
        finally:
            await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def configure_logging(settings: Settings) -> None:
    """Log lines to standard error, for people or for machines."""
    renderer = structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            tracing.add_ids,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            redact_line,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def create() -> ASGIApp:
    """The application for an ASGI server, set up from the environment."""
    settings = settings_module.load()
    configure_logging(settings)
    return Headwater(settings).app
