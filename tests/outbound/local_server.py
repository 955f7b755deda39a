"""A real HTTP server on this machine that answers what a test tells it to, byte by byte."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

# Of the event loop, and some more.
_STEPS_TO_A_HANDLER = 10

Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]


class LocalServer:
    """``url`` leads to it; ``requests`` are the heads and bodies that came."""

    def __init__(self, port: int, requests: list[bytes], scheme: str) -> None:
        self.port = port
        self.requests = requests
        self._scheme = scheme

    def url(self, host: str = "127.0.0.1", path: str = "/") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def answering(answer: bytes | Answering, tls: ssl.SSLContext | None = None) -> AsyncIterator[LocalServer]:
    """A server that gives this answer to everything and closes."""
    requests: list[bytes] = []
    handlers: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        handlers.add(task)
        writers.append(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
            )
            requests.append(head + await reader.readexactly(length))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.close()
            handlers.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield LocalServer(server.sockets[0].getsockname()[1], requests, "https" if tls else "http")
    finally:
        # A server that closes forgets whom it has just let in, though its client has given up already.
        for _ in range(_STEPS_TO_A_HANDLER):
            await asyncio.sleep(0)
        server.close()
        for task in list(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        for writer in writers:
            # What a client did not take would keep it open, and a later test would be told.
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


def ok(body: bytes = b"yes", *lines: str) -> bytes:
    """A plain answer."""
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body
