"""``headwater import`` into the data directory of a stopped server."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from headwater.cli.importing import batches
from tests.cli.place import Place, lines, run
from tests.serving import event

FIELDS = "ts,creative_id,event,id"


def _file(folder: Path, content: bytes, name: str = "log.ndjson") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _csv(folder: Path, header: str, *rows: str) -> Path:
    return _file(folder, "\n".join([header, *rows]).encode(), "log.csv")


def test_files_of_several_formats_are_stored_once(place: Place, tmp_path: Path) -> None:
    creative = place.entities.creative
    row = f"2025-04-17T09:30:00Z,{creative},impressions,r1"
    files = [
        _csv(tmp_path, FIELDS, row, f"2025-04-18,{creative},impressions,r2"),
        _file(tmp_path, gzip.compress(lines(event(creative, id="r1"), event(creative, id="r3"))), "more.ndjson.gz"),
    ]
    done = place.run("import ad-events", *files)
    assert (done.code, done.err) == (0, "")
    assert done.out == "ad-events: 3 accepted, 1 duplicates, 0 rejected\n"
    again = place.run("import ad-events", *files)
    assert again.out == "ad-events: 0 accepted, 4 duplicates, 0 rejected\n"
    assert place.impressions() == 3


def test_columns_are_renamed_filled_in_and_missing_entities_made_where_the_file_says(
    place: Place, tmp_path: Path
) -> None:
    log = _csv(
        tmp_path,
        "when,ad,campaign,creative_group,shop",
        "2025-04-17 10:00:00,banner,spring,300x250,a.example",
        "2025-04-17 11:00:00,banner,spring,300x250,b.example",
        "2025-04-17 12:00:00,teaser,spring,,a.example",
        "2025-04-17 13:00:00,poster,,,a.example",
    )
    options = ("--map", "when=ts", "--map", "ad=creative", "--map", "shop=domain", "--set", "event=impressions")
    refused = place.run("import ad-events", log, *options)
    assert refused.code == 1
    assert f"{log}: record 1: No creative has the external id 'banner'. --create-missing makes it." in refused.err

    done = place.run("import ad-events", log, *options, "--create-missing", "--workspace", place.entities.workspace)
    assert (done.code, done.out) == (0, "ad-events: 4 accepted, 0 duplicates, 0 rejected\n")
    tree = {
        campaign["name"]: {
            group["name"]: [one["name"] for one in group["creatives"]] for group in campaign["creativeGroups"]
        }
        for campaign in place.ask("/api/v2/campaigns/data_tree")["data"]
    }
    assert tree.pop("Winter campaign")
    assert tree == {
        "spring": {"300x250": ["banner"], "Imported": ["teaser"]},
        "Imported": {"Imported": ["poster"]},
    }
    place.run("import ad-events", log, *options)
    creatives = place.ask("/api/v2/creatives")["data"]
    assert len(creatives) == 5
    banner = next(one["id"] for one in creatives if one["external_id"] == "banner")
    span = {"time_from": "2025-04-17", "time_to": "2025-04-17"}
    rows = place.ask("/v2/aggregation-api/domains", resource="creative", id=banner, **span)[str(banner)]
    assert [(row["domain"], row["impressions"]) for row in rows] == [("a.example", 2), ("b.example", 2)]


def test_components_are_named_by_external_id_too(place: Place, tmp_path: Path) -> None:
    shown = {"ts": "2025-04-17", "creative": "quiz", "event": "component_impression"}
    log = _file(
        tmp_path, lines(shown | {"component": "hello"}, shown | {"component": "bye"}, shown | {"component": "hello"})
    )
    done = place.run("import ad-events", log, "--create-missing", "--workspace", place.entities.workspace)
    assert done.out == "ad-events: 3 accepted, 0 duplicates, 0 rejected\n", done.err
    (quiz,) = [one["id"] for one in place.ask("/api/v2/creatives")["data"] if one["external_id"] == "quiz"]
    flow = place.ask("/v2/aggregation-api/flow", creative_id=quiz)[str(quiz)]
    assert [(step["content"], step["impressions"]) for step in flow] == [("hello", 2), ("bye", 1)]


def test_a_component_of_a_creative_that_does_not_exist_is_a_bad_record(place: Place, tmp_path: Path) -> None:
    record = event(999_999, "component_impression", component="hello")
    done = place.run(
        "import ad-events", _file(tmp_path, lines(record)), "--create-missing", "--workspace", place.entities.workspace
    )
    assert done.code == 1
    assert "record 1: No component has the external id 'hello'." in done.err


def test_skip_stores_the_good_records_and_lists_the_others_by_number(place: Place, tmp_path: Path) -> None:
    creative = place.entities.creative
    log = _csv(
        tmp_path,
        "ts,creative_id,event,creative,note",
        f"2025-04-17,{creative},impressions,,x",
        f"2025-04-17,{creative}",
        f"2025-04-17,{creative},impresions,,x",
        "2025-04-17,,impressions,nobody,x",
        f"2025-04-17,{creative},impressions,nobody,x",
        f"2025-04-17,{creative},impressions,,x",
    )
    done = place.run("import ad-events", log, "--on-error", "skip", "--map", "shop=domain")
    assert done.code == 0
    assert done.out == "ad-events: 2 accepted, 0 duplicates, 4 rejected\n"
    listed = done.err.splitlines()
    assert [line.split(": ")[1] for line in listed[:4]] == ["record 2", "record 3", "record 4", "record 5"]
    assert "The row has 2 cells; the header has 5." in listed[0]
    assert "Did you mean 'impressions'?" in listed[1]
    assert "No creative has the external id 'nobody'" in listed[2]
    assert "both given" in listed[3]
    assert "note" in listed[4]
    assert "--map: no record has a column 'shop'." in listed[5]
    assert place.impressions() == 2


def test_abort_says_exactly_what_was_stored_before(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_RECORDS", 2)
    creative = place.entities.creative
    good = [event(creative, id=f"r{number}") for number in range(5)]
    log = _file(tmp_path, lines(*good[:3], event(creative, "impresions"), good[4]))
    done = place.run("import ad-events", log)
    assert (done.code, done.out) == (1, "")
    first, last = done.err.splitlines()
    assert first.startswith(f"{log}: record 4: 'impresions' is not an event.")
    assert last == (
        f"headwater: {log}: 1 of the records 3 to 4 are refused, so none of these was stored. --on-error skip stores"
        " the good ones. Stored until then: 2 accepted, 0 duplicates, 0 rejected."
    )
    assert place.impressions() == 2
    mended = place.run("import ad-events", _file(tmp_path, lines(*good)))
    assert mended.out == "ad-events: 3 accepted, 2 duplicates, 0 rejected\n"


def test_batches_are_also_cut_by_size(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_BYTES", 100)
    creative = place.entities.creative
    log = _file(tmp_path, lines(*[event(creative)] * 3, event(creative, "impresions")))
    assert "the records 3 to 4" in place.run("import ad-events", log).err


def test_standard_input_needs_a_format(place: Place) -> None:
    body = lines(event(place.entities.creative))
    refused = place.run("import ad-events", "-", stdin=body)
    assert (refused.code, refused.out) == (1, "")
    assert "Standard input needs --format" in refused.err
    folded = place.run("import ad-events", "-", "--format", "ndjson", stdin=gzip.compress(body))
    assert folded.out == "ad-events: 1 accepted, 0 duplicates, 0 rejected\n"


def test_what_was_stored_of_a_damaged_file_is_said(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_RECORDS", 1)
    body = _csv(tmp_path, FIELDS, f"2025-04-17,{place.entities.creative},impressions,r1", '2025-04-17,"open')
    done = place.run("import ad-events", body)
    assert done.code == 1
    assert done.err.startswith(f"headwater: {body}: The CSV cannot be read")
    assert done.err.endswith("Stored until then: 1 accepted, 0 duplicates, 0 rejected.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ad-event", "LOG"], "Did you mean 'ad-events'?"),
        (["ad-events", "missing.csv"], "missing.csv is not a file"),
        (["ad-events", "LOG", "--map", "when=time"], "there is no field 'time'"),
        (["ad-events", "LOG", "--map", "when"], "must be column=field"),
        (["ad-events", "LOG", "--map", "a=ts", "--map", "b=ts"], "'ts' is given twice"),
        (["ad-events", "LOG", "--set", "event"], "must be field=value"),
        (["ad-events", "LOG", "--set", "evnt=impressions"], "Did you mean 'event'?"),
        (["ad-events", "LOG", "--url", "http://127.0.0.1:1"], "--url and --key go together"),
        (["ad-events", "LOG", "--url", "http://127.0.0.1:1", "--key", "k"], "leave out --org and --data-dir"),
        (["ad-events", "LOG", "--workspace", "1"], "--create-missing"),
        (["ad-events", "LOG", "--create-missing", "--workspace", "999999"], "There is no workspace 999999"),
        (["ad-events", "LOG", "--create-missing"], "--workspace"),
        (["ad-events", "LOG", "--org", "Acne"], "There is no organisation 'Acne'"),
        (["ad-events", "-", "-", "--format", "csv"], "only once"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_stored(
    arguments: list[str], words: str, place: Place, tmp_path: Path
) -> None:
    log = str(_file(tmp_path, lines(event(place.entities.creative))))
    done = place.run("import", *(log if one == "LOG" else one for one in arguments))
    assert (done.code, done.out) == (1, "")
    assert words in done.err
    assert done.err.count("\n") == 1


def test_a_record_is_named_by_one_id_only_and_by_text(place: Place, tmp_path: Path) -> None:
    base: dict[str, Any] = {"ts": "2025-04-17", "event": "impressions"}
    log = _file(tmp_path, lines(base | {"creative": True}, base | {"creative": "x" * 256}))
    done = place.run(
        "import ad-events", log, "--on-error", "skip", "--create-missing", "--workspace", place.entities.workspace
    )
    assert "record 1: creative must be text or a whole number." in done.err
    assert "record 2: 'creative' must have 1 to 255 characters" in done.err


def test_a_folder_without_a_server_is_not_made_into_one(tmp_path: Path) -> None:
    log = _file(tmp_path, lines(event(1)))
    done = run("import", "ad-events", log, "--data-dir", tmp_path / "nowhere")
    assert (done.code, done.out) == (1, "")
    assert "There is no Headwater data in" in done.err
    assert not (tmp_path / "nowhere").exists()
