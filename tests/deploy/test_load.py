"""The load profile runs against a real server, which answers all that it asks and takes all that it sends."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.crash.processes import Process, make_creatives, register
from tests.deploy.places import DEPLOY, program

pytestmark = pytest.mark.slow


def test_every_answer_is_a_good_one(tmp_path: Path) -> None:
    wrk = program("wrk", "wrk")
    with Process(tmp_path / "data", jobs="false") as process:
        headers = register(process)
        _, creatives = make_creatives(process, headers, 3)
        said = {
            "HEADWATER_KEY": headers["authorization"].removeprefix("Bearer "),
            "CREATIVES": ",".join(map(str, creatives)),
            "FACTS": "0.2",
            "BATCH": "20",
        }
        command = [wrk, "-t1", "-c2", "-d1s", "-s", str(DEPLOY / "load" / "questions.lua"), process.url]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **said}, timeout=60)
        with process.client(headers) as client:
            ids = ",".join(map(str, creatives))
            stored = client.get(f"/v2/aggregation-api/counts?resource=creative&id={ids}").json()
    assert done.returncode == 0, done.stderr
    assert "was answered with" not in done.stdout
    assert "Non-2xx" not in done.stdout
    assert re.search(r"Requests/sec:\s+[1-9]", done.stdout)
    assert sum(one["impressions"] for one in stored.values()) > 0
