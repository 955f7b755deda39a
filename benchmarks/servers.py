"""Starts what is measured: the bare ASGI app and this server, each on the first core."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from starlette.types import Receive, Scope, Send

BODY = b'{"386":{"impressions":53,"started":4,"interacted":9}}'
_BIN = Path(sys.executable).parent
# Whether bytecode is kept is the user's affair; a measurement of the start wants it kept, as it is by default.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """The least an ASGI application can do."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = _body(scope["path"])
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@cache
def _body(path: str) -> bytes:
    """A few bytes, or at ``/n`` so many."""
    return b" " * int(path[1:]) if path[1:] else BODY


def pinned(core: str) -> list[str]:
    """The words that keep a command on a core, where the system has them."""
    return ["taskset", "-c", core] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def bare_app() -> Iterator[str]:
    """The floor for requests a second."""
    port = free_port()
    command = [str(_BIN / "granian"), "--interface", "asgi", "--loop", "uvloop", "--log-level", "warning"]
    with _running([*pinned("0"), *command, "--port", str(port), "benchmarks.servers:bare"], port, "/") as _:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def headwater(
    data_dir: Path, cores: str = "0", *, jobs: bool = True, demo: bool = False, cache_url: str = ""
) -> Iterator[tuple[str, int, float]]:
    """This server over ``data_dir``: its address, its process id, seconds until it was healthy.

    Without ``jobs`` it does nothing but answer: on a first start the work of last night is still to be done.
    ``BENCHMARK_HEADWATER`` may name the command of another environment, such as one without development packages.
    """
    port = free_port()
    began = time.perf_counter()
    program = os.environ.get("BENCHMARK_HEADWATER", str(_BIN / "headwater"))
    command = [program, "serve", "--port", str(port), "--data-dir", str(data_dir), *(["--demo"] if demo else [])]
    settings = {"HEADWATER_JOBS": str(jobs).lower(), "HEADWATER_CACHE_URL": cache_url}
    with _running([*pinned(cores), *command], port, "/api/v1/health", **settings) as pid:
        yield f"http://127.0.0.1:{port}", pid, time.perf_counter() - began


@contextmanager
def _running(command: list[str], port: int, path: str, **settings: str) -> Iterator[int]:
    environment = {**_ENVIRONMENT, **settings}
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent, env=environment, start_new_session=True)
    try:
        _wait(process, f"http://127.0.0.1:{port}{path}")
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(3000):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{url} did not answer")


def memory_mib(pid: int) -> float:
    """Resident memory of a process and its children, in MiB (shared pages counted once: PSS)."""
    pids = [pid]
    for one in pids:
        children = Path(f"/proc/{one}/task/{one}/children")
        pids += [int(child) for child in children.read_text().split()] if children.exists() else []
    total = 0
    for one in pids:
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024
