"""Ingest over HTTP: every format and encoding, what is refused and how, and what is never done twice."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.ingest.body import zstd
from headwater.storage.port import Appended
from tests.serving import Company, Hierarchy, event, serving

INGEST = "/api/v1/ingest/ad-events"
NDJSON = "application/x-ndjson"
RECEIPT = {"accepted": 0, "duplicates": 0, "rejected": 0, "errors": [], "ignored_fields": []}


def ndjson(records: Iterable[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, records)).encode()


def as_csv(records: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_parquet(records: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), out)
    return out.getvalue()


def as_arrow(records: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    table = pa.Table.from_pylist(records)
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    return out.getvalue()


FORMATS: dict[str, Any] = {
    NDJSON: ndjson,
    "application/json": lambda records: json.dumps(records).encode(),
    "text/csv": as_csv,
    "application/vnd.apache.parquet": as_parquet,
    "application/vnd.apache.arrow.stream": as_arrow,
}
ENCODINGS: dict[str, Any] = {
    "identity": lambda body: body,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
}


async def post(company: Company, body: bytes, content_type: str = NDJSON, **more: Any) -> httpx.Response:
    headers = {"content-type": content_type, **more.pop("headers", {})}
    return await company.request("POST", more.pop("path", INGEST), content=body, headers=headers, **more)


async def impressions(company: Company, hierarchy: Hierarchy) -> int:
    answer = await company.get("/v2/aggregation-api/counts", resource="campaign", id=hierarchy.campaign)
    return int(answer.json()[str(hierarchy.campaign)]["impressions"])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("content_type", FORMATS)
async def test_formats_and_encodings(company: Company, hierarchy: Hierarchy, content_type: str, encoding: str) -> None:
    records = [event(hierarchy.creative, session_id=f"s{n // 2}", color="red") for n in range(6)]
    body = ENCODINGS[encoding](FORMATS[content_type](records))
    answer = await post(company, body, content_type, headers={"content-encoding": encoding})
    assert answer.json() == {**RECEIPT, "accepted": 3, "duplicates": 3, "ignored_fields": ["color"]}
    assert await impressions(company, hierarchy) == 3


async def test_a_whole_record(company: Company, hierarchy: Hierarchy) -> None:
    creative = hierarchy.creative
    step = await company.make(f"/api/v2/creatives/{creative}/components", component_type="Goal")
    whole = event(
        creative, "component_impression", "2025-04-17T11:30:00.123456+02:00", domain="d.example", dsp="X",
        session_id="s", component_id=step, id="r",
    )  # fmt: skip
    assert (await company.send([whole]))["accepted"] == 1
    flow = await company.get("/v2/aggregation-api/flow", creative_id=creative, time_from="2025-04-17T09:30:00.123456Z")
    assert flow.json()[str(creative)][0]["impressions"] == 1


class TestBadRecords:
    def records(self, hierarchy: Hierarchy) -> list[dict[str, Any]]:
        good = event(hierarchy.creative)
        return [good, {**good, "event": "impresions"}, {**good, "creative_id": None}, {**good, "ts": "soon"}, good]

    async def test_abort_stores_nothing_and_lists_them(self, company: Company, hierarchy: Hierarchy) -> None:
        for params in ({}, {"on_error": "abort"}):
            answer = await post(company, ndjson(self.records(hierarchy)), params=params)
            assert answer.status_code == 400
            details = answer.json()["details"]
            assert details["rejected"] == 3
            assert [(one["index"], one["field"]) for one in details["errors"]] == [
                (1, "event"),
                (2, "creative_id"),
                (3, "ts"),
            ]
            assert all(set(one) == {"index", "field", "message"} for one in details["errors"])
            assert "impressions" in details["errors"][0]["message"]
        assert await impressions(company, hierarchy) == 0

    async def test_skip_stores_the_good_ones(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = (await post(company, ndjson(self.records(hierarchy)), params={"on_error": "skip"})).json()
        assert (answer["accepted"], answer["rejected"], len(answer["errors"])) == (2, 3, 3)
        assert await impressions(company, hierarchy) == 2

    async def test_twenty_are_listed_and_all_counted(self, company: Company, hierarchy: Hierarchy) -> None:
        bad = [event(hierarchy.creative, "nonsense")] * 50
        details = (await post(company, ndjson(bad))).json()["details"]
        assert (len(details["errors"]), details["rejected"]) == (20, 50)
        answer = (await post(company, ndjson(bad), params={"on_error": "skip"})).json()
        assert (len(answer["errors"]), answer["rejected"]) == (20, 50)

    async def test_a_line_that_is_not_json_is_a_bad_record(self, company: Company, hierarchy: Hierarchy) -> None:
        body = ndjson([event(hierarchy.creative)]) + b"\n{broken\n" + ndjson([event(hierarchy.creative)])
        answer = await post(company, body)
        assert [one["index"] for one in answer.json()["details"]["errors"]] == [1]
        assert (await post(company, body, params={"on_error": "skip"})).json()["accepted"] == 2

    async def test_other_values_of_on_error_are_refused(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await post(company, ndjson([event(hierarchy.creative)]), params={"on_error": "ignore"})
        assert answer.json()["details"] == {"field": "on_error", "allowed": ["abort", "skip"]}

    @pytest.mark.parametrize(
        ("ts", "good"),
        [
            ("2025-05-04T12:30:00Z", True),
            ("2025-05-04T12:30:00.000001Z", False),
            ("2000-01-01T00:00:00Z", True),
            ("1999-12-31T23:59:59.999999Z", False),
            ("1999-12-31T23:59:59-01:00", True),
        ],
    )
    async def test_times_in_bounds(self, company: Company, hierarchy: Hierarchy, ts: str, good: bool) -> None:
        answer = await post(company, ndjson([event(hierarchy.creative, ts=ts)]))
        assert answer.status_code == (200 if good else 400)
        if not good:
            assert answer.json()["details"]["errors"][0]["field"] == "ts"

    @pytest.mark.parametrize(
        ("name", "more", "field"),
        [
            ("seconds_in_view", {}, "value"),
            ("impressions", {"value": 1.5}, "value"),
            ("component_impression", {}, "component_id"),
            ("component_continue", {"component_id": 999999}, "component_id"),
            ("impressions", {"id": "x" * 65}, "id"),
            ("seconds_in_view", {"value": "NaN"}, "value"),
        ],
    )
    async def test_rules_of_ad_events(
        self, company: Company, hierarchy: Hierarchy, name: str, more: dict[str, Any], field: str
    ) -> None:
        answer = await post(company, ndjson([event(hierarchy.creative, name, **more)]))
        assert answer.status_code == 400
        assert [one["field"] for one in answer.json()["details"]["errors"]] == [field]

    async def test_entities_of_another_company_do_not_exist(self, company: Company, hierarchy: Hierarchy) -> None:
        stranger = await company.server.company()
        messages = set()
        for creative in (hierarchy.creative, 999_999):
            answer = await post(stranger, ndjson([event(creative)]))
            assert answer.json()["details"]["errors"][0]["field"] == "creative_id"
            messages.add(answer.text.replace(str(creative), "ID"))
        assert len(messages) == 1
        assert await impressions(company, hierarchy) == 0


class TestTwice:
    async def test_a_record_with_an_id_seen_before_is_a_duplicate(self, company: Company, hierarchy: Hierarchy) -> None:
        records = [event(hierarchy.creative, id=f"r{n}") for n in range(3)]
        assert (await company.send(records))["accepted"] == 3
        again = await company.send([*records, event(hierarchy.creative, id="r3"), event(hierarchy.creative, id="r3")])
        assert (again["accepted"], again["duplicates"]) == (1, 4)
        assert await impressions(company, hierarchy) == 4

    async def test_ids_are_the_company_s_own(self, company: Company, hierarchy: Hierarchy) -> None:
        other = await company.server.company()
        theirs = await other.hierarchy()
        assert (await company.send([event(hierarchy.creative, id="r")]))["accepted"] == 1
        assert (await other.send([event(theirs.creative, id="r")]))["accepted"] == 1

    async def test_a_batch_with_a_key_is_stored_once(self, company: Company, hierarchy: Hierarchy) -> None:
        body, key = ndjson([event(hierarchy.creative)] * 3), {"idempotency-key": "k"}
        first, again = [await post(company, body, headers=key) for _ in range(2)]
        assert first.json() == again.json() == {**RECEIPT, "accepted": 3}
        assert await impressions(company, hierarchy) == 3
        other = await post(company, body + b"\n", headers=key)
        assert (other.status_code, other.json()["details"]["field"]) == (409, "Idempotency-Key")


class TestWholeBodies:
    async def test_unknown_datasets(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await post(company, ndjson([event(hierarchy.creative)]), path="/api/v1/ingest/ad-event")
        assert (answer.status_code, answer.json()["details"]["field"]) == (404, "dataset")
        assert "Did you mean 'ad-events'?" in answer.json()["message"]

    async def test_media_types_and_encodings_that_are_not_read(self, company: Company, hierarchy: Hierarchy) -> None:
        body = ndjson([event(hierarchy.creative)])
        for content_type in ("text/plain", "", "application/x-ndjson; charset=utf-16"):
            answer = await post(company, body, content_type)
            assert (answer.status_code, answer.json()["details"]["field"]) == (415, "Content-Type")
        answer = await post(company, body, headers={"content-encoding": "br"})
        assert (answer.status_code, answer.json()["details"]["field"]) == (415, "Content-Encoding")

    @pytest.mark.parametrize("content_type", FORMATS)
    async def test_an_empty_batch_is_no_batch_or_nothing(self, company: Company, content_type: str) -> None:
        answer = await post(company, b"", content_type)
        assert answer.status_code in (200, 400)
        if answer.status_code == 200:
            assert answer.json() == RECEIPT

    @pytest.mark.parametrize("encoding", ["gzip", "zstd"])
    async def test_what_is_cut_off_is_refused(self, company: Company, hierarchy: Hierarchy, encoding: str) -> None:
        whole = ENCODINGS[encoding](ndjson([event(hierarchy.creative)] * 100))
        for body in (whole[:-1], whole[: len(whole) // 2], whole[:5], b"not compressed", whole + b"tail"):
            answer = await post(company, body, headers={"content-encoding": encoding})
            assert (answer.status_code, answer.json()["details"]["field"]) == (400, "Content-Encoding"), body[:20]
        assert await impressions(company, hierarchy) == 0

    async def test_sizes_hold_as_sent_and_unfolded(self, tmp_path: Path) -> None:
        async with serving(tmp_path, max_ingest_bytes=10_000) as server:
            company = await server.company()
            hierarchy = await company.hierarchy()
            for encoding, fold in ENCODINGS.items():
                for size, status in ((10_000, 200), (10_001, 413), (50_000_000, 413)):
                    line = ndjson([event(hierarchy.creative)])
                    body = fold(line + b"\n" * (size - len(line)))
                    answer = await post(company, body, headers={"content-encoding": encoding})
                    assert answer.status_code == status, f"{encoding} {size}: {answer.text}"
            assert await impressions(company, hierarchy) == 3

    async def test_a_full_queue_answers_503_before_anything_is_stored(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving(tmp_path, ingest_queue_events=10) as server:
            company = await server.company()
            hierarchy = await company.hierarchy()
            begun, go_on = asyncio.Event(), asyncio.Event()
            append = server.services.store.append

            async def slow(batches: Any) -> list[Appended]:
                begun.set()
                await go_on.wait()
                return await append(batches)

            monkeypatch.setattr(server.services.store, "append", slow)
            body = ndjson([event(hierarchy.creative)] * 6)
            first = asyncio.create_task(post(company, body))
            await begun.wait()
            second = await post(company, body)
            assert (second.status_code, second.json()["code"]) == (503, "UNAVAILABLE")
            assert second.headers["retry-after"] == "1"
            go_on.set()
            assert (await first).json()["accepted"] == 6
            assert await impressions(company, hierarchy) == 6
            assert (await post(company, body)).json()["accepted"] == 6
