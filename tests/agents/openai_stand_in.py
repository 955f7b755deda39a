"""A server on this machine that speaks as OpenAI documents its chat completions, and says what a script has.

A request that is off in any way is refused and noted in ``wrong``, which tests look at
when they are done.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-stand-in"
Line = dict[str, Any]


def say(text: str) -> Line:
    """The model's final words."""
    return {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}


def call(name: str, **arguments: Any) -> Line:
    """The model asks for a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": f"call_{name}", "type": "function", "function": function}],
    }
    return {"message": message, "finish_reason": "tool_calls"}


def refuse(status: int) -> Line:
    """The provider answers an error, with words that nobody else shall see."""
    return {"status": status}


class OpenAiStandIn:
    """Says the lines of ``script`` one after another; ``requests`` are the bodies that it got."""

    def __init__(self) -> None:
        self.url = ""
        self.script: list[Line] = []
        self.requests: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, Any]]:
        """The answer to one request."""
        self.gate.wait(10)
        if path != "/v1/chat/completions" or headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {"error": {"message": "SECRET: Incorrect API key provided", "type": "invalid_request_error"}}
        asked = json.loads(body)
        self.requests.append(asked)
        self.wrong += _faults(asked)
        line = self.script.pop(0) if self.script else refuse(500)
        if "status" in line:
            return line["status"], {"error": {"message": "SECRET inside of the provider", "type": "server_error"}}
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        return 200, {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_746_275_400,
            "model": asked["model"],
            "choices": [{"index": 0, "logprobs": None, **line}],
            "usage": usage,
        }


def _faults(asked: dict[str, Any]) -> list[str]:
    faults = [] if isinstance(asked.get("model"), str) else ["no model"]
    messages = asked.get("messages") or []
    if not messages or any(
        one.get("role") not in ("system", "developer", "user", "assistant", "tool") for one in messages
    ):
        faults.append("messages are off")
    for tool in asked.get("tools", []):
        function = tool.get("function", {})
        if tool.get("type") != "function" or function.get("parameters", {}).get("type") != "object":
            faults.append(f"tool {function.get('name')} is off")
    return faults


@contextmanager
def openai() -> Iterator[OpenAiStandIn]:
    """The stand-in, listening."""
    stand_in = OpenAiStandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, answer = stand_in.answer(self.path, self.headers, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield stand_in
    finally:
        stand_in.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
    assert stand_in.wrong == []
