"""One ingest request, from its unfolded body to the answer: decode, check, append, remember.

It must not know HTTP beyond the media type, and nothing it answers with 200 is
less than durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

import msgspec

from headwater.catalogue.model import Dataset
from headwater.catalogue.registry import CATALOGUE
from headwater.errors import InvalidRequest, NotFound, Unavailable
from headwater.ingest.append import Writer
from headwater.ingest.check import check
from headwater.ingest.decode import TEXT_TYPES, decode, media_type
from headwater.ingest.problems import Book, Entities, Known, Roster
from headwater.ingest.records import Decoded, RecordError
from headwater.kit.clock import Clock
from headwater.kit.suggest import did_you_mean
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.storage.port import Appended, AppendKey, FactBatch
from headwater.storage.remembering import Remembering

OnError = Literal["abort", "skip"]

_INLINE_BYTES = 256 * 1024
_BODIES_AT_ONCE = 4


class Receipt(msgspec.Struct, frozen=True):
    """The answer to a batch: what was stored now, seen before, refused and ignored."""

    accepted: int
    duplicates: int
    rejected: int
    errors: tuple[RecordError, ...]
    ignored_fields: tuple[str, ...]


class Trees(Protocol):
    """Where an organisation's creatives are found."""

    async def get(self, organisation_id: int) -> Entities:
        """The organisation's entities as they are now."""


class Rosters(Protocol):
    """Where an organisation's creators and videos are found."""

    async def get(self, organisation_id: int) -> Roster:
        """The organisation's roster as it is now."""


class Books(Protocol):
    """Where an organisation's offers, channels and what else decisions name are found."""

    async def get(self, organisation_id: int) -> Book:
        """The organisation's decision entities as they are now."""


class _Note(msgspec.Struct, frozen=True):
    """What of a receipt is known before the facts are stored."""

    rejected: int
    errors: tuple[RecordError, ...]
    ignored_fields: tuple[str, ...]


_read_note = msgspec.json.Decoder(_Note).decode


class Ingest:
    """Takes in batches of facts."""

    def __init__(
        self,
        writer: Writer,
        remembering: Remembering,
        trees: Trees,
        rosters: Rosters,
        books: Books,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._writer = writer
        self._remembering = remembering
        self._trees = trees
        self._rosters = rosters
        self._books = books
        self._clock = clock
        self._max_bytes = settings.max_ingest_bytes
        self._decoding_bytes = 0

    async def receive(
        self,
        scope: Scope,
        dataset_name: str,
        body: bytes,
        content_type: str | None,
        on_error: OnError,
        idempotency_key: str | None,
    ) -> Receipt:
        """Store the good records of ``body`` and say what became of all."""
        dataset = CATALOGUE.get(dataset_name)
        if dataset is None:
            known = ", ".join(CATALOGUE)
            hint = did_you_mean(dataset_name, CATALOGUE)
            raise NotFound(f"No such dataset.{hint} Datasets: {known}.", field="dataset", allowed=list(CATALOGUE))
        if idempotency_key is None:
            return await self._take_in(scope, dataset, body, content_type, on_error, None)
        request = (dataset_name.encode(), on_error.encode(), (content_type or "").encode(), body)
        async with self._remembering.once(scope, idempotency_key, *request) as (key, before):
            if before is not None:
                return _receipt(before.appended, _read_note(before.note))
            return await self._take_in(scope, dataset, body, content_type, on_error, key)

    async def _take_in(
        self,
        scope: Scope,
        dataset: Dataset,
        body: bytes,
        content_type: str | None,
        on_error: OnError,
        key: AppendKey | None,
    ) -> Receipt:
        organisation = scope.organisation_id
        known = Known(
            await self._trees.get(organisation),
            await self._rosters.get(organisation),
            await self._books.get(organisation),
        )
        checked = await self._decode(body, content_type, dataset, known)
        if on_error == "abort" and checked.errors.count:
            raise _aborted(checked)
        note = _Note(checked.errors.count, checked.errors.first, checked.ignored_fields)
        if key is not None:
            key = msgspec.structs.replace(key, note=msgspec.json.encode(note))
        elif not checked.rows.num_rows:
            return _receipt(Appended(0, 0), note)
        appended = await self._writer.append(FactBatch(scope, dataset.name, checked.rows, key, checked.children))
        return _receipt(appended, note)

    async def _decode(self, body: bytes, content_type: str | None, dataset: Dataset, known: Known) -> Decoded:
        def work() -> Decoded:
            return check(decode(body, content_type, dataset, self._max_bytes), dataset, known, self._clock())

        # A Parquet file waits for a process of its own, however small it is.
        if len(body) <= _INLINE_BYTES and media_type(content_type) in TEXT_TYPES:
            return work()
        with self._room_for(len(body)):
            return await asyncio.to_thread(work)

    @contextmanager
    def _room_for(self, size: int) -> Iterator[None]:
        if self._decoding_bytes + size > _BODIES_AT_ONCE * self._max_bytes:
            raise Unavailable("Too many large bodies at once; nothing was stored.", retry_after=1)
        self._decoding_bytes += size
        try:
            yield
        finally:
            self._decoding_bytes -= size


def _receipt(appended: Appended, note: _Note) -> Receipt:
    return Receipt(appended.accepted, appended.duplicates, note.rejected, note.errors, note.ignored_fields)


def _aborted(checked: Decoded) -> InvalidRequest:
    first = checked.errors.first[0]
    message = (
        f"{checked.errors.count} of {checked.total} records are refused and nothing was stored; "
        f"record {first.index}: {first.message} Send on_error=skip to store the good ones."
    )
    return InvalidRequest(
        message, errors=[msgspec.to_builtins(error) for error in checked.errors.first], rejected=checked.errors.count
    )
