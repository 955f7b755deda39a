"""Bad input of every kind gets a clear 4xx and leaves nothing behind: no row more, no key kept, no memory held."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from headwater.control.record import Record
from headwater.ingest.body import zstd
from headwater.storage.duckdb.store import DuckDBStore
from tests.serving import Company, Hierarchy, Server, event

INGEST = "/api/v1/ingest/ad-events"
MIB = 1024 * 1024
# Rows that a refused request may leave: that it was refused, and when its key was used.
_TRACES = {"audit_event"}


async def rows(server: Server) -> dict[str, int]:
    """How many rows every table of both stores has."""
    async with server.services.control.reading() as session:
        tables = {name: one for name, one in Record.metadata.tables.items() if name not in _TRACES}
        found = {name: await session.scalar(select(func.count()).select_from(one)) or 0 for name, one in tables.items()}
    store = server.services.store
    assert isinstance(store, DuckDBStore)

    def count() -> dict[str, int]:
        # The store's own connection, on its own thread: nothing else can count what was never answered.
        names = [row[0] for row in store._root.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {name: store._root.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in names}

    return {**found, **(await store._write(count))}


class Raw:
    """Requests that no proper client would make, given to the application as they are."""

    def __init__(self, company: Company) -> None:
        self._company = company

    async def send(
        self, method: str, path: str, query: bytes = b"", body: Iterator[bytes] | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Send it piece by piece; the status and the body of the answer."""
        left = body or iter(())
        sent: list[dict[str, Any]] = []
        given = {**self._company.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}

        async def receive() -> dict[str, Any]:
            piece = next(left, None)
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("headwater.test", 80),
        }
        await self._company.server.headwater.app(scope, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"])


def pieces(start: bytes, repeated: bytes, size: int) -> Iterator[bytes]:
    """A body of ``size`` bytes, never whole in memory."""
    yield start
    piece = repeated * (64 * 1024 // len(repeated))
    for _ in range(size // len(piece)):
        yield piece


NESTED_100_MB = [
    ("application/json", b"[", b"["),
    ("application/json", b'[{"ts":', b"["),
    ("application/x-ndjson", b'{"ts":', b"["),
    ("application/x-ndjson", b"", b"[[[[\n"),
    ("application/json", b"", b'{"a":'),
    ("text/csv", b"ts,creative_id,event\n", b'"['),
]


@pytest.mark.parametrize(("content_type", "start", "repeated"), NESTED_100_MB)
async def test_a_hundred_megabytes_of_nesting(
    company: Company, hierarchy: Hierarchy, content_type: str, start: bytes, repeated: bytes
) -> None:
    before = await rows(company.server)
    tracemalloc.start()
    status, body = await Raw(company).send(
        "POST", INGEST, body=pieces(start, repeated, 100 * MIB), content_type=content_type
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (status, body["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert peak < 200 * MIB
    status, body = await Raw(company).send(
        "POST", INGEST, body=pieces(start, repeated, 4 * MIB), content_type=content_type
    )
    assert (status, body["code"]) == (400, "INVALID_REQUEST")
    assert len(json.dumps(body)) < 20_000
    assert await rows(company.server) == before


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_bomb_is_stopped_while_it_unfolds(company: Company, hierarchy: Hierarchy, encoding: str) -> None:
    plain = b"[" * (300 * MIB)
    folded = gzip.compress(plain, 1) if encoding == "gzip" else zstd.compress(plain)
    del plain
    before = await rows(company.server)
    tracemalloc.start()
    status, body = await Raw(company).send(
        "POST", INGEST, body=iter([folded]), content_type="application/json", content_encoding=encoding
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (status, body["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert peak < 200 * MIB
    assert await rows(company.server) == before


@pytest.mark.parametrize("form", [b"id=" + b"1," * 1_000_000, b"&".join([b"id[]=7"] * 1_000_000), None])
async def test_a_million_ids(company: Company, form: bytes | None) -> None:
    values = form or b"id=" + b",".join(str(number).encode() for number in range(1, 1_000_001))
    for path, name in (
        ("/v2/aggregation-api/counts", b"id"),
        ("/v2/aggregation-api/flow", b"creative_id"),
        ("/api/v2/campaigns/data_tree", b"workspaces"),
    ):
        query = values.replace(b"id", name) + (b"&resource=creative" if name == b"id" else b"")
        status, body = await Raw(company).send("GET", path, query)
        assert (status, body["code"]) == (400, "INVALID_REQUEST")
        assert "more than 20,000" in body["message"]
        assert body["details"]["field"] in ("query string", f"{name.decode()}[]")


async def test_a_million_ids_in_a_report(company: Company, hierarchy: Hierarchy) -> None:
    before = await rows(company.server)
    for count, status in ((100_000, 400), (1_000_000, 413)):
        report = {"name": "x", "workspace_id": hierarchy.workspace, "resource": "creative", "metrics": ["base"]}
        answer = await company.request("POST", "/api/v2/reports", json={**report, "ids": [7] * count})
        assert answer.status_code == status
    assert await rows(company.server) == before


RANGES: list[tuple[str, object]] = [
    ("creative_id", -1),
    ("creative_id", 0),
    ("creative_id", 2**63),
    ("creative_id", 2**200),
    ("creative_id", 1e300),
    ("creative_id", 1.5),
    ("creative_id", True),
    ("creative_id", "one"),
    ("creative_id", [1]),
    ("creative_id", {"a": 1}),
    ("ts", 0),
    ("ts", -1e30),
    ("ts", "2025-02-30T00:00:00Z"),
    ("ts", "2025-04-17T25:00:00Z"),
    ("ts", "99999-01-01T00:00:00Z"),
    ("ts", "0000-00-00"),
    ("ts", "2025-04-17T09:30:00+99:99"),
    ("ts", "\x00"),
    ("event", ""),
    ("event", "impressions\x00"),
    ("event", "IMPRESSIONS"),
    ("event", "x" * 1_000_000),
    ("domain", "a\x00b"),
    ("domain", ["a"]),
    ("domain", "x" * 1_000_000),
    ("dsp", {"a": 1}),
    ("session_id", 7.5),
    ("id", "x" * 65),
    ("id", {}),
    ("value", 1e308),
    ("component_id", -7),
]


@pytest.mark.parametrize(("field", "value"), RANGES, ids=lambda one: repr(one)[:30])
async def test_values_that_a_record_does_not_take(
    company: Company, hierarchy: Hierarchy, field: str, value: object
) -> None:
    name = "seconds_in_view" if field == "value" else "component_impression" if field == "component_id" else "plays"
    record = {**event(hierarchy.creative, name), field: value}
    before = await rows(company.server)
    for content_type, body in (
        ("application/x-ndjson", json.dumps(record)),
        ("application/json", json.dumps([record])),
    ):
        answer = await company.request("POST", INGEST, content=body, headers={"content-type": content_type})
        assert answer.status_code == 400, answer.text
        assert [one["field"] for one in answer.json()["details"]["errors"]] == [field]
        assert len(answer.content) < 20_000
    assert await rows(company.server) == before


BODIES = [
    b"\x00" * 1000,
    b"\xff\xfe" + "[]".encode("utf-16-le"),
    b"null",
    b"17",
    b'"text"',
    b"{}",
    b"[1,2]",
    b"[[]]",
    b'[{"ts":}]',
    b"[NaN]",
    b'[{"a":1}',
    b'{"a":"\xc3\x28"}',
    b'[{"ts":"\\ud800"}]',
    b"PAR1" + b"\x00" * 100 + b"PAR1",
    b"ARROW1\x00\x00" + b"\xff" * 100,
    b"\xff\xff\xff\xff\xff\xff\xff\x7f" + b"\x00" * 64,
    b"a,b\n1\n",
    b"ts,creative_id,event\n1,2",
    b'ts,ts,creative_id\n"',
]
TYPES = [
    "application/x-ndjson",
    "application/json",
    "text/csv",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.stream",
]


@pytest.mark.parametrize("content_type", TYPES)
async def test_bodies_that_are_something_else(company: Company, hierarchy: Hierarchy, content_type: str) -> None:
    before = await rows(company.server)
    for body in BODIES:
        for encoding in ("", "gzip", "zstd"):
            headers = {"content-type": content_type, "content-encoding": encoding, "idempotency-key": "again"}
            answer = await company.request("POST", INGEST, content=body, headers=headers)
            assert answer.status_code == 400, f"{body[:20]!r} {encoding}: {answer.text}"
            assert len(answer.content) < 20_000
    assert await rows(company.server) == before


@pytest.mark.parametrize(
    "query",
    [
        "time_from=2025-02-30&time_to=2025-04-30",
        "time_from=0001-01-01&time_to=9999-12-31",
        "time_from=9999-12-31T23:59:59-14:00&time_to=9999-12-31",
        "time_from=0001-01-01T00:00:00%2B14:00&time_to=2025-01-01",
        "time_from=&time_to=",
        "time_from=now&time_to=tomorrow",
        "time_from=1&time_to=2",
        "time_from=2025-04-01&time_to=2025-04-30&fill=one",
        "time_from=2025-04-01&time_to=2025-04-30&format=xml",
        "time_from=2025-04-01&time_from=2025-04-02&time_to=2025-04-30",
        "time_from=2025-04-01T00:00:00.0000000000001Z&time_to=2025-04-01%00",
    ],
)
async def test_windows_that_are_none(company: Company, hierarchy: Hierarchy, query: str) -> None:
    asked = f"resource=creative&id={hierarchy.creative}&metric=base&time_frame=day&fill=zero"
    asked = asked.removesuffix("&fill=zero") if "fill=" in query else asked
    answer = await company.request("GET", f"/v2/aggregation-api/buckets?{asked}&{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["details"]["field"]


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "٣", "9" * 30, "", ",", "null", "%00", "1;2", "0x7"])
async def test_ids_that_are_none(company: Company, value: str) -> None:
    answer = await company.request("GET", f"/v2/aggregation-api/flow?creative_id={value}")
    assert (answer.status_code, answer.json()["details"]["field"].partition("[")[0]) == (400, "creative_id")
