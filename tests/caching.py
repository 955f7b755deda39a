"""A throwaway Valkey or Redis of the machine's own binaries, on a free port of loopback; it can be lost and come back.

Where there is none, the tests that need it are skipped; in CI they fail.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import valkey
from valkey.exceptions import ValkeyError

from headwater.shared import Shared
from tests.engines import free_port, missing

_PREFIXES = count(1)
_PATIENCE = 300


class CacheServer:
    """The server, started; ``options`` are those of its configuration, ``before`` words before its command."""

    def __init__(self, folder: Path, before: Sequence[str] = (), **options: str) -> None:
        binary = shutil.which("valkey-server") or shutil.which("redis-server")
        if binary is None:
            missing("Neither Valkey nor Redis")
        self._command = [*before, str(binary)]
        self._folder = folder
        self._options = {"save": "", "appendonly": "no", **options}
        self.port = free_port()
        self.start()

    def start(self) -> None:
        """Start it, empty unless its options say otherwise."""
        options = [word for name, value in self._options.items() for word in (f"--{name}", value)]
        command = [
            *self._command,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self._folder),
            *options,
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        for _ in range(_PATIENCE):
            try:
                self.ask("PING")
            except ValkeyError as error:
                last = error
                self._process_waits()
            else:
                return
        raise last

    def _process_waits(self) -> None:
        try:
            self._process.wait(0.05)
        except subprocess.TimeoutExpired:
            return
        raise RuntimeError((self._folder / "log").read_text())

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait(30)

    def freeze(self) -> None:
        """Have it answer nothing, with its connections open."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *command: Any) -> Any:
        """The reply to a command, on a connection of its own."""
        password = self._options.get("requirepass")
        with valkey.Valkey(port=self.port, password=password, socket_timeout=5) as client:
            return client.execute_command(*command)

    def url(self, prefix: str = "") -> str:
        """The setting that names it, with a prefix that nobody else has."""
        password = f":{self._options['requirepass']}@" if "requirepass" in self._options else ""
        return f"valkey://{password}127.0.0.1:{self.port}/0?prefix={prefix or new_prefix()}"


def new_prefix() -> str:
    """What the keys of one test begin with."""
    return f"test-{next(_PREFIXES)}"


@contextmanager
def cache_server(before: Sequence[str] = (), **options: str) -> Iterator[CacheServer]:
    """A server of one's own."""
    with tempfile.TemporaryDirectory(prefix="hw-") as folder:
        server = CacheServer(Path(folder), before, **options)
        try:
            yield server
        finally:
            server.stop()


async def in_step(*shared: Shared) -> None:
    """Wait until processes have joined the feed."""
    await until(lambda: _all_in_step(shared))


async def _all_in_step(shared: tuple[Shared, ...]) -> bool:
    return all(one.feed is not None and one.feed.in_step for one in shared)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look until something holds; a test that waits for ever is ended by its time limit."""
    while not await holds():  # noqa: ASYNC110 - the server has no way to tell
        await asyncio.sleep(0.02)
