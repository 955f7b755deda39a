"""One ingest request, from its unfolded body to the answer: decode, check, append, remember.

It must not know HTTP beyond the media type, and nothing it answers with 200 is
less than durable.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

import msgspec

from headwater.catalogue.model import Dataset
from headwater.catalogue.registry import CATALOGUE
from headwater.errors import Conflict, InvalidRequest, NotFound, Unavailable
from headwater.ingest.append import Writer
from headwater.ingest.check import check
from headwater.ingest.decode import TEXT_TYPES, decode, media_type
from headwater.ingest.problems import Book, Entities, Known, Roster
from headwater.ingest.records import Decoded, RecordError
from headwater.kit.clock import Clock
from headwater.kit.suggest import did_you_mean
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.storage.port import Appended, AppendKey, FactBatch, RememberedAppend, Store

OnError = Literal["abort", "skip"]

MAX_KEY_LENGTH = 255
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
        store: Store,
        trees: Trees,
        rosters: Rosters,
        books: Books,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._writer = writer
        self._store = store
        self._trees = trees
        self._rosters = rosters
        self._books = books
        self._clock = clock
        self._max_bytes = settings.max_ingest_bytes
        self._decoding_bytes = 0
        self._under_way: set[str] = set()

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
        key_hash = _key_hash(scope, idempotency_key)
        fingerprint = _fingerprint(dataset_name, on_error, content_type or "", body)
        with self._only_one(key_hash):
            remembered = await self._store.remembered(scope, key_hash)
            if remembered is not None:
                return _first_answer(remembered, fingerprint)
            key = AppendKey(key_hash, fingerprint, b"")
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

    @contextmanager
    def _only_one(self, key_hash: str) -> Iterator[None]:
        if key_hash in self._under_way:
            message = "A request with this Idempotency-Key is still under way."
            raise Conflict(message, retry_after=1, field="Idempotency-Key")
        self._under_way.add(key_hash)
        try:
            yield
        finally:
            self._under_way.discard(key_hash)


def _key_hash(scope: Scope, key: str) -> str:
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        message = f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters."
        raise InvalidRequest(message, field="Idempotency-Key")
    return _digest(str(scope.organisation_id).encode(), key.encode())


def _fingerprint(dataset: str, on_error: OnError, content_type: str, body: bytes) -> str:
    return _digest(dataset.encode(), on_error.encode(), content_type.encode(), body)


def _digest(*parts: bytes) -> str:
    """SHA-256 of the parts, each after its length: no two lists of parts run together alike."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _first_answer(remembered: RememberedAppend, fingerprint: str) -> Receipt:
    if remembered.fingerprint != fingerprint:
        message = "This Idempotency-Key was used with another request; use a new key."
        raise Conflict(message, field="Idempotency-Key")
    return _receipt(remembered.appended, _read_note(remembered.note))


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
