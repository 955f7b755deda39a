"""One message of the protocol in, one answer out: streamable HTTP without sessions or streams.

The SDK is loaded, and its session manager started, when the first client comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from headwater.tools.verb import Reach, Verb

_REACH: Final = "headwater.reach"


class Answer(NamedTuple):
    """What goes back over HTTP; header names are in small letters."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Bridge:
    """Takes HTTP requests to the SDK's server; ``stop`` at the end."""

    def __init__(self, verbs: Sequence[Verb], largest: int) -> None:
        self._verbs = verbs
        self._largest = largest
        self._starting = asyncio.Lock()
        self._handle: Callable[..., Any] | None = None
        self._ended = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def answer(self, lines: Sequence[tuple[bytes, bytes]], body: bytes, reach: Reach) -> Answer:
        """The answer to a message that was sent under these header lines, by whom ``reach`` is of."""
        async with self._starting:
            handle = self._handle = self._handle or await self._start()
        status = 500
        headers: list[tuple[str, str]] = []
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers.extend(
                    (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]
                )
            else:
                parts.append(message.get("body", b""))

        await handle({**_SCOPE, "headers": list(lines), _REACH: reach}, receive, send)
        return Answer(status, tuple(headers), b"".join(parts))

    async def stop(self) -> None:
        """End what was started."""
        self._ended.set()
        if self._running is not None:
            await self._running

    async def _start(self) -> Callable[..., Any]:
        # Half a second of imports that a server without such clients need not spend.
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from headwater.mcp.server import make

        server = make(self._verbs, lambda context: context.request.scope[_REACH])
        manager = StreamableHTTPSessionManager(
            server, json_response=True, stateless=True, max_request_body_size=self._largest
        )
        started = asyncio.Event()

        async def run() -> None:
            async with manager.run():
                started.set()
                await self._ended.wait()

        self._running = asyncio.create_task(run())
        await started.wait()
        return manager.handle_request


_SCOPE: Final[dict[str, Any]] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/mcp",
    "raw_path": b"/mcp",
    "query_string": b"",
    "client": None,
    "server": None,
}
