"""Records, scopes, entities and a recording store that the tests of ingest share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import pyarrow as pa

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.decisions import Outcome
from headwater.control.decisions.book import Book, Channel, Creative, Flow, Model, Offer, Segment
from headwater.ingest.decode import decode
from headwater.ingest.problems import Known
from headwater.ingest.records import Decoded
from headwater.scope import ALL_PERMISSIONS, Role, Scope
from headwater.storage.port import Appended, FactBatch, RememberedAppend

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMIT = 4 * 1024 * 1024
NDJSON = "application/x-ndjson"
GOOD: dict[str, object] = {"ts": "2026-11-20T10:00:00Z", "creative_id": 1, "event": "impressions"}


def event(**fields: object) -> dict[str, object]:
    """A good record, with ``fields`` changed or added; None leaves one out."""
    return {name: value for name, value in {**GOOD, **fields}.items() if value is not None}


def ndjson(records: Iterable[Mapping[str, object]]) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


def read(body: bytes, content_type: str | None = NDJSON, max_bytes: int = LIMIT) -> Decoded:
    return decode(body, content_type, AD_EVENTS, max_bytes)


def faults(decoded: Decoded) -> list[tuple[int, str | None]]:
    return [(error.index, error.field) for error in decoded.errors.first]


def scope(organisation_id: int = 1) -> Scope:
    return Scope(organisation_id, 1, Role.owner, ALL_PERMISSIONS, "operator")


PUBLIC_IDS = {
    ("video", "00000000-0000-4000-8000-000000000001"): 1,
    ("video", "00000000-0000-4000-8000-000000000002"): 2,
    ("creator", "00000000-0000-4000-8000-0000000000c1"): 1,
}


class Tree:
    """Creatives 1 to 3; components 11 and 12 belong to creative 1, 21 to creative 2."""

    creative_ids = frozenset((1, 2, 3))

    def component_owner(self, component_id: int) -> int | None:
        return {11: 1, 12: 1, 21: 2}.get(component_id)


class Roster:
    """The videos and the creator of ``PUBLIC_IDS``, numbered from 1."""

    def find(self, kind: str, public_id: str) -> int | None:
        return PUBLIC_IDS.get((kind, public_id))


class Rosters:
    async def get(self, organisation_id: int) -> Roster:
        del organisation_id
        return Roster()


class Trees:
    async def get(self, organisation_id: int) -> Tree:
        del organisation_id
        return Tree()


class RecordingStore:
    """Stands in for a store where only the calls and their order matter; it keeps keys as a store does."""

    def __init__(self) -> None:
        self.commits: list[list[FactBatch]] = []
        self.failing: Exception | None = None
        self._keys: dict[tuple[int, str], RememberedAppend] = {}

    @property
    def rows(self) -> pa.Table:
        return pa.concat_tables([batch.rows for commit in self.commits for batch in commit])

    async def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        if self.failing is not None:
            raise self.failing
        self.commits.append(list(batches))
        appended = [Appended(batch.rows.num_rows, 0) for batch in batches]
        for batch, result in zip(batches, appended, strict=True):
            if batch.key is not None:
                place = (batch.scope.organisation_id, batch.key.key_hash)
                self._keys[place] = RememberedAppend(batch.key.fingerprint, result, batch.key.note)
        return appended

    async def remembered(self, scope: Scope, key_hash: str) -> RememberedAppend | None:
        return self._keys.get((scope.organisation_id, key_hash))


BOOK = Book(
    offers=[
        Offer(101, "off_1", "Card", "active"),
        Offer(102, "off_2", "Loan", "paused"),
        Offer(103, "off_3", "Old", "active", True),
    ],
    channels=[Channel(201, "ch_mail", "Mail", "active"), Channel(202, "ch_app", "App", "active")],
    creatives=[Creative(301, "cr_1", "Banner", "active")],
    segments=[Segment(401, "seg_vip", "VIP", "active")],
    flows=[Flow(501, "flow_1", "Main", "active")],
    models=[Model(601, "model_1", "Propensity", "active")],
    outcomes=[Outcome("viewed", "neutral", "impression"), Outcome("called", "positive")],
)


class Books:
    """Where the one organisation's book is kept."""

    async def get(self, organisation_id: int) -> Book:
        del organisation_id
        return BOOK


KNOWN = Known(Tree(), Roster(), BOOK)
