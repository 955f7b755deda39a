"""``headwater mcp``: the Model Context Protocol over standard input and output, for clients that start a program.

Passes each message on to a running server, with a key's rights, and its answer back.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, Final

import msgspec
import typer

from headwater.cli.importing.connection import Connection
from headwater.errors import HeadwaterError, InvalidRequest

_INTERNAL_ERROR: Final = -32603
_PARSE_ERROR: Final = -32700
_KEY: Final = "HEADWATER_KEY"


class _Result(msgspec.Struct):
    version: str | None = msgspec.field(default=None, name="protocolVersion")


class _Message(msgspec.Struct):
    """As much of a message as is needed to pass it on; a notification has no id."""

    id: str | int | None = None
    result: _Result | None = None


def mcp(
    url: Annotated[str, typer.Option(help="Address of the server.")] = "http://127.0.0.1:8000",
    key: Annotated[str | None, typer.Option(help=f"API key with read permission; better in {_KEY}.")] = None,
) -> None:
    """Speak MCP over standard input and output, for AI tools on this machine.

    Example: `HEADWATER_KEY=hw_live_… headwater mcp --url http://127.0.0.1:8000`
    """
    key = key or os.environ.get(_KEY)
    if not key:
        raise InvalidRequest(f"An API key is needed: set {_KEY}, or give --key.")
    session = _Session(Connection(url, key))
    for line in sys.stdin.buffer:
        if line.strip() and (answer := session.answer(line)):
            sys.stdout.buffer.write(answer + b"\n")
            sys.stdout.buffer.flush()
    session.connection.close()


class _Session:
    """One client's messages, in their order."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

    def answer(self, line: bytes) -> bytes:
        """The server's answer to a message; empty for what is not answered."""
        try:
            message = msgspec.json.decode(line, type=_Message)
        except msgspec.MsgspecError:
            return _error(None, _PARSE_ERROR, "This is no JSON-RPC message.")
        try:
            answer = self.connection.exchange("/mcp", line, self._headers)
        except HeadwaterError as error:
            # A notification is not answered, whatever comes of it.
            return b"" if message.id is None else _error(message.id, _INTERNAL_ERROR, error.message)
        self._agree(answer)
        return answer

    def _agree(self, answer: bytes) -> None:
        """Over HTTP each message names the version that the first one agreed on."""
        if not answer or b"protocolVersion" not in answer:
            return
        result = msgspec.json.decode(answer, type=_Message).result
        if result is not None and result.version is not None:
            self._headers["MCP-Protocol-Version"] = result.version


def _error(id_: str | int | None, code: int, words: str) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": id_, "error": {"code": code, "message": words}})
