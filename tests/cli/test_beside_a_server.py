"""Commands beside a running server: those that need the facts are refused, the others take effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.beside import Running, eventually, running
from tests.cli.place import EMAIL, found, lines, run
from tests.serving import PASSWORD, event


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(found(tmp_path_factory.mktemp("beside") / "data")) as one:
        yield one


@pytest.fixture
def log(server: Running, tmp_path: Path) -> Path:
    path = tmp_path / "log.ndjson"
    path.write_bytes(lines(event(server.place.entities.creative, id="r1")))
    return path


def test_what_needs_the_facts_is_refused_in_words(server: Running, log: Path) -> None:
    for done in (server.place.run("import ad-events", log), server.place.run("rollup")):
        assert (done.code, done.out) == (1, "")
        assert "is in use by another process" in done.err
        assert done.err.count("\n") == 1


@pytest.mark.parametrize(("plan", "expected"), [("growth", "10000"), ("enterprise", None)])
def test_a_plan_takes_effect_soon(plan: str, expected: str | None, server: Running) -> None:
    def limit() -> str | None:
        return server.client.get("/api/v2/workspaces").headers.get("x-ratelimit-limit")

    assert limit() != expected
    assert server.place.run("plan set", "Acme", plan).code == 0
    eventually(limit, lambda shown: shown == expected)


def test_a_key_is_good_at_once_and_refused_soon_after_it_is_revoked(server: Running) -> None:
    secret = server.place.run("keys create", "--name", "beside").out.strip()

    def status() -> int:
        headers = {"authorization": f"Bearer {secret}"}
        return server.client.get("/api/v2/workspaces", headers=headers).status_code

    assert status() == 200
    listed = server.place.run("keys list").out.splitlines()
    (key_id,) = [line.split()[0] for line in listed if " beside " in line]
    assert server.place.run("keys revoke", key_id).out == f"Revoked {key_id}.\n"
    eventually(status, lambda code: code == 401)


def test_rotated_secrets_take_effect_and_keep_everybody_signed_in_unless_asked_not_to(server: Running) -> None:
    def sign_in() -> dict[str, str]:
        answer = server.client.post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['token']}"}

    def status(headers: dict[str, str]) -> int:
        return server.client.get("/api/v1/auth/me", headers=headers).status_code

    before = sign_in()
    done = server.place.run("secrets rotate")
    assert done.code == 0, done.err
    assert "Rotated. Stored secrets encrypted anew: 1. Access tokens of before are good until" in done.out
    between = sign_in()
    assert [status(before), status(between)] == [200, 200]
    assert "refused from now on" in server.place.run("secrets rotate", "--end-tokens").out
    after = sign_in()
    for ended in (before, between):
        eventually(lambda ended=ended: status(ended), lambda code: code == 401)
    assert status(after) == 200
    assert server.client.get("/api/v2/workspaces").status_code == 200


def test_explain_goes_as_far_as_the_statement(server: Running) -> None:
    path = f"/v2/aggregation-api/counts?resource=creative&id={server.place.entities.creative}"
    done = server.place.run("explain", path)
    assert done.code == 0, done.err
    assert "SELECT" in done.out
    assert "A server has the facts open" in done.out
    assert " ms" not in done.out


def test_doctor_says_what_it_could_not_look_at(server: Running) -> None:
    done = server.place.run("doctor")
    assert done.code == 0
    assert "?     facts: open in a running server; not looked at" in done.out


def test_import_goes_through_the_api(server: Running, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("ts,creative,component,event,id\n" + "2025-04-17,quiz,hello,component_impression,c1\n")
    remote = ("--url", server.url, "--key", server.place.key)
    refused = run("import", "ad-events", log, *remote)
    assert refused.code == 1
    assert "record 1: No creative has the external id 'quiz'" in refused.err

    create = ("--create-missing", "--workspace", server.place.entities.workspace)
    done = run("import", "ad-events", log, *remote, *create)
    assert done.out == "ad-events: 1 accepted, 0 duplicates, 0 rejected\n", done.err
    # Everything is found again, nothing is made twice.
    again = run("import", "ad-events", log, *remote, *create)
    assert again.out == "ad-events: 0 accepted, 1 duplicates, 0 rejected\n", again.err
    (quiz,) = [one for one in server.get("/api/v2/creatives")["data"] if one["external_id"] == "quiz"]
    flow = server.get("/v2/aggregation-api/flow", creative_id=quiz["id"])[str(quiz["id"])]
    assert [(step["content"], step["impressions"]) for step in flow] == [("hello", 1)]


def test_bad_records_are_listed_as_they_are_without_a_server(server: Running, tmp_path: Path) -> None:
    creative = server.place.entities.creative
    log = tmp_path / "log.ndjson"
    log.write_bytes(lines(event(creative, id="b1"), event(creative, "impresions")) + b"nonsense\n")
    remote = ("--url", server.url, "--key", server.place.key)
    aborted = run("import", "ad-events", log, *remote)
    assert aborted.code == 1
    assert "record 2: 'impresions' is not an event." in aborted.err
    assert "Stored until then: 0 accepted" in aborted.err
    skipped = run("import", "ad-events", log, *remote, "--on-error", "skip")
    assert (skipped.code, skipped.out) == (0, "ad-events: 1 accepted, 0 duplicates, 2 rejected\n")
    assert "record 3: The record is not valid JSON" in skipped.err


def test_a_key_that_is_not_good_is_said_to_be(server: Running, log: Path) -> None:
    done = run("import", "ad-events", log, "--url", server.url, "--key", "hw_live_nothing")
    assert done.code == 1
    assert "The credential is unknown, expired or revoked." in done.err


def test_snapshots_go_through_the_api_and_make_what_they_name(server: Running, tmp_path: Path) -> None:
    log, few = tmp_path / "log.csv", tmp_path / "few.csv"
    header = "at,video,creator,views,id\n"
    log.write_text(header + "".join(f"2025-04-17,v{n},c{n % 3},{n},r{n}\n" for n in range(120)))
    few.write_text(header + "2025-04-17,v1,c1,1,r1\n2025-04-17,v11,c2,11,r11\n")
    remote = ("--url", server.url, "--key", server.place.key)
    refused = run("import", "video-snapshots", few, *remote)
    assert "record 1: No video has the external id 'v1'." in refused.err
    done = run("import", "video-snapshots", log, *remote, "--create-missing", "--project", "Spring")
    assert done.out == "video-snapshots: 120 accepted, 0 duplicates, 0 rejected\n", done.err
    # Many are found in the whole list, a few by name, and nothing is made twice.
    for path, count in ((log, 120), (few, 2)):
        again = run("import", "video-snapshots", path, *remote, "--create-missing", "--project", "Spring")
        assert again.out == f"video-snapshots: 0 accepted, {count} duplicates, 0 rejected\n", again.err
    creators = {one["id"]: one["external_id"] for one in server.get("/api/v1/creators")["data"]}
    assert sorted(creators.values()) == ["c0", "c1", "c2"]
    (video,) = server.get("/api/v1/videos", external_id="v11")["data"]
    assert (creators[video["creator_id"]], video["view_count"]) == ("c2", 11)
    followers = tmp_path / "followers.csv"
    followers.write_text("at,creator,followers\n2025-04-17,c1,5\n")
    done = run("import", "creator-snapshots", followers, *remote)
    assert done.out == "creator-snapshots: 1 accepted, 0 duplicates, 0 rejected\n", done.err


def test_a_refusal_of_the_creators_routes_is_said_in_its_words(server: Running, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("at,creator,followers\n2025-04-17,new,5\n")
    reader = server.place.run("keys create", "--name", "reader", "--permissions", "read").out.strip()
    make = ("--create-missing", "--project", "Autumn")
    done = run("import", "creator-snapshots", log, "--url", server.url, "--key", reader, *make)
    assert done.code == 1
    assert "not as a Headwater server does" not in done.err
    assert "permission" in done.err
