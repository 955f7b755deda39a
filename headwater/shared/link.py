"""One connection to the shared server, on which all that is asked at the same time goes out together.

What is asked for while an earlier turn is under way makes up the next one. A turn that is not answered
in time, or answered with an error, ends the link: everything that waits is told so at once, and nothing
more is asked until ``open`` has made a new connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from headwater.shared.address import Address

if TYPE_CHECKING:
    from valkey.asyncio.connection import AbstractConnection

CONNECT_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.25
_MOST_LOOKS: Final = 4
"""A turn that is still the same at so many looks is not answered; a loop that stood still looks once."""

Command = tuple[str | bytes | int, ...]


class Lost(Exception):
    """The shared server does not answer, for the reason that the message gives."""


class Refused(Lost):
    """It answers, but not to us: name, password, rights or database are wrong."""


class _Asked(NamedTuple):
    commands: tuple[Command, ...]
    replies: asyncio.Future[list[Any]]


class Link:
    """Asks the server; ``on_lost`` is called with the reason when the connection has ended."""

    def __init__(self, address: Address, on_lost: Callable[[str], None]) -> None:
        self._address = address
        self._on_lost = on_lost
        self._connection: AbstractConnection | None = None
        self._waiting: list[_Asked] = []
        self._turn: list[_Asked] = []
        self._turns = 0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_open(self) -> bool:
        """Whether asking makes sense."""
        return self._connection is not None

    async def open(self) -> None:
        """Make a connection; ``Lost`` where there is none to be had, ``Refused`` where it would never be."""
        from valkey.exceptions import ValkeyError

        connection = self._address.connection()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.connect()
                await connection.send_command("PING", check_health=False)
                await connection.read_response()
        except BaseException as error:
            await _closed(connection)
            if _is_for_good(error):
                raise Refused(str(error)) from None
            if isinstance(error, (ValkeyError, OSError, TimeoutError)):
                raise Lost(str(error) or "it does not answer") from None
            raise
        self._connection = connection
        self._tasks = [asyncio.create_task(self._serve(connection)), asyncio.create_task(self._watch(connection))]

    async def close(self) -> None:
        """End the connection; nobody is told."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._end(connection, "the server is stopping")

    async def ask(self, *command: str | bytes | int) -> Any:
        """The reply to one command; ``Lost`` when there is none."""
        return (await self.ask_all(command))[0]

    async def ask_all(self, *commands: Command) -> list[Any]:
        """The replies to several commands that go out side by side."""
        if self._connection is None:
            raise Lost("it is not connected")
        asked = _Asked(commands, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._wake.set()
        return await asked.replies

    async def _serve(self, connection: AbstractConnection) -> None:
        from valkey.exceptions import ValkeyError

        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                self._turn, self._waiting = self._waiting, []
                self._turns += 1
                await self._one_turn(connection)
                self._turn = []
        except (ValkeyError, OSError) as error:
            await self._lose(connection, str(error))

    async def _one_turn(self, connection: AbstractConnection) -> None:
        packed = connection.pack_commands([command for asked in self._turn for command in asked.commands])
        await connection.send_packed_command(packed, check_health=False)
        for asked in self._turn:
            replies = [await connection.read_response() for _ in asked.commands]
            if not asked.replies.done():
                asked.replies.set_result(replies)

    async def _watch(self, connection: AbstractConnection) -> None:
        """See to it that no turn takes for ever, at no cost to turns that do not."""
        seen, looks = 0, 0
        while looks < _MOST_LOOKS:
            await asyncio.sleep(_LOOK_SECONDS)
            looks = looks + 1 if self._turn and self._turns == seen else 0
            seen = self._turns
        await self._lose(connection, f"no answer within {_LOOK_SECONDS * _MOST_LOOKS:g} s")

    async def _lose(self, connection: AbstractConnection, reason: str) -> None:
        if self._connection is connection:
            self._connection = None
            self._on_lost(reason)
            await self._end(connection, reason)

    async def _end(self, connection: AbstractConnection, reason: str) -> None:
        waiting, self._turn, self._waiting = [*self._turn, *self._waiting], [], []
        for asked in waiting:
            if not asked.replies.done():
                asked.replies.set_exception(Lost(reason))
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _closed(connection)


def _is_for_good(error: BaseException) -> bool:
    """Whether it would be the same at any later time; a server that loads or cannot save also answers with errors."""
    from valkey.exceptions import (
        AuthenticationError,
        AuthenticationWrongNumberOfArgsError,
        AuthorizationError,
        NoPermissionError,
        ResponseError,
    )

    kinds = (AuthenticationError, AuthenticationWrongNumberOfArgsError, AuthorizationError, NoPermissionError)
    if isinstance(error, kinds):
        return True
    # A database that there is not has no kind of its own: "DB index is out of range", "SELECT is not allowed …".
    return isinstance(error, ResponseError) and any(word in str(error) for word in ("DB index", "SELECT"))


async def _closed(connection: AbstractConnection) -> None:
    with contextlib.suppress(Exception):
        await connection.disconnect(nowait=True)
