"""WhatsApp (Cloud API) and Messenger, which share Meta's handshake, signature and Graph API.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started: a GET with
``hub.verify_token`` is answered with ``hub.challenge``; a POST is signed by
``X-Hub-Signature-256`` with the app's secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from headwater.errors import Unauthorized
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
    hex_signature,
    hold_same,
    taken,
)

_VERSION: Final = "v23.0"
_SIGNATURE: Final = "x-hub-signature-256"
_APP_SECRET: Final = Setting("app_secret", "The app's secret, which signs what Meta sends.", secret=True)
_VERIFY_TOKEN: Final = Setting("verify_token", "The verify token that you type in at Meta.", secret=True)


class _Meta:
    """What both have in common."""

    kind: Kind = "messaging"
    inline = False

    def __init__(self, api: str) -> None:
        self._api = api.rstrip("/")

    def check(self, config: Config, inbound: Inbound) -> None:
        """The signature of a POST; a GET proves itself by the token."""
        if inbound.method == "POST":
            expected = f"sha256={hex_signature(config['app_secret'], inbound.body)}"
            hold_same(inbound.headers.get(_SIGNATURE, ""), expected, _SIGNATURE)

    def handshake(self, config: Config, inbound: Inbound) -> Answer | None:
        """Meta's challenge."""
        if inbound.method != "GET":
            return None
        token = inbound.param("hub.verify_token")
        right = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), str(config["verify_token"]).encode())
        if inbound.param("hub.mode") != "subscribe" or not right:
            raise Unauthorized("The verify token is not this deployment's.")
        return Answer(inbound.param("hub.challenge").encode(), "text/plain; charset=utf-8")

    def refusal(self, body: bytes) -> str | None:
        """The Graph API says by its status what it took."""
        return taken(body)

    def _post(self, path: str, token: str, body: Mapping[str, Any]) -> Outgoing:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return Outgoing("POST", f"{self._api}/{_VERSION}/{path}", headers, encode(body))


class _Text(msgspec.Struct):
    body: str = ""


class _WhatsAppMessage(msgspec.Struct):
    id: str
    from_: str = msgspec.field(name="from")
    text: _Text | None = None


class _Metadata(msgspec.Struct):
    phone_number_id: str = ""


class _Value(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    messages: list[_WhatsAppMessage] = []


class _Change(msgspec.Struct):
    value: _Value


class _WhatsAppEntry(msgspec.Struct):
    changes: list[_Change] = []


class _WhatsAppBody(msgspec.Struct):
    entry: list[_WhatsAppEntry] = []


class WhatsApp(_Meta):
    """https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components."""

    name = "whatsapp"
    longest = 4096
    settings: Sequence[Setting] = (
        Setting("phone_number_id", "The id of the phone number that answers."),
        Setting("access_token", "A token of a system user that may send messages.", secret=True),
        _APP_SECRET,
        _VERIFY_TOKEN,
    )

    def messages(self, config: Config, inbound: Inbound) -> Sequence[Message]:
        """Texts to this number; receipts and other kinds of messages are left out."""
        return list(self._texts(config, decode(inbound.body, _WhatsAppBody)))

    def _texts(self, config: Config, body: _WhatsAppBody) -> Iterator[Message]:
        values = (change.value for entry in body.entry for change in entry.changes)
        for value in values:
            if value.metadata.phone_number_id != config["phone_number_id"]:
                continue
            for one in value.messages:
                if one.text is not None:
                    yield Message(one.id, one.from_, one.text.body, {"to": one.from_, "message_id": one.id})

    def reply(self, config: Config, address: Mapping[str, str], text: str) -> Outgoing:
        """A text that quotes the message."""
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": address["to"],
            "context": {"message_id": address["message_id"]},
            "type": "text",
            "text": {"preview_url": False, "body": text},
        }
        return self._post(f"{config['phone_number_id']}/messages", config["access_token"], body)


class _Person(msgspec.Struct):
    id: str


class _Said(msgspec.Struct):
    mid: str
    text: str = ""
    is_echo: bool = False


class _Messaging(msgspec.Struct):
    sender: _Person
    message: _Said | None = None


class _MessengerEntry(msgspec.Struct):
    messaging: list[_Messaging] = []


class _MessengerBody(msgspec.Struct):
    entry: list[_MessengerEntry] = []


class Messenger(_Meta):
    """https://developers.facebook.com/docs/messenger-platform/webhooks."""

    name = "messenger"
    longest = 2000
    settings: Sequence[Setting] = (
        Setting("page_id", "The id of the page that answers."),
        Setting("page_access_token", "The page's access token.", secret=True),
        _APP_SECRET,
        _VERIFY_TOKEN,
    )

    def messages(self, config: Config, inbound: Inbound) -> Sequence[Message]:
        """Texts of people; echoes of the page's own words are left out."""
        body: _MessengerBody = decode(inbound.body, _MessengerBody)
        return [
            Message(one.message.mid, one.sender.id, one.message.text, {"to": one.sender.id})
            for entry in body.entry
            for one in entry.messaging
            if one.message is not None and one.message.text and not one.message.is_echo
        ]

    def reply(self, config: Config, address: Mapping[str, str], text: str) -> Outgoing:
        """A response to a person."""
        body = {"recipient": {"id": address["to"]}, "messaging_type": "RESPONSE", "message": {"text": text}}
        return self._post(f"{config['page_id']}/messages", config["page_access_token"], body)
