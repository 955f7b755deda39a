"""Requests as the platforms send them, signed as each documents, and the configs that go with them."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from headwater.platforms.port import Inbound

NOW = datetime(2025, 5, 3, 12, 30, tzinfo=UTC)
CONFIGS: dict[str, dict[str, Any]] = {
    "whatsapp": {
        "phone_number_id": "106540352242922",
        "access_token": "wa-token",
        "app_secret": "wa-secret",
        "verify_token": "wa-verify",
    },
    "messenger": {
        "page_id": "104104",
        "page_access_token": "page-token",
        "app_secret": "page-secret",
        "verify_token": "page-verify",
    },
    "telegram": {"bot_token": "123456:bot", "secret_token": "tg-secret"},
    "slack": {"bot_token": "xoxb-1", "signing_secret": "slack-secret"},
    "shopify": {"shop": "nord.myshopify.com", "client_secret": "hush"},
    "woocommerce": {
        "store_url": "https://example.com/shop",
        "consumer_key": "ck_1",
        "consumer_secret": "cs_1",
        "webhook_secret": "wc-secret",
    },
    "web": {},
}
HANDSHAKE = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "wa-verify"}
CONVERSATION = "0123456789abcdef0123456789abcdef"


def body(platform: str, text: str = "How many clicks?", id: str = "m1") -> bytes:
    """A person's message, as the platform puts it."""
    made: Any = {
        "whatsapp": {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "id": "102290129340398",
                    "changes": [
                        {
                            "value": {
                                "messaging_product": "whatsapp",
                                "metadata": {
                                    "display_phone_number": "15550783881",
                                    "phone_number_id": "106540352242922",
                                },
                                "contacts": [{"profile": {"name": "Sheena"}, "wa_id": "16505551234"}],
                                "messages": [
                                    {
                                        "from": "16505551234",
                                        "id": id,
                                        "timestamp": "1749416383",
                                        "type": "text",
                                        "text": {"body": text},
                                    }
                                ],
                            },
                            "field": "messages",
                        }
                    ],
                }
            ],
        },
        "messenger": {
            "object": "page",
            "entry": [
                {
                    "id": "104104",
                    "time": 1458692752478,
                    "messaging": [
                        {
                            "sender": {"id": "psid-1"},
                            "recipient": {"id": "104104"},
                            "timestamp": 1458692752478,
                            "message": {"mid": id, "text": text},
                        }
                    ],
                }
            ],
        },
        "telegram": {
            "update_id": int(id[1:]) + 10_000,
            "message": {
                "message_id": 1365,
                "from": {"id": 1111, "is_bot": False, "first_name": "Ana"},
                "chat": {"id": 1111, "first_name": "Ana", "type": "private"},
                "date": 1441645532,
                "text": text,
            },
        },
        "slack": {
            "token": "old",
            "team_id": "T1",
            "api_app_id": "A1",
            "type": "event_callback",
            "event_id": id,
            "event_time": 1746275400,
            "event": {
                "type": "app_mention",
                "user": "U1",
                "text": f"<@U0LAN0Z89> {text}",
                "ts": "1515449522.000016",
                "channel": "C1",
                "event_ts": "1515449522000016",
            },
        },
        "woocommerce": {"id": 727 + int(id[1:]), "status": "processing", "customer_note": text, "total": "29.35"},
        "shopify": {"message": text, "conversation": CONVERSATION, "message_id": id},
        "web": {"message": text, "conversation": CONVERSATION, "message_id": id},
    }[platform]
    return json.dumps(made).encode()


def signed(platform: str, content: bytes, at: datetime = NOW, **changed: str) -> Inbound:
    """The request that brings ``content``; ``changed`` are headers, or of Shopify parameters, that are off."""
    config = {key: str(value) for key, value in CONFIGS[platform].items()}
    headers = {"content-type": "application/json"}
    query: Sequence[tuple[str, str]] = ()
    if platform in ("whatsapp", "messenger"):
        headers["x-hub-signature-256"] = f"sha256={_hex(config['app_secret'], content)}"
    elif platform == "telegram":
        headers["x-telegram-bot-api-secret-token"] = config["secret_token"]
    elif platform == "slack":
        sent = str(int(at.timestamp()))
        headers["x-slack-request-timestamp"] = sent
        headers["x-slack-signature"] = f"v0={_hex(config['signing_secret'], f'v0:{sent}:'.encode() + content)}"
    elif platform == "woocommerce":
        headers["x-wc-webhook-topic"] = "order.created"
        headers["x-wc-webhook-signature"] = _base64(config["webhook_secret"], content)
    elif platform == "shopify":
        params = {
            "shop": config["shop"],
            "logged_in_customer_id": "",
            "path_prefix": "/apps/ask",
            "timestamp": str(int(at.timestamp())),
        }
        joined = "".join(f"{name}={params[name]}" for name in sorted(params))
        params["signature"] = _hex(config["client_secret"], joined.encode())
        query = tuple({**params, **changed}.items())
        changed = {}
    return Inbound("POST", query, {**headers, **changed}, content, NOW)


def shopify_webhook(content: bytes, secret: str = "hush") -> Inbound:
    """A webhook of Shopify's."""
    headers = {"x-shopify-topic": "customers/redact", "x-shopify-hmac-sha256": _base64(secret, content)}
    return Inbound("POST", (), headers, content, NOW)


def _hex(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, sha256).hexdigest()


def _base64(secret: str, content: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), content, sha256).digest()).decode()
