"""Shopify: a chat on the shop's page through an app proxy, and the webhooks that every app must take.

https://shopify.dev/docs/apps/build/online-store/app-proxies/authenticate-app-proxies: the query of a
proxied request is signed; its answer goes back to the page. Webhooks are signed in
``X-Shopify-Hmac-SHA256`` over their body.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from headwater.errors import InternalError, Unauthorized
from headwater.platforms.port import (
    Answer,
    Config,
    Inbound,
    Kind,
    Message,
    Outgoing,
    Setting,
    decode,
    hex_signature,
    hold_same,
    taken,
)
from headwater.platforms.web import Posted, posted

_HMAC: Final = "x-shopify-hmac-sha256"
_TOPIC: Final = "x-shopify-topic"
_OLDEST_SECONDS: Final = 300


class Shopify:
    """A shop with an app of one's own."""

    name = "shopify"
    kind: Kind = "ecommerce"
    inline = True
    longest = 8000
    settings: Sequence[Setting] = (
        Setting("shop", "The shop's domain, such as `example.myshopify.com`."),
        Setting("client_secret", "The app's client secret, which signs what Shopify sends.", secret=True),
    )

    def check(self, config: Config, inbound: Inbound) -> None:
        """The signature of a proxied request's query, or of a webhook's body."""
        if _TOPIC in inbound.headers:
            digest = hmac.new(config["client_secret"].encode(), inbound.body, sha256).digest()
            hold_same(inbound.headers.get(_HMAC, ""), base64.b64encode(digest).decode(), _HMAC)
            return
        hold_same(inbound.param("signature"), _query_signature(config["client_secret"], inbound.query), "signature")
        sent_at = inbound.param("timestamp")
        late = not sent_at.isdigit() or abs(inbound.now.timestamp() - int(sent_at[:15])) > _OLDEST_SECONDS
        if late or inbound.param("shop") != config["shop"]:
            raise Unauthorized("The request is of another shop, or more than five minutes away from now.")

    def handshake(self, config: Config, inbound: Inbound) -> Answer | None:
        """Webhooks (also those on data of customers, of which nothing is kept by their id) are only acknowledged."""
        return Answer(b"{}") if _TOPIC in inbound.headers else None

    def messages(self, config: Config, inbound: Inbound) -> Sequence[Message]:
        """The message that the shop's page sends."""
        return posted(decode(inbound.body, Posted))

    def reply(self, config: Config, address: Mapping[str, str], text: str) -> Outgoing:
        """Never asked for: the answer goes back at once."""
        raise InternalError("Shopify is answered inline.")

    def refusal(self, body: bytes) -> str | None:
        """Never asked for."""
        return taken(body)


def _query_signature(secret: str, query: Sequence[tuple[str, str]]) -> str:
    """As Shopify computes it: parameters by name, the values of one name joined by commas, nothing between them.

    >>> _query_signature("hush", [("extra", "1"), ("extra", "2"), ("shop", "shop-name.myshopify.com"),
    ...     ("logged_in_customer_id", "1"), ("path_prefix", "/apps/awesome_reviews"), ("timestamp", "1317327555")])
    '4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb'
    """
    values: dict[str, list[str]] = {}
    for name, value in query:
        if name != "signature":
            values.setdefault(name, []).append(value)
    return hex_signature(secret, "".join(f"{name}={','.join(values[name])}" for name in sorted(values)).encode())
