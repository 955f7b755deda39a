"""``headwater import`` of facts about decisions, whose ids are the sender's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from headwater.catalogue.decisions import DECISION_DATASETS
from tests.cli.beside import running
from tests.cli.place import Outcome, Place, lines, run

AT = "2025-04-20T10:00:00Z"
LOG = """at,customer_id,offer_id,channel_id,outcome,revenue,offer_name,category,channel_name,channel_type
2025-04-20T10:00:00Z,c1,off_1,ch_1,impression,,Gold card,cat_1,Website,web
2025-04-20T10:01:00Z,c1,off_1,ch_1,convert,12.5,,,,
2025-04-20T10:02:00Z,c2,off_2,ch_1,impression,,,,,
"""
MAKE = "--create-missing"
TRACE = {
    "at": AT,
    "customer_id": "c1",
    "channel_id": "ch_1",
    "decision_flow_id": "flow_1",
    "candidates": ["off_1", "off_9"],
    "scoring_results": [{"offer_id": "off_1", "score": 0.5, "rank": 1, "model_id": "model_1"}],
    "selected_offers": [{"offer_id": "off_1", "rank": 1}],
}
RECORDS: dict[str, dict[str, Any]] = {
    "interactions": {"at": AT, "customer_id": "c1", "offer_id": "off_1", "channel_id": "ch_1", "outcome": "click"},
    "decision-traces": TRACE,
    "attribution-results": {"at": AT, "model": "linear", "offer_id": "off_1", "value": 3},
    "model-metrics": {"at": AT, "model_id": "model_1", "auc": 0.75, "feature_importance": {"age": 0.5}},
    "suppressions": {"at": AT, "customer_id": "c1", "channel_id": "ch_1", "policy_type": "opt_out"},
    "run-latencies": {"at": AT, "duration_ms": 12},
    "segment-members": {"segment_id": "seg_1", "customer_id": "c1"},
}


def written(folder: Path, content: str | bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def stored(done: Outcome) -> str:
    """The summary of an import that had nothing to say but that."""
    assert (done.code, done.err) == (0, ""), done.err
    return done.out.strip()


def named(place: Place, path: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in place.ask(f"/api/v1/{path}")["data"]}


def test_every_dataset_can_be_imported_and_what_it_names_is_made(place: Place, tmp_path: Path) -> None:
    assert RECORDS.keys() == {dataset.name for dataset in DECISION_DATASETS}
    for name, record in RECORDS.items():
        path = written(tmp_path, lines(record), f"{name}.ndjson")
        assert stored(place.run(f"import {name}", path, MAKE)) == f"{name}: 1 accepted, 0 duplicates, 0 rejected"
        # What was made is found again, and what is there needs nothing.
        assert stored(place.run(f"import {name}", path, MAKE)).startswith(f"{name}: 1 accepted")
        assert stored(place.run(f"import {name}", path)).startswith(f"{name}: 1 accepted")
    assert named(place, "offers").keys() == {"off_1", "off_9"}
    assert named(place, "decision-flows")["flow_1"]["key"] == "flow_1"
    assert named(place, "algorithm-models").keys() == {"model_1"}
    assert named(place, "segments")["seg_1"]["memberCount"] == 1
    (trace, *_) = place.ask("/api/v1/decision-traces", offerId="off_9")["data"]
    assert trace["customerId"] == "c1"


def test_what_is_made_is_called_as_its_first_record_says(place: Place, tmp_path: Path) -> None:
    log = written(tmp_path, LOG, "log.csv")
    assert stored(place.run("import interactions", log, MAKE)) == "interactions: 3 accepted, 0 duplicates, 0 rejected"
    offers = named(place, "offers")
    assert {one: (row["name"], row["status"], row["categoryId"]) for one, row in offers.items()} == {
        "off_1": ("Gold card", "active", "cat_1"),
        "off_2": ("off_2", "active", None),
    }
    channels = named(place, "channels")
    assert (channels["ch_1"]["name"], channels["ch_1"]["channelType"]) == ("Website", "web")
    assert named(place, "categories")["cat_1"]["name"] == "cat_1"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_lists_in_cells_are_json(place: Place, tmp_path: Path, suffix: str) -> None:
    table = pa.table({name: [json.dumps(one) if isinstance(one, list) else one] for name, one in TRACE.items()})
    path = tmp_path / f"traces.{suffix}"
    (pv.write_csv if suffix == "csv" else pq.write_table)(table, path)
    assert stored(place.run("import decision-traces", path, MAKE)).startswith("decision-traces: 1 accepted")
    assert named(place, "offers").keys() == {"off_1", "off_9"}


def test_what_is_missing_is_said_with_how_to_make_it(place: Place, tmp_path: Path) -> None:
    log = written(tmp_path, LOG, "log.csv")
    refused = place.run("import interactions", log)
    assert refused.code == 1
    assert f"{log}: record 1: offer_id off_1 names no offer that exists." in refused.err
    assert "Make offers with POST /api/v1/offers first, under the ids that the records have" in refused.err
    assert refused.err.count("or let --create-missing make them.") == 2

    odd = written(tmp_path, lines({**RECORDS["interactions"], "outcome": "seen", "creative_id": "cr_1"}), "odd.ndjson")
    refused = place.run("import interactions", odd, MAKE)
    assert refused.code == 1
    assert "Make outcome types with POST /api/v1/outcome-types first" in refused.err
    assert "Make creatives with POST /api/v1/creatives first, under the ids that the records have." in refused.err
    assert "--create-missing" not in refused.err


def test_what_cannot_be_an_id_is_a_bad_record(place: Place, tmp_path: Path) -> None:
    records = [{**RECORDS["interactions"], "offer_id": one} for one in ("off 1", "off_1")]
    path = written(tmp_path, lines(*records), "log.ndjson")
    done = place.run("import interactions", path, MAKE, "--on-error", "skip")
    assert done.out.strip() == "interactions: 1 accepted, 0 duplicates, 1 rejected"
    assert "record 1: offer 'off 1' cannot be made" in done.err
    assert named(place, "offers").keys() == {"off_1"}


@pytest.mark.parametrize("place_option", ["--workspace", "--project"])
def test_places_of_other_entities_are_refused(place: Place, tmp_path: Path, place_option: str) -> None:
    log = written(tmp_path, LOG, "log.csv")
    refused = place.run("import interactions", log, MAKE, place_option, "1")
    assert refused.code == 1
    assert "interactions name neither" in refused.err


@pytest.mark.slow
def test_a_running_server_is_told_the_same(place: Place, tmp_path: Path) -> None:
    log = written(tmp_path, LOG, "log.csv")
    with running(place) as server:
        there = ("--url", server.url, "--key", place.key)
        refused = run("import", "interactions", log, *there)
        assert refused.code == 1
        for _ in range(2):
            done = run("import", "interactions", log, MAKE, *there)
            assert done.out.strip() == "interactions: 3 accepted, 0 duplicates, 0 rejected", done.err
        # An archived offer is in no list, but facts can name it.
        assert server.client.delete("/api/v1/offers/off_2").status_code < 300
        assert run("import", "interactions", log, MAKE, *there).code == 0
        assert {row["id"] for row in server.get("/api/v1/offers")["data"]} == {"off_1"}
