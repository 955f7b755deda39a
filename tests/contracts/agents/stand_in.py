"""An API on loopback that answers JSON, and keeps what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Api:
    """What it answers next, and the requests that came."""

    def __init__(self) -> None:
        self.url = ""
        self.body = b'{"data": {"items": [{"id": 1, "name": "Ada", "tags": ["x"]}, {"id": 2, "name": "Bob"}]}}'
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.goes_on = threading.Event()
        self.goes_on.set()


@contextmanager
def api() -> Iterator[Api]:
    """A running one."""
    told = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            told.goes_on.wait(10)
            self.send_response(told.status)
            self.send_header("content-length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
