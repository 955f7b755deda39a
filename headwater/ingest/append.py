"""Group commit: what waits is appended in one transaction, and each sender is told when it is durable.

One task writes; the queue is bounded in events, and a full one refuses before
anything is stored. Senders who wait for their answer before they send again come
back one by one after a commit; so that the first of many does not get a commit
of its own, the writer waits a moment for half of them. It must not look into the
facts beyond whose they are.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Literal

import msgspec
import pyarrow.compute as pc
import structlog

from headwater.catalogue.registry import CATALOGUE
from headwater.errors import OutcomeUnknown, Unavailable
from headwater.kit import tracing
from headwater.storage.port import Appended, FactBatch, Store

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

_LINGER = 0.02
log = structlog.get_logger(__name__)


class Touched(msgspec.Struct, frozen=True):
    """Whose facts a commit added to: entities are those of the dataset's subject, none where it has no such thing."""

    organisation_id: int
    dataset: str
    entity_ids: frozenset[int]


Outcome = Literal["stored", "duplicate"]
OnCommit = Callable[[list[Touched]], None]
Announcing = Callable[[list[Touched]], AbstractAsyncContextManager[None]]
"""What goes round a commit, so that other processes hear of it."""


class _Waiting(msgspec.Struct, frozen=True):
    """Batches that one sender wants stored in one transaction."""

    batches: Sequence[FactBatch]
    answer: asyncio.Future[list[Appended]]
    events: int
    origin: SpanContext | None = None
    """What it is part of, for the traces."""


class Writer:
    """The one writer of facts in this process; ``counts`` says what became of them since the start, by dataset."""

    def __init__(self, store: Store, queue_events: int, commit_events: int) -> None:
        self._store = store
        self._queue_events = queue_events
        self._commit_events = commit_events
        self._queue: deque[_Waiting] = deque()
        self._events = 0
        self._company = 0
        self.counts: Counter[tuple[str, Outcome]] = Counter()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._callbacks: list[OnCommit] = []
        self._announcing: Announcing = lambda _: nullcontext()

    @property
    def waiting(self) -> int:
        """How many events are not durable yet."""
        return self._events

    def on_commit(self, callback: OnCommit) -> None:
        """Call ``callback`` after each commit, also one that may not have come about, before its senders hear of it."""
        self._callbacks.append(callback)

    def announce(self, announcing: Announcing) -> None:
        """Put ``announcing`` round each commit; its senders are answered when it is left."""
        self._announcing = announcing

    async def start(self) -> None:
        """Begin to write."""
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="ingest-writer")

    async def stop(self) -> None:
        """Take no more, commit what waits, and end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def append(self, batch: FactBatch) -> Appended:
        """Wait until ``batch`` is durable; Unavailable when it is not, or says that nobody knows whether it is."""
        return (await self.append_together([batch]))[0]

    async def append_together(self, batches: Sequence[FactBatch]) -> list[Appended]:
        """The same of several batches, which are all stored or none."""
        # What is being committed counts too: its memory is still held. An empty batch with a key is still work.
        events = max(sum(map(_events, batches)), 1)
        if self._task is None or self._stopping:
            raise Unavailable("The server is stopping; nothing was stored.", retry_after=1)
        if self._events and self._events + events > self._queue_events:
            raise Unavailable("The writer cannot keep up; nothing was stored.", retry_after=1)
        with tracing.span("ingest append", events=events, batches=len(batches)):
            waiting = _Waiting(batches, asyncio.get_running_loop().create_future(), events, tracing.here())
            self._queue.append(waiting)
            self._events += events
            self._wake.set()
            return await waiting.answer

    async def _run(self) -> None:
        while self._queue or not self._stopping:
            self._wake.clear()
            if not self._queue:
                await self._wake.wait()
                continue
            await self._linger()
            group = self._gather()
            self._company = len(group)
            try:
                await self._commit([waiting for waiting in group if not waiting.answer.done()])
            finally:
                self._events -= sum(waiting.events for waiting in group)

    async def _linger(self) -> None:
        """Wait until half as many senders are there as were answered last; a lone one, or a pair, never waits."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while len(self._queue) < self._company // 2 and not self._stopping:
                    self._wake.clear()
                    await self._wake.wait()

    def _gather(self) -> list[_Waiting]:
        """The next batches, at most ``commit_events`` together; one that is larger goes alone."""
        group = [self._queue.popleft()]
        events = group[0].events
        while self._queue and events + self._queue[0].events <= self._commit_events:
            events += self._queue[0].events
            group.append(self._queue.popleft())
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        """Store ``group``; a sender who left in the meantime has no answer to be given."""
        if not group:
            return
        batches = _by_dataset(group)
        touched = _touched(batches) if self._callbacks else []
        try:
            async with self._announcing(touched):
                appended = dict(zip(map(id, batches), await self._store_together(batches, group), strict=True))
                self._tell(touched)
        except Exception as error:
            log.exception("ingest.commit_failed", batches=len(group))
            if isinstance(error, OutcomeUnknown):
                self._tell(touched)
            _refuse(group, error)
            return
        for batch in batches:
            done = appended[id(batch)]
            self.counts[batch.dataset, "stored"] += done.accepted
            self.counts[batch.dataset, "duplicate"] += done.duplicates
        for waiting in group:
            if not waiting.answer.done():
                waiting.answer.set_result([appended[id(batch)] for batch in waiting.batches])

    async def _store_together(self, batches: list[FactBatch], group: list[_Waiting]) -> list[Appended]:
        events = sum(waiting.events for waiting in group)
        served = [waiting.origin for waiting in group]
        with tracing.span(
            "ingest commit", links=served, events=events, batches=len(batches), senders=len(group)
        ) as span:
            appended = await self._store.append(batches)
            span.set(duplicates=sum(done.duplicates for done in appended))
        return appended

    def _tell(self, touched: list[Touched]) -> None:
        for callback in self._callbacks:
            try:
                callback(touched)
            except Exception:
                log.exception("ingest.callback_failed")


def _refuse(group: list[_Waiting], error: Exception) -> None:
    """Tell those who wait that nothing was stored, or that nobody knows."""
    for waiting in group:
        if not waiting.answer.done():
            words = error.message if isinstance(error, OutcomeUnknown) else "The facts could not be stored."
            waiting.answer.set_exception(Unavailable(words, retry_after=1))


def _events(batch: FactBatch) -> int:
    children = 0 if batch.children is None else batch.children.num_rows
    return int(batch.rows.num_rows + children)


def _by_dataset(group: list[_Waiting]) -> list[FactBatch]:
    """All batches, those of one dataset side by side: each dataset is stored once in a commit."""
    return sorted((batch for waiting in group for batch in waiting.batches), key=lambda batch: batch.dataset)


def _touched(batches: list[FactBatch]) -> list[Touched]:
    ids: dict[tuple[int, str], set[int]] = {}
    for batch in batches:
        column = CATALOGUE[batch.dataset].subject
        known = ids.setdefault((batch.scope.organisation_id, batch.dataset), set())
        if column:
            known.update(pc.unique(batch.rows[column]).to_pylist())
    return [Touched(organisation, dataset, frozenset(found)) for (organisation, dataset), found in ids.items()]
