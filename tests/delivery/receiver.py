"""A real HTTP server on this machine that webhooks are delivered to, in threads of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """A request that came."""

    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def id(self) -> str:
        """What it calls itself."""
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        """What it says."""
        return dict(json.loads(self.content))

    def verified(self, secret: str) -> Any:
        """What it says, if the library that receivers use finds its signature right and fresh."""
        return Webhook(secret).verify(self.content, dict(self.headers))


class Answered(NamedTuple):
    """What a receiver says."""

    status: int = 204
    headers: Mapping[str, str] = {}
    content: bytes = b""


class Receiver:
    """``received`` is what came, in order; ``answer`` says what is answered, and may take its time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.received: list[Received] = []
        self.answer: Callable[[Received], Answered] = lambda _: Answered()

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Where it listens."""
        return f"http://{host}:{self._port}{path}"

    def fails(self, status: int = 500, **headers: str) -> None:
        """Answer everything like this from now on."""
        self.answer = lambda _: Answered(status, {name.replace("_", "-"): text for name, text in headers.items()})

    def works(self) -> None:
        """Take everything from now on."""
        self.answer = lambda _: Answered()

    def told(self, path: str = "/hook") -> list[Any]:
        """The numbers that the events at a path carry."""
        return [one.body["data"].get("n") for one in self.received if one.path == path]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    receiver: Receiver

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            request = Received(self.path, headers, content)
            receiver.received.append(request)
            answered = receiver.answer(request)
            try:
                self.send_response(answered.status)
                for name, text in answered.headers.items():
                    self.send_header(name, text)
                self.send_header("content-length", str(len(answered.content)))
                self.end_headers()
                self.wfile.write(answered.content)
            except OSError:
                # Who asked did not wait.
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # Those that still hang at the end shall not hold it up.
    server.block_on_close = False
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
