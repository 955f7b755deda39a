"""A stand-in for a ClickHouse server: its HTTP interface in front of one chDB, which no two processes can share.

It knows what the client of the fact store sends, and no more: statements with settings and bound
values, inserts with their rows behind them, one user with a password. Facts are gone when it ends,
unless it is given a folder for them.

    python -m tests.facts_server 8123
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import chdb
import httpx
import lz4.frame
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.engines import free_port

USER, PASSWORD = "headwater", "of the tests"
_OF_THE_TRANSPORT = {
    "query",
    "database",
    "query_id",
    "session_id",
    "wait_end_of_query",
    "client_protocol_version",
    "enable_http_compression",
    "send_progress_in_http_headers",
    "http_headers_progress_interval_ms",
    "cancel_http_readonly_queries_on_client_close",
}
_OF_ONE_STATEMENT = ("log_comment", "max_execution_time")
_INSERT = re.compile(rb"\s*(INSERT INTO .+? )FORMAT (\w+)\s*$", re.DOTALL)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*$")
_CODE = re.compile(r"Code: (\d+)\.")
_REFUSED = 516
_PATIENCE = 60.0


class Asked(NamedTuple):
    """A statement, the rows behind it, the values bound to it and its settings."""

    sql: bytes
    rows: bytes
    values: Mapping[str, str]
    settings: Mapping[str, str]


class Engine:
    """The one engine; statements run beside each other, each on a handle with the settings that it came with."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._free: dict[frozenset[tuple[str, str]], list[Any]] = defaultdict(list)
        self._lock = threading.Lock()
        # It would go with its last handle.
        self._kept = chdb.connect(place)

    def run(self, asked: Asked) -> tuple[bytes, str]:
        """What a statement answers, and in which format."""
        with self._handle(asked.settings) as handle:
            found = _INSERT.match(asked.sql)
            if found and asked.rows:
                return _insert(handle, found, asked.rows), ""
            named = _FORMAT.search(asked.sql)
            if named:
                return handle.query(asked.sql, "TabSeparated", params=dict(asked.values)).bytes() or b"", "Native"
            # Statements that answer nothing do not even answer the names of columns.
            body = handle.query(asked.sql, "TabSeparatedWithNames", params=dict(asked.values)).bytes() or b""
            return body.partition(b"\n")[2], "TabSeparated" if body else ""

    @contextmanager
    def _handle(self, settings: Mapping[str, str]) -> Iterator[Any]:
        lasting = frozenset((name, value) for name, value in settings.items() if name not in _OF_ONE_STATEMENT)
        with self._lock:
            free = self._free[lasting]
            handle = free.pop() if free else None
        handle = handle or self._opened(lasting)
        for name in _OF_ONE_STATEMENT:
            value = _quoted(settings[name]) if name in settings else "DEFAULT"
            handle.query(f"SET {name} = {value}", "TabSeparated")
        try:
            yield handle
        finally:
            with self._lock:
                self._free[lasting].append(handle)

    def _opened(self, settings: frozenset[tuple[str, str]]) -> Any:
        handle = chdb.connect(self._place)
        # Nothing else can be set on one that is read-only.
        for name, value in sorted(settings, key=lambda one: one[0] == "readonly"):
            handle.query(f"SET {name} = {_quoted(value)}", "TabSeparated")
        return handle


def _insert(handle: Any, found: re.Match[bytes], rows: bytes) -> bytes:
    with tempfile.NamedTemporaryFile() as file:
        file.write(rows)
        file.flush()
        sql = f"{found[1].decode()} FROM INFILE {_quoted(file.name)} FORMAT {found[2].decode()}"
        handle.query(sql, "TabSeparated")
    return b""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


async def _asked(request: Request) -> Asked:
    given = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        given |= {name: str(value) for name, value in (await request.form()).items()}
        body = b""
    else:
        body = await request.body()
    if request.headers.get("content-encoding") == "lz4":
        body = lz4.frame.decompress(body)
    sql = given.get("query", "").encode()
    if not sql:
        first, _, rest = body.partition(b"\n")
        sql, body = (first, rest) if _INSERT.match(first) else (body, b"")
    values = {name.removeprefix("param_"): value for name, value in given.items() if name.startswith("param_")}
    settings = {
        name: value for name, value in given.items() if name not in _OF_THE_TRANSPORT and not name.startswith("param_")
    }
    return Asked(sql, body, values, settings)


def _is_known(request: Request) -> bool:
    kind, _, credential = request.headers.get("authorization", "").partition(" ")
    return kind == "Basic" and b64decode(credential).decode() == f"{USER}:{PASSWORD}"


def _failed(message: str, code: int, status: int) -> Response:
    return PlainTextResponse(message, status, {"X-ClickHouse-Exception-Code": str(code)})


def application(engine: Engine) -> Starlette:
    """The interface."""

    async def statement(request: Request) -> Response:
        if not _is_known(request):
            return _failed(f"Code: {_REFUSED}. DB::Exception: Authentication failed", _REFUSED, 403)
        asked = await _asked(request)
        try:
            body, kind = await run_in_threadpool(engine.run, asked)
        except RuntimeError as error:
            message = str(error)
            message = message[message.find("Code: ") :]
            code = _CODE.match(message)
            return _failed(message, int(code[1]) if code else 1000, 500)
        headers = {"X-ClickHouse-Summary": "{}", "X-ClickHouse-Timezone": "UTC"}
        return Response(body, headers=headers | ({"X-ClickHouse-Format": kind} if kind else {}))

    async def ping(_: Request) -> Response:
        return PlainTextResponse("Ok.\n")

    return Starlette(routes=[Route("/ping", ping), Route("/", statement, methods=["GET", "POST"])])


@contextmanager
def facts_server() -> Iterator[str]:
    """One in a process of its own; its address, to which the name of a database is added."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.facts_server", str(port)])
    until = time.monotonic() + _PATIENCE
    try:
        while not _answers(f"http://127.0.0.1:{port}/ping"):
            assert time.monotonic() < until, "the stand-in for ClickHouse did not start"
            time.sleep(0.05)
        yield f"clickhouse://{USER}:{quote(PASSWORD)}@127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def main(port: int, folder: str = "") -> None:
    """Answer until told to stop."""
    engine = Engine(str(Path(folder).resolve()) if folder else ":memory:")
    uvicorn.run(application(engine), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:3])
