"""ClickHouse's HTTP interface over the ClickHouse that runs in process: what the connector of sources is tested on."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

PASSWORD = "of the tests"
_OF_HTTP = {"database", "default_format", "readonly", "wait_end_of_query"}
_READS = re.compile(r"\s*(SELECT|WITH|SHOW|EXPLAIN)\b", re.IGNORECASE).match


class ClickHouse:
    """A running one; ``asked`` are the settings of each query that came."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[dict[str, str]] = []
        self.session = Session()
        self._lock = threading.Lock()

    def answer(self, text: str, settings: dict[str, str]) -> tuple[int, bytes]:
        """The status (or the engine's code) and body that a server would give."""
        self.asked.append(settings)
        if not _READS(text) and settings["readonly"] == "1":
            return 164, b"Code: 164. DB::Exception: Cannot execute query in readonly mode."
        params = {name.removeprefix("param_"): one for name, one in settings.items() if name.startswith("param_")}
        own = [(name, one) for name, one in settings.items() if name not in _OF_HTTP and not name.startswith("param_")]
        clause = ", ".join(f"{name} = '{one}'" for name, one in own)
        tail = f" SETTINGS {clause}" if text.lstrip().upper().startswith(("SELECT", "WITH")) else ""
        try:
            with self._lock:
                found = self.session.query(f"{text}{tail}", settings["default_format"], params=params)
        except Exception as error:  # noqa: BLE001  chdb has no class of its own that it promises
            code = re.search(r"Code: (\d+)", str(error))
            return int(code[1]) if code else 1000, str(error).encode()
        return 200, found.bytes()


@contextmanager
def clickhouse() -> Iterator[ClickHouse]:
    """One with the database ``shop``."""
    engine = ClickHouse()
    for statement in (
        "CREATE DATABASE IF NOT EXISTS shop",
        "CREATE OR REPLACE TABLE shop.p (id UInt64, n Nullable(String), d Decimal(12, 2))"
        " ENGINE = MergeTree ORDER BY id",
        "INSERT INTO shop.p VALUES (1, 'one', 1.5), (2, 'it\\'s', 2.25), (18446744073709551615, NULL, 3)",
        "USE shop",
    ):
        engine.session.query(statement)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            settings = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            if self.headers["x-clickhouse-key"] != PASSWORD:
                status, body = 516, b"Code: 516. DB::Exception: Authentication failed."
            else:
                status, body = engine.answer(text, settings)
            self.send_response(200 if status == 200 else 500)
            if status != 200:
                self.send_header("X-ClickHouse-Exception-Code", str(status))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    engine.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield engine
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
