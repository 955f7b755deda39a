"""Where the files are, the settings that they name, and what is said where a check cannot run."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from headwater.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = DEPLOY / "helm" / "headwater"
_VARIABLE = re.compile(r"\bHEADWATER_([A-Z][A-Z0-9_]*)\b")
# For those who put the files to use, not for the server.
_OF_TOOLS = {"EXTRAS", "KEY"}


def files(*endings: str) -> list[Path]:
    """All files under deploy/ that end like this."""
    return sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.name.endswith(endings))


def named_settings(text: str) -> set[str]:
    """The settings that a text names by their variables."""
    return {found.lower() for found in _VARIABLE.findall(text) if found not in _OF_TOOLS}


def known(names: set[str]) -> set[str]:
    """What of ``names`` is no setting."""
    return names - set(Settings.__struct_fields__)


def program(name: str, package: str) -> str:
    """A program of the system; where it is not there the check is skipped, and fails in continuous integration."""
    found = shutil.which(name)
    if found is None:
        cannot(f"NOT CHECKED: {name} is not installed (on Debian: apt-get install {package}).")
    return found


def cannot(reason: str) -> NoReturn:
    """Say that a check did not run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
