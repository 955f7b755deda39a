"""Requests a second on a kept answer beside the bare ASGI app, by wrk on a core of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import NamedTuple

from benchmarks.servers import pinned

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class Load(NamedTuple):
    """What wrk saw."""

    per_second: float
    p50_ms: float
    p99_ms: float


def load(url: str, connections: int, key: str | None = None, seconds: int = 5) -> Load:
    """Ask ``url`` for ``seconds`` over ``connections``."""
    if shutil.which("wrk") is None:
        raise SystemExit("The benchmark needs wrk (on Debian: apt-get install wrk).")
    header = ["-H", f"Authorization: Bearer {key}"] if key else []
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", *header, url]
    out = subprocess.run([*pinned("1"), *command], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out:
        raise SystemExit(f"{url} answered errors:\n{out}")
    return Load(_number(r"Requests/sec:\s+([\d.]+)", out), _millis("50%", out), _millis("99%", out))


def _number(pattern: str, text: str) -> float:
    match = re.search(pattern, text)
    return float(match[1]) if match else float("nan")


def _millis(name: str, text: str) -> float:
    match = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", text)
    return float(match[1]) * _UNITS[match[2]] if match else float("nan")
