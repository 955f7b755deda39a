"""The Model Context Protocol over HTTP (contract: agents-and-accounts, "MCP").

Errors are those of JSON-RPC, also where a credential is missing, since that is what clients read.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from headwater.errors import HeadwaterError, InvalidRequest
from headwater.surfaces._http.endpoint import READ, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.envelope import ErrorForm
from headwater.tools.verb import Reach

_PATH: Final = "/mcp"
_JSON: Final = "application/json"
_ACCEPT: Final = (b"accept", b"application/json, text/event-stream")
_REFUSED: Final = -32600
_FAILED: Final = -32603
_HEADERS_OF_BODIES: Final = frozenset({"content-type", "content-length"})


class McpErrorContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """`data` has the code of this server's errors, and their details."""

    code: int
    message: str
    data: Any = None


class McpError(msgspec.Struct, frozen=True):
    """An error of JSON-RPC."""

    jsonrpc: str
    id: str | int | None
    error: McpErrorContent


class _Message(msgspec.Struct, kw_only=True):
    """As much of a message as is checked here, since the SDK refuses it in words of its own library."""

    jsonrpc: Literal["2.0"]
    method: str | None = None
    id: str | int | None = None
    params: dict[str, Any] | None = None


async def mcp(call: Call[Any, bytes]) -> Reply:
    """One message of the protocol."""
    try:
        msgspec.json.decode(call.raw, type=_Message)
    except msgspec.MsgspecError as error:
        raise InvalidRequest(f"The body must be one JSON-RPC message, a JSON object: {error}.") from None
    # The answer is always JSON, whatever a client would take besides.
    lines = [*((name, value) for name, value in call.lines if name != b"accept"), _ACCEPT]
    answer = await call.services.mcp.answer(lines, call.raw, Reach(call.scope))
    headers = tuple((name, value) for name, value in answer.headers if name not in _HEADERS_OF_BODIES)
    return Reply(answer.body, answer.status, _JSON, headers)


def _error_body(error: HeadwaterError) -> McpError:
    code = _REFUSED if error.status < 500 else _FAILED
    return McpError("2.0", None, McpErrorContent(code, error.message, {"code": error.code, **error.details}))


def _example(kind: type[HeadwaterError], words: str) -> dict[str, Any]:
    code = _REFUSED if kind.status < 500 else _FAILED
    return {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": words, "data": {"code": kind.code}}}


FORM: Final = ErrorForm((_PATH,), _error_body, McpError, _example)

ENDPOINTS = [
    Endpoint(
        "POST",
        _PATH,
        mcp,
        READ,
        "Model Context Protocol",
        "MCP",
        {
            200: Answers("The answer, a JSON-RPC message.", media_types=(_JSON,)),
            202: Answers("A notification was taken.", media_types=()),
        },
        description="Streamable HTTP without sessions, for AI tools; every tool only reads, and a key with `read` is"
        " enough. How to set up common clients is in docs/mcp.md.",
        raw_body=(_JSON,),
        body_example={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
    ),
]
