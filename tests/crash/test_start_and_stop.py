"""Promise: a start that cannot work says why in one sentence, and an orderly stop loses and breaks off nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.crash.processes import PROGRAM, HalfSent, Process, environment, make_creatives, register


def serve(folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Try to start; the server must refuse."""
    command = [str(PROGRAM), "serve", "--data-dir", str(folder)]
    return subprocess.run(
        command, env=environment(**{"port": 0, **settings}), capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"qery_timeout": 5},
            "headwater: Unknown setting 'qery_timeout'. Did you mean 'query_timeout'? All settings: docs/settings.md.",
        ),
        ({"query_timeout": "soon"}, "headwater: Settings: "),
        ({"config": "/nowhere.toml"}, "headwater: HEADWATER_CONFIG names /nowhere.toml, which does not exist."),
    ],
)
def test_a_wrong_setting_stops_the_start(tmp_path: Path, settings: dict[str, object], sentence: str) -> None:
    tried = serve(tmp_path / "data", **settings)
    assert tried.returncode == 1
    assert tried.stderr.startswith(sentence)
    assert len(tried.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_an_address_where_somebody_listens_stops_the_start(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        port = process.url.rpartition(":")[2]
        tried = serve(tmp_path / "other", port=port)
    assert tried.returncode == 1
    assert tried.stderr.startswith(f"headwater: The server cannot listen on 127.0.0.1, port {port}: ")
    assert len(tried.stderr.strip().splitlines()) == 1


def test_stopping_answers_what_is_under_way(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Process(folder) as process:
        headers = register(process)
        campaign, (creative,) = make_creatives(process, headers, 1)
        last = HalfSent(process, headers, creative)
        # Another request after it: what was sent before is known to have arrived.
        with process.client() as client:
            assert client.get("/api/v1/health").status_code == 200
        process.child.terminate()
        answer = last.finish()
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"accepted":1' in answer
        assert process.child.wait(30) == 0
    with Process(folder) as process:
        params = {"resource": "campaign", "id": campaign, "metric": "impressions"}
        with process.client(headers) as client:
            counts = client.get("/v2/aggregation-api/counts", params=params)
        assert counts.json() == {str(campaign): {"impressions": 1}}
        assert process.terminate() == 0


def test_a_server_whose_files_were_queried_stops_when_it_is_told(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        _query_files(process)
        assert process.terminate() == 0


@pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="only Linux says whose child a process is"
)
def test_what_a_killed_server_began_ends_with_it(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as process:
        _query_files(process)
        everybody = [process.child.pid, *_below(process.child.pid)]
        begun = [pid for pid in everybody if "multiprocessing.spawn" in _command(pid)]
        assert begun
        for pid in set(everybody) - set(begun):
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 30
        while any(_command(pid) for pid in begun):
            assert time.monotonic() < until, "they wait for work that nobody can give them"
            time.sleep(0.1)


def _query_files(process: Process) -> None:
    headers = register(process)
    with process.client(headers) as client:
        files = [("file", ("orders.csv", b"id\n1\n2\n"))]
        made = client.post("/api/v1/data-sources/upload", data={"source_name": "Shop"}, files=files)
        query = {"connection_id": made.json()["data_source"]["connection_id"], "query": "SELECT id FROM orders"}
        assert client.post("/api/v1/data-sources/query", json=query).json()["row_count"] == 2


def _below(pid: int) -> list[int]:
    """The processes that this one began, and those that they did."""
    own: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread may end while it is asked.
        with suppress(OSError):
            own += map(int, (task / "children").read_text().split())
    return [*own, *(one for child in own for one in _below(child))]


def _command(pid: int) -> str:
    """How a process was begun; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def test_a_server_that_drains_is_not_ready_and_goes_on_answering(tmp_path: Path) -> None:
    with Process(tmp_path / "data", drain_seconds=2) as process:
        headers = register(process)
        process.child.terminate()
        with process.client(headers) as client:
            while client.get("/health/ready").status_code == 200:
                assert process.child.poll() is None
            assert client.get("/health/live").status_code == 200
            assert client.get("/api/v2/workspaces").status_code == 200
        assert process.child.wait(30) == 0


def test_a_server_that_drains_while_it_starts_ends_in_order(tmp_path: Path) -> None:
    """Its process has no ear for the word yet."""
    folder = tmp_path / "data"
    command = [str(PROGRAM), "serve", "--port", "0", "--data-dir", str(folder)]
    with subprocess.Popen(command, env=environment(drain_seconds=4), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Headwater at ")
        while not (folder / "control.db").exists():
            assert process.poll() is None
        process.terminate()
        assert process.wait(30) == 0
        assert "Unexpected exit" not in process.stderr.read()


def test_a_start_without_its_stores_says_so_without_a_traceback(tmp_path: Path) -> None:
    tried = serve(tmp_path / "data", facts_url="clickhouse://127.0.0.1:9/x")
    assert tried.returncode == 1
    said = tried.stdout + tried.stderr
    assert "The fact store does not answer." in said
    assert "Traceback" not in said
    wrong = serve(tmp_path / "data", facts_url="clickhouse://127.0.0.1:9/x?sharded=true")
    assert wrong.stderr.startswith("headwater: The setting 'facts_url' is not as it should be: with sharded=true")


def test_a_second_word_ends_a_drain(tmp_path: Path) -> None:
    with Process(tmp_path / "data", drain_seconds=600) as process, process.client() as client:
        process.child.terminate()
        while client.get("/health/ready").status_code == 200:
            assert process.child.poll() is None
        assert process.terminate() == 0


def test_one_process_is_not_replaced_by_another(tmp_path: Path) -> None:
    """They could not both have the facts."""
    with Process(tmp_path / "data") as process, process.client() as client:
        process.child.send_signal(signal.SIGHUP)
        assert client.get("/health/ready").status_code == 200
        assert process.terminate() == 0


@pytest.mark.parametrize("command", [["serve", "--workers", "2"], ["worker"]])
def test_several_processes_need_shared_stores(tmp_path: Path, command: list[str]) -> None:
    folder = tmp_path / "data"
    with Process(folder) as process:
        process.terminate()
    tried = subprocess.run(
        [str(PROGRAM), *command, "--data-dir", str(folder)],
        env=environment(), capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert tried.returncode == 1
    assert "without facts_url facts are in DuckDB, which one process has to itself" in tried.stderr
    assert "Set HEADWATER_FACTS_URL and HEADWATER_CACHE_URL." in tried.stderr
