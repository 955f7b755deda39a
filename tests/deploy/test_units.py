"""systemd's own reading of the units, and how much they lock the processes in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.places import DEPLOY, program

UNITS = ["headwater.service", "headwater-api@.service", "headwater-worker.service"]
PROGRAM = "/opt/headwater/.venv/bin/headwater"


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit whose program is there."""
    text = (DEPLOY / "systemd" / request.param).read_text()
    assert f"ExecStart={PROGRAM} " in text
    path = tmp_path / request.param.replace("@.", "@8001.")
    path.write_text(text.replace(PROGRAM, str(Path(sys.executable).with_name("headwater"))))
    return path


def test_systemd_understands_every_line(unit: Path) -> None:
    analyze = program("systemd-analyze", "systemd")
    done = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_processes_are_locked_in(unit: Path) -> None:
    analyze = program("systemd-analyze", "systemd")
    judged = [analyze, "security", "--offline=true", "--threshold=16", "--no-pager", str(unit)]
    done = subprocess.run(judged, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-500:]
