"""One server on this machine that takes replies as WhatsApp, Messenger, Telegram, Slack and WooCommerce document it.

What is off (path, credential, fields, a text too long) is refused as the platform refuses it. ``said``
are the texts that were taken, by platform; ``failing`` has it answer as a platform that is down.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.platforms.callers import CONFIGS

Answer = tuple[int, dict[str, Any]]


class StandIns:
    """What the platforms have been told."""

    def __init__(self) -> None:
        self.url = ""
        self.said: dict[str, list[tuple[str, str]]] = {}
        self.failing = False

    def settings(self) -> dict[str, str]:
        """Where the server finds them."""
        return {
            "whatsapp_api_url": f"{self.url}/graph",
            "messenger_api_url": f"{self.url}/graph",
            "telegram_api_url": f"{self.url}/telegram",
            "slack_api_url": f"{self.url}/slack",
        }

    def config(self, platform: str) -> dict[str, Any]:
        """A config with which the platform takes replies."""
        config = dict(CONFIGS[platform])
        if platform == "woocommerce":
            config["store_url"] = f"{self.url}/shop"
        return config

    def answer(self, path: str, headers: Any, body: dict[str, Any]) -> Answer:
        """The answer to one request."""
        if self.failing:
            return 503, {"error": "down"}
        found = (
            self._whatsapp(path, headers, body)
            or self._messenger(path, headers, body)
            or self._telegram(path, body)
            or self._slack(path, headers, body)
            or self._woocommerce(path, headers, body)
        )
        return found or (404, {"error": {"message": "Unsupported request"}})

    def _take(self, platform: str, to: str, text: str, longest: int, answer: dict[str, Any]) -> Answer:
        if not 1 <= len(text) <= longest:
            return 400, {"error": {"message": "text is too long, or empty"}}
        self.said.setdefault(platform, []).append((to, text))
        return 200, answer

    def _whatsapp(self, path: str, headers: Any, body: dict[str, Any]) -> Answer | None:
        if not re.fullmatch(r"/graph/v\d+\.0/106540352242922/messages", path):
            return None
        if headers.get("authorization") != "Bearer wa-token":
            return 401, {"error": {"code": 190, "message": "Invalid OAuth access token"}}
        if (body["messaging_product"], body["recipient_type"], body["type"]) != ("whatsapp", "individual", "text"):
            return 400, {"error": {"code": 100}}
        answer = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.reply"}]}
        return self._take("whatsapp", body["to"], body["text"]["body"], 4096, answer)

    def _messenger(self, path: str, headers: Any, body: dict[str, Any]) -> Answer | None:
        if not re.fullmatch(r"/graph/v\d+\.0/104104/messages", path):
            return None
        if headers.get("authorization") != "Bearer page-token" or body["messaging_type"] != "RESPONSE":
            return 400, {"error": {"code": 190}}
        answer = {"recipient_id": body["recipient"]["id"], "message_id": "m_reply"}
        return self._take("messenger", body["recipient"]["id"], body["message"]["text"], 2000, answer)

    def _telegram(self, path: str, body: dict[str, Any]) -> Answer | None:
        if not path.startswith("/telegram/bot"):
            return None
        if path != "/telegram/bot123456:bot/sendMessage":
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        return self._take("telegram", str(body["chat_id"]), body["text"], 4096, {"ok": True, "result": {}})

    def _slack(self, path: str, headers: Any, body: dict[str, Any]) -> Answer | None:
        if path != "/slack/chat.postMessage":
            return None
        if headers.get("authorization") != "Bearer xoxb-1":
            return 200, {"ok": False, "error": "invalid_auth"}
        return self._take("slack", body["channel"], body["text"], 40_000, {"ok": True, "ts": "1"})

    def _woocommerce(self, path: str, headers: Any, body: dict[str, Any]) -> Answer | None:
        order = re.fullmatch(r"/shop/wp-json/wc/v3/orders/(\d+)/notes", path)
        if order is None:
            return None
        login = base64.b64encode(b"ck_1:cs_1").decode()
        if headers.get("authorization") != f"Basic {login}":
            return 401, {"code": "woocommerce_rest_cannot_view"}
        if body["customer_note"] is not True:
            return 400, {"code": "rest_invalid_param"}
        status, answer = self._take("woocommerce", order[1], body["note"], 10_000, {"id": 281, "note": body["note"]})
        return (201 if status == 200 else status), answer


@contextmanager
def platforms_listening() -> Iterator[StandIns]:
    """The stand-ins, listening."""
    stand_ins = StandIns()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            try:
                status, answer = stand_ins.answer(self.path, self.headers, body)
            except (KeyError, TypeError) as missing:
                status, answer = 400, {"error": f"missing {missing}"}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    stand_ins.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stand_ins
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
