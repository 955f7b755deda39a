"""From body to receipt: abort and skip, keys that make a batch happen once, and bounded work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pyarrow as pa
import pytest

from headwater.errors import Conflict, InvalidRequest, NotFound, PayloadTooLarge, Unavailable
from headwater.ingest.append import Writer
from headwater.ingest.receive import Ingest, OnError, Receipt
from headwater.kit.clock import FixedClock
from headwater.settings import Settings
from headwater.shared import Shared
from headwater.storage.remembering import Remembering

from .samples import NDJSON, NOW, Books, RecordingStore, Rosters, Trees, event, ndjson, scope
from .test_append import GatedStore
from .test_decode import ARROW, as_stream

GOOD = ndjson([event(), event(id="x", extra=1)])
MIXED = ndjson([event(), event(creative_id=99), event(ts="never")])


class Desk:
    """An ``Ingest`` with what it writes to, and defaults for what a test does not care about."""

    def __init__(self, store: RecordingStore, max_bytes: int) -> None:
        self.store = store
        self.writer = Writer(store, 1_000_000, 100_000)
        settings = Settings(max_ingest_bytes=max_bytes)
        self.ingest = Ingest(
            self.writer, Remembering(store, Shared(None).claim), Trees(), Rosters(), Books(), FixedClock(NOW), settings
        )

    async def take(
        self,
        body: bytes,
        on_error: OnError = "abort",
        key: str | None = None,
        organisation: int = 1,
        content_type: str = NDJSON,
    ) -> Receipt:
        return await self.ingest.receive(scope(organisation), "ad-events", body, content_type, on_error, key)


@asynccontextmanager
async def desk(store: RecordingStore | None = None, max_bytes: int = 4_000_000) -> AsyncIterator[Desk]:
    made = Desk(store or RecordingStore(), max_bytes)
    await made.writer.start()
    try:
        yield made
    finally:
        await made.writer.stop()


async def test_the_receipt_is_the_contracts_answer() -> None:
    async with desk() as at:
        receipt = await at.take(GOOD)
    assert msgspec.json.decode(msgspec.json.encode(receipt)) == {
        "accepted": 2, "duplicates": 0, "rejected": 0, "errors": [], "ignored_fields": ["extra"],
    }  # fmt: skip
    assert at.store.commits[0][0].scope == scope()


async def test_abort_stores_nothing_and_lists_the_bad() -> None:
    async with desk() as at:
        with pytest.raises(InvalidRequest) as refused:
            await at.take(MIXED)
    assert refused.value.details["rejected"] == 2
    assert [(one["index"], one["field"]) for one in refused.value.details["errors"]] == [(1, "creative_id"), (2, "ts")]
    assert at.store.commits == []


async def test_skip_stores_the_good_and_lists_the_bad() -> None:
    async with desk() as at:
        receipt = await at.take(MIXED, "skip")
    assert (receipt.accepted, receipt.rejected) == (1, 2)
    assert [(error.index, error.field) for error in receipt.errors] == [(1, "creative_id"), (2, "ts")]


async def test_an_unknown_dataset_is_not_found_with_the_nearest() -> None:
    async with desk() as at:
        with pytest.raises(NotFound, match="Did you mean 'ad-events'"):
            await at.ingest.receive(scope(), "ad-event", b"", NDJSON, "abort", None)


async def test_the_same_key_and_body_happen_once_and_answer_the_same() -> None:
    async with desk() as at:
        first = await at.take(MIXED, "skip", "k")
        assert await at.take(MIXED, "skip", "k") == first
        assert first.rejected == 2
        assert len(at.store.commits) == 1


@pytest.mark.parametrize("change", [{"body": MIXED}, {"on_error": "skip"}, {"content_type": "text/csv"}])
async def test_the_same_key_with_another_request_conflicts(change: dict[str, object]) -> None:
    async with desk() as at:
        await at.take(GOOD, key="k")
        with pytest.raises(Conflict) as refused:
            await at.take(**{"body": GOOD, "key": "k", **change})
        assert refused.value.retry_after is None
        assert len(at.store.commits) == 1


async def test_a_key_is_the_organisations_own() -> None:
    async with desk() as at:
        await at.take(GOOD, key="k", organisation=1)
        await at.take(GOOD, key="k", organisation=2)
        keys = {commit[0].key.key_hash for commit in at.store.commits if commit[0].key}
        assert len(keys) == 2
        assert all(key != "k" and len(key) == 64 for key in keys)


async def test_a_key_under_way_conflicts_and_says_to_retry() -> None:
    store = GatedStore()
    async with desk(store) as at:
        first = asyncio.create_task(at.take(GOOD, key="k"))
        await store.entered.wait()
        with pytest.raises(Conflict) as refused:
            await at.take(GOOD, key="k")
        assert refused.value.retry_after == 1
        store.gate.set()
        assert await at.take(GOOD, key="other") == await first


async def test_a_refused_request_frees_its_key() -> None:
    async with desk() as at:
        with pytest.raises(InvalidRequest):
            await at.take(MIXED, key="k")
        assert (await at.take(GOOD, key="k")).accepted == 2


async def test_an_empty_batch_answers_zeros_and_its_key_is_kept() -> None:
    async with desk() as at:
        assert await at.take(b"") == Receipt(0, 0, 0, (), ())
        assert at.store.commits == []
        assert await at.take(b"", key="k") == Receipt(0, 0, 0, (), ())
        with pytest.raises(Conflict):
            await at.take(GOOD, key="k")


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_of_impossible_length_is_refused(key: str) -> None:
    async with desk() as at:
        with pytest.raises(InvalidRequest) as refused:
            await at.take(GOOD, key=key)
        assert refused.value.details["field"] == "Idempotency-Key"


async def test_large_bodies_are_decoded_beside_the_loop_and_bounded() -> None:
    body = ndjson([event()]) * 5_000
    async with desk(max_bytes=len(body)) as at:
        results = await asyncio.gather(*(at.take(body) for _ in range(6)), return_exceptions=True)
        assert [type(result) for result in results] == [Receipt] * 4 + [Unavailable] * 2
        assert (await at.take(body)).accepted == 5_000
    assert at.store.rows.num_rows == 25_000


async def test_what_unfolds_too_far_frees_its_room() -> None:
    async with desk(max_bytes=300_000) as at:
        for _ in range(6):
            with pytest.raises(InvalidRequest):
                await at.take((b"x" * 999 + b"\n") * 300)
        with pytest.raises(PayloadTooLarge):
            await at.take(as_stream(pa.table({"creative_id": [1] * 100_000})), content_type=ARROW)
