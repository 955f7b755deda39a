"""``POST /api/v1/ingest/{dataset}``: facts in (contract: ingest)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from headwater.errors import Conflict, NotFound, Unavailable
from headwater.ingest.receive import Receipt
from headwater.surfaces._http.endpoint import WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.services import Services

MEDIA_TYPES = (
    "application/x-ndjson",
    "application/json",
    "text/csv",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.stream",
)


class IngestQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of ingest."""

    on_error: Annotated[
        Literal["abort", "skip"],
        Meta(description="`abort` stores nothing when one record is bad; `skip` stores the good ones."),
    ] = "abort"


async def ingest(call: Call[IngestQuery, bytes]) -> Reply:
    """Store the records; the answer means that they are on disk."""
    receipt = await call.services.ingest.receive(
        call.scope,
        call.path["dataset"],
        call.body,
        call.headers.content_type,
        call.query.on_error,
        call.headers.idempotency_key,
    )
    return Reply(receipt)


def _limit(services: Services) -> int:
    return services.settings.max_ingest_bytes


_EXAMPLE: dict[str, Any] = {"accepted": 500, "duplicates": 0, "rejected": 0, "errors": [], "ignored_fields": []}

ENDPOINTS = [
    Endpoint(
        "POST",
        "/api/v1/ingest/{dataset}",
        ingest,
        WRITE,
        "Send facts",
        "Ingest",
        {200: Answers("Committed and flushed to disk.", Receipt, _EXAMPLE)},
        description="Body by `Content-Type`: NDJSON, a JSON array, CSV with a header line, Parquet or an Arrow stream;"
        " `Content-Encoding: gzip` or `zstd`. A record's `id`, and `Idempotency-Key` for the batch, make sending twice"
        " safe. Datasets: `ad-events`.",
        query=IngestQuery,
        refuse_unknown=True,
        raw_body=MEDIA_TYPES,
        body_example='{"ts":"2025-04-17T09:30:00Z","creative_id":3030,"event":"impressions","domain":"example.com"}\n',
        errors=(NotFound, Conflict, Unavailable),
        own_idempotency=True,
        max_body=_limit,
    )
]
