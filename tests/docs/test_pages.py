"""The documentation is true: generated pages are current, names exist, the tutorial runs as printed."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import PAGES
from headwater.settings import DESCRIPTIONS, Settings

ROOT = Path(__file__).parents[2]
WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_current(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name](), "run `make docs`"


def test_every_setting_is_described() -> None:
    assert tuple(DESCRIPTIONS) == Settings.__struct_fields__


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_named_in_words_exist(page: Path) -> None:
    for path in re.findall(
        r"`((?:headwater|tests|docs|benchmarks|changes|requirements)/[\w./-]*)`", page.read_text("utf-8")
    ):
        assert (ROOT / path).exists(), path


def test_make_targets_named_in_words_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in WRITTEN:
        for target in re.findall(r"`make ([a-z]+)", page.read_text("utf-8")):
            assert target in targets, f"{page}: make {target}"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.slow
def test_the_tutorial_runs_as_printed(tmp_path: Path) -> None:
    printed = _run(_blocks("tutorial.md", "sh"), tmp_path)
    asked = next(json.loads(line) for line in printed if "link_clicks" in line)
    assert asked == json.loads(_blocks("tutorial.md", "json")[0])
    assert (tmp_path / "april.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_creators_page_runs_as_printed(tmp_path: Path) -> None:
    # With the tutorial's server, login and key.
    printed = _run([*_blocks("tutorial.md", "sh")[:2], *_blocks("creators.md", "sh")], tmp_path)
    (series,) = next(json.loads(line)["data"]["series"] for line in printed if "points" in line)
    assert series["points"] == json.loads(_blocks("creators.md", "json")[0])


def _blocks(page: str, kind: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def _run(steps: list[str], folder: Path) -> list[str]:
    """The lines that a page's commands print; the first of them starts the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = f"{Path(sys.executable).parent / 'headwater'} serve --port {port} --data-dir mine &"
    assert ".venv/bin/headwater serve --data-dir mine &" in steps[0]
    first = steps[0].replace(".venv/bin/headwater serve --data-dir mine &", f"{start}\n{_wait(port)}")
    script = "set -eu\ntrap 'kill %1; wait' EXIT\n" + "\necho\n".join([first, *steps[1:]])
    done = subprocess.run(
        ["bash", "-c", script.replace("127.0.0.1:8000", f"127.0.0.1:{port}")],
        cwd=folder,
        env={**os.environ, "HEADWATER_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _wait(port: int) -> str:
    health = f"http://127.0.0.1:{port}/api/v1/health"
    return f"for i in $(seq 200); do curl -sf {health} > health.json && break; sleep 0.2; done"
