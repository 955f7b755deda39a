"""One run of ``headwater import``: file after file, batch after batch, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from types import MappingProxyType
from typing import Protocol

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from headwater.cli.importing.ad_entities import AdDirectory
from headwater.cli.importing.batches import Batch, gathered
from headwater.cli.importing.columns import Columns
from headwater.cli.importing.decision_entities import DecisionDirectory
from headwater.cli.importing.files import Format, Source, open_source, size_of
from headwater.cli.importing.names import Naming
from headwater.cli.importing.readers import read
from headwater.cli.importing.roster_entities import RosterDirectory
from headwater.errors import HeadwaterError, InvalidRequest
from headwater.ingest.receive import OnError, Receipt
from headwater.ingest.records import LISTED_ERRORS, RecordError


class Target(Protocol):
    """Where facts go, and where what they name is kept."""

    @property
    def ads(self) -> AdDirectory:
        """What ad events name."""

    @property
    def roster(self) -> RosterDirectory:
        """What snapshots name."""

    @property
    def decisions(self) -> DecisionDirectory:
        """What facts about decisions name."""

    async def send(self, dataset: str, body: bytes, on_error: OnError) -> Receipt:
        """Store a batch; the answer means that it is on disk."""


class Run:
    """Imports files and keeps count; ``hints`` are said once where a record's field is refused."""

    def __init__(
        self,
        dataset: str,
        target: Target,
        columns: Columns,
        names: Naming,
        on_error: OnError,
        hints: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._dataset = dataset
        self._target = target
        self._columns = columns
        self._names = names
        self._on_error = on_error
        self._accepted = self._duplicates = self._rejected = 0
        self._errors: list[str] = []
        self._hints = hints
        self._hinted: dict[str, None] = {}
        self._ignored: set[str] = set()

    async def all(self, files: Sequence[str], format: Format | None, console: Console) -> None:
        """Import ``files``; ends with the summary, or raises when it has to stop."""
        shown = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*shown, console=console, transient=True, disable=not console.is_terminal) as progress:
            for name in files:
                task = progress.add_task(name, total=size_of(name) or None)
                await self._file(name, format, partial(_advance, progress, task))
        self._report()
        typer.echo(f"{self._dataset}: {self._summary()}")

    async def _file(self, name: str, format: Format | None, progress: Callable[[Source], None]) -> None:
        try:
            with open_source(name, format) as source:
                async with aclosing(gathered(read(source), self._columns, self._names)) as batches:
                    async for batch in batches:
                        await self._batch(source, batch)
                        progress(source)
        except HeadwaterError as error:
            self._report()
            raise InvalidRequest(f"{name}: {error.message} Stored until then: {self._summary()}.") from None

    async def _batch(self, source: Source, batch: Batch) -> None:
        try:
            receipt = await self._target.send(self._dataset, batch.body(), self._on_error)
        except HeadwaterError as error:
            if "errors" not in error.details:
                raise
            refused = msgspec.convert(error.details["errors"], list[RecordError])
            self._note(source, batch, refused)
            raise InvalidRequest(
                f"{error.details['rejected']} of the records {batch.first:,} to {batch.last:,} are refused, so none of"
                " these was stored. --on-error skip stores the good ones."
            ) from None
        self._accepted += receipt.accepted
        self._duplicates += receipt.duplicates
        self._rejected += receipt.rejected
        self._ignored.update(receipt.ignored_fields)
        self._note(source, batch, receipt.errors)

    def _note(self, source: Source, batch: Batch, errors: Sequence[RecordError]) -> None:
        for error in map(batch.numbered, errors):
            if (hint := self._hints.get(error.field or "")) is not None:
                self._hinted[hint] = None
            if len(self._errors) < LISTED_ERRORS:
                self._errors.append(f"{source.name}: record {error.index:,}: {error.message}")

    def _report(self) -> None:
        """What the sender should know of the files, on standard error."""
        for line in (*self._errors, *self._hinted):
            typer.echo(line, err=True)
        if self._ignored:
            typer.echo(
                f"Ignored, since {self._dataset} has no such fields: {', '.join(sorted(self._ignored))}.", err=True
            )
        for column in self._columns.unmet():
            typer.echo(f"--map: no record has a column '{column}'.", err=True)

    def _summary(self) -> str:
        return f"{self._accepted:,} accepted, {self._duplicates:,} duplicates, {self._rejected:,} rejected"


def _advance(progress: Progress, task: TaskID, source: Source) -> None:
    progress.update(task, completed=source.position())
