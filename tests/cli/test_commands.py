"""The commands on the data directory of a stopped server, and what all commands have in common."""

from __future__ import annotations

import asyncio
from pathlib import Path

import duckdb
import pytest

from headwater.cli.main import COMMANDS, Commands
from tests.cli.place import Place, lines, run
from tests.serving import event, serving


def _commands() -> list[str]:
    names = []
    for name in COMMANDS:
        command = Commands().get_command(None, name)
        names += [f"{name} {below}" for below in getattr(command, "commands", {})] or [name]
    return names


@pytest.mark.parametrize("command", _commands())
def test_the_help_of_every_command_shows_an_example(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.code == 0
    assert "Example" in done.out
    assert f"headwater {command}" in " ".join(done.out.split())


@pytest.mark.parametrize(
    "command", ["keys list", "plan list", "rollup", "prune", "doctor", "explain /v2/x", "secrets rotate"]
)
def test_a_folder_without_data_is_refused_and_left_alone(command: str, tmp_path: Path) -> None:
    done = run(*command.split(), "--data-dir", tmp_path / "nowhere")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("headwater: There is no Headwater data in")
    assert not (tmp_path / "nowhere").exists()


def test_a_setting_that_is_unknown_is_one_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_PORTT", "1")
    done = place.run("plan list")
    assert done.code == 1
    assert done.err.startswith("headwater: Unknown setting 'portt'.")
    assert done.err.count("\n") == 1


def test_a_key_is_shown_once_and_works(place: Place) -> None:
    done = place.run("keys create", "--name", "import", "--permissions", "read, write", "--org", place.organisation_id)
    secret = done.out.strip()
    assert secret.startswith("hw_live_")
    listed = place.run("keys list", "--org", "Acme").out
    assert secret not in listed
    (line,) = [line for line in listed.splitlines() if " import " in line]
    assert f"{secret[:14]}…" in line
    assert "read,write" in line
    assert Place(place.folder, secret, place.organisation_id, place.entities).ask("/api/v2/workspaces")["total"] == 2


def test_a_key_that_cannot_be_made_or_found_is_refused(place: Place) -> None:
    assert (
        "'raed' is not a permission. Did you mean 'read'?"
        in place.run("keys create", "--name", "x", "--permissions", "raed").err
    )
    assert "There is no API key 'key_x'." in place.run("keys revoke", "key_x").err


def test_the_organisation_must_be_named_where_there_are_several(tmp_path: Path) -> None:
    async def two() -> None:
        async with serving(tmp_path / "data") as server:
            await server.company("Acme")
            await server.company("Bolt")

    asyncio.run(two())
    done = run("keys", "list", "--data-dir", tmp_path / "data")
    assert done.code == 1
    assert "Name the organisation with --org. There are: 1 (Acme), 2 (Bolt)." in done.err


def test_plans_are_listed_and_given(place: Place) -> None:
    listed = place.run("plan list").out.splitlines()
    assert [line.split()[0] for line in listed[1:]] == ["free", "starter", "growth", "enterprise"]
    assert listed[-1].split()[1:4] == ["unlimited", "unlimited", "50,000"]
    done = place.run("plan set", place.organisation_id, "free")
    assert done.out == "Acme (organisation 1) now has the plan free.\n"
    refused = place.run("plan set", "Acme", "fre")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "headwater: There is no plan 'fre'. Did you mean 'free'?\n"


def test_explain_shows_every_stop(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    creative = place.entities.creative
    log.write_bytes(lines(event(creative), event(creative, ts="2025-04-18")))
    place.run("import ad-events", log)
    path = (
        f"/v2/aggregation-api/buckets?resource=creative&id[]={creative},999999&metric=impressions&time_frame=day"
        "&time_from=2025-04-17T09:15:00Z&time_to=2025-04-20"
    )
    for url in (path, f"http://127.0.0.1:8000{path}"):
        done = place.run("explain", url)
        assert done.code == 0, done.err
        heads = [line for line in done.out.splitlines() if not line.startswith("  ")]
        assert heads == ["Question", "Entities", "Metrics", "Plan", "SQL", "Args", "Answer"]
        assert f"ad-events: impressions of creative {creative}, 999999" in done.out
        assert "1 of 2 ids do not exist in this organisation." in done.out
        assert "ad_event (raw facts): from 2025-04-17 09:15:00 UTC to before 2025-04-17 10:00:00 UTC" in done.out
        assert "ad_day: from 2025-04-18 00:00:00 UTC to before 2025-04-21 00:00:00 UTC" in done.out
        assert "2 rows in" in done.out


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/v2/aggregation-api/count?id=1", "no GET /v2/aggregation-api/count"),
        ("/v2/aggregation-api/counts?resource=creative", "id[]"),
        ("/v2/aggregation-api/counts?resource=creative&id=1&metric=impresions", "Did you mean 'impressions'?"),
        ("/v2/aggregation-api/counts?resorce=creative&id=1", "Did you mean 'resource'?"),
        ("/api/v2/workspaces", "asks the facts nothing"),
        ("/api/v1/health", "asks the facts nothing"),
    ],
)
def test_explain_refuses_what_the_api_would(url: str, words: str, place: Place) -> None:
    done = place.run("explain", url)
    assert (done.code, done.out) == (1, "")
    assert words in done.err


def test_rollup_merges_what_waits(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    log.write_bytes(lines(event(place.entities.creative)))
    place.run("import ad-events", log)
    merged, _ = place.run("rollup").out.splitlines()
    assert merged.endswith("; 0 are left.")
    assert not merged.startswith("Merged 0 ")
    assert place.run("rollup").out.startswith("Merged 0 fresh rows into the rollups; 0 are left.\n")
    assert place.impressions() == 1


def test_doctor_finds_a_rollup_that_is_not_the_raw_facts(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    log.write_bytes(lines(event(place.entities.creative), event(place.entities.creative, "seconds_in_view", value=1.1)))
    place.run("import ad-events", log)
    sound = place.run("doctor")
    assert sound.code == 0, sound.out
    assert "ok    ad-events of organisation 1: rollups say what the raw facts say (1 impressions)" in sound.out
    place.run("rollup")
    with duckdb.connect(str(place.folder / "facts.duckdb")) as facts:
        facts.execute("UPDATE ad_hour SET impressions = 2")
    broken = place.run("doctor")
    assert broken.code == 1
    assert "WRONG ad-events of organisation 1: rollups differ from the raw facts in ad_hour.impressions" in broken.out


def test_doctor_finds_a_folder_that_others_may_read(place: Place) -> None:
    assert "ok    only for its owner: yes" in place.run("doctor").out
    place.folder.chmod(0o755)
    done = place.run("doctor")
    assert done.code == 1
    assert "WRONG only for its owner: no" in done.out


def test_doctor_shows_no_password(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_SMTP_HOST", "mail.example")
    monkeypatch.setenv("HEADWATER_SMTP_PASSWORD", "very-secret")
    shown = place.run("doctor")
    assert "smtp_host=mail.example, smtp_password=…" in shown.out
    assert "very-secret" not in shown.out + shown.err
