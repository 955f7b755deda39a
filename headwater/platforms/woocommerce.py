"""WooCommerce: what a customer writes as an order's note is answered by a note to the customer, which it mails.

https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks: deliveries are signed in
``X-WC-Webhook-Signature``; a new webhook is tried by a ping with nothing but its id.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from headwater.platforms.port import (
    Answer,
    Config,
    Inbound,
    Kind,
    Message,
    Outgoing,
    Setting,
    decode,
    encode,
    hold_same,
    taken,
)

_SIGNATURE: Final = "x-wc-webhook-signature"
_TOPIC: Final = "x-wc-webhook-topic"
_TOPICS: Final = ("order.created", "order.updated")
_PING: Final = b"webhook_id="


class _Order(msgspec.Struct):
    id: int
    customer_note: str = ""


class WooCommerce:
    """A shop with a webhook on its orders."""

    name = "woocommerce"
    kind: Kind = "ecommerce"
    inline = False
    longest = 4000
    settings: Sequence[Setting] = (
        Setting("store_url", "Where the shop is, such as `https://shop.example`."),
        Setting("consumer_key", "A key of its REST API that may write orders.", secret=True),
        Setting("consumer_secret", "The secret of that key.", secret=True),
        Setting("webhook_secret", "The secret of the webhook.", secret=True),
    )

    def check(self, config: Config, inbound: Inbound) -> None:
        """The signature; the ping that a new webhook begins with has none, and brings nothing."""
        if _is_ping(inbound):
            return
        digest = hmac.new(config["webhook_secret"].encode(), inbound.body, sha256).digest()
        hold_same(inbound.headers.get(_SIGNATURE, ""), base64.b64encode(digest).decode(), _SIGNATURE)

    def handshake(self, config: Config, inbound: Inbound) -> Answer | None:
        """The ping, and topics that hold no message."""
        told = inbound.headers.get(_TOPIC, "") in _TOPICS
        return None if told and not _is_ping(inbound) else Answer(b"{}")

    def messages(self, config: Config, inbound: Inbound) -> Sequence[Message]:
        """The customer's note. The same note of an order is one message, however often the order changes."""
        order: _Order = decode(inbound.body, _Order)
        note = order.customer_note.strip()
        if not note:
            return []
        key = sha256(note.encode()).hexdigest()[:32]
        return [Message(f"{order.id}:{key}", str(order.id), note, {"order": str(order.id)})]

    def reply(self, config: Config, address: Mapping[str, str], text: str) -> Outgoing:
        """A note to the customer."""
        login = base64.b64encode(f"{config['consumer_key']}:{config['consumer_secret']}".encode()).decode()
        url = f"{config['store_url'].rstrip('/')}/wp-json/wc/v3/orders/{int(address['order'])}/notes"
        headers = {"authorization": f"Basic {login}", "content-type": "application/json"}
        return Outgoing("POST", url, headers, encode({"note": text, "customer_note": True}))

    def refusal(self, body: bytes) -> str | None:
        """It says by its status what it took."""
        return taken(body)


def _is_ping(inbound: Inbound) -> bool:
    return inbound.body.startswith(_PING) and inbound.body.removeprefix(_PING).isdigit()
