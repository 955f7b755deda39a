"""A misspelt setting in a deployment file would stop the start: every name is one of ``headwater/settings.py``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.deploy.places import CHART, DEPLOY, files, known, named_settings

EVERY = [path for path in files("") if path.suffix not in (".json", ".lua")]


@pytest.mark.parametrize("path", EVERY, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_variable_is_a_setting(path: Path) -> None:
    assert not known(named_settings(path.read_text("utf-8")))


def test_every_setting_of_the_chart_is_one() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    assert not known({*values["settings"], *values["secretSettings"]})


def test_settings_are_found_where_they_stand() -> None:
    assert {"facts_url", "jobs"} <= named_settings((DEPLOY / "compose.scaled.yaml").read_text("utf-8"))
    assert known({"fact_url"}) == {"fact_url"}


def test_every_extra_is_pinned() -> None:
    root = DEPLOY.parent
    extras = set(tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]) - {"dev"}
    pinned = {path.stem.removeprefix("extra-") for path in (root / "requirements").glob("extra-*.txt")}
    assert pinned == extras, "run `make requirements` with the extras in the Makefile's EXTRAS"
    said = re.search(r"^EXTRAS := (.*)$", (root / "Makefile").read_text(), re.MULTILINE)
    assert said
    assert set(said[1].split()) == extras


def test_pins_of_extras_agree() -> None:
    pins: dict[str, set[str]] = {}
    for path in (DEPLOY.parent / "requirements").glob("extra-*.txt"):
        for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE):
            pins.setdefault(name, set()).add(version)
    assert not {name: versions for name, versions in pins.items() if len(versions) > 1}
