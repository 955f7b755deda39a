"""Telegram bots (https://core.telegram.org/bots/api#setwebhook): updates carry the secret token of the webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    not_a_question,
)

_PROOF: Final = "x-telegram-bot-api-secret-token"


class _Chat(msgspec.Struct):
    id: int


class _Message(msgspec.Struct):
    message_id: int
    chat: _Chat
    text: str = ""


class _Update(msgspec.Struct):
    update_id: int
    message: _Message | None = None


class _Result(msgspec.Struct):
    ok: bool
    description: str = ""


class Telegram:
    """A bot."""

    name = "telegram"
    kind: Kind = "messaging"
    inline = False
    longest = 4096
    settings: Sequence[Setting] = (
        Setting("bot_token", "The bot's token.", secret=True),
        Setting("secret_token", "The secret token that you gave to setWebhook.", secret=True),
    )

    def __init__(self, api: str) -> None:
        self._api = api.rstrip("/")

    def check(self, config: Config, inbound: Inbound) -> None:
        """The secret token."""
        hold_same(inbound.headers.get(_PROOF, ""), config["secret_token"], _PROOF)

    def handshake(self, config: Config, inbound: Inbound) -> Answer | None:
        """Telegram has none."""
        return not_a_question(config, inbound)

    def messages(self, config: Config, inbound: Inbound) -> Sequence[Message]:
        """The text of an update; edits, stickers and what else there is are left out."""
        update: _Update = decode(inbound.body, _Update)
        said = update.message
        if said is None or not said.text:
            return []
        address = {"chat_id": str(said.chat.id), "message_id": str(said.message_id)}
        # An update's id is that of its delivery, however often it is tried.
        return [Message(str(update.update_id), str(said.chat.id), said.text, address)]

    def reply(self, config: Config, address: Mapping[str, str], text: str) -> Outgoing:
        """A reply to the message."""
        body = {
            "chat_id": int(address["chat_id"]),
            "text": text,
            "reply_parameters": {"message_id": int(address["message_id"]), "allow_sending_without_reply": True},
            "link_preview_options": {"is_disabled": True},
        }
        url = f"{self._api}/bot{config['bot_token']}/sendMessage"
        return Outgoing("POST", url, {"content-type": "application/json"}, encode(body))

    def refusal(self, body: bytes) -> str | None:
        """What Telegram says beside a success."""
        result: _Result = decode(body, _Result)
        return None if result.ok else result.description or "Telegram did not take it"
