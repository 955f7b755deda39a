"""Slack's Events API (https://api.slack.com/apis/events-api, https://api.slack.com/authentication/verifying-requests-from-slack).

An app is answered where it is mentioned, in a thread, and in direct messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

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
)

_SIGNATURE: Final = "x-slack-signature"
_TIMESTAMP: Final = "x-slack-request-timestamp"
_OLDEST_SECONDS: Final = 300
_MENTION = re.compile(r"<@[A-Z0-9]+(\|[^>]*)?>")


class _Event(msgspec.Struct):
    type: str
    text: str = ""
    channel: str = ""
    channel_type: str = ""
    ts: str = ""
    thread_ts: str = ""
    subtype: str = ""
    bot_id: str = ""


class _Body(msgspec.Struct):
    type: str
    challenge: str = ""
    event_id: str = ""
    event: _Event | None = None


class _Result(msgspec.Struct):
    ok: bool
    error: str = ""


class Slack:
    """An app of a workspace."""

    name = "slack"
    kind: Kind = "messaging"
    inline = False
    longest = 4000
    settings: Sequence[Setting] = (
        Setting("bot_token", "The bot's token (`xoxb-…`), with the scope `chat:write`.", secret=True),
        Setting("signing_secret", "The app's signing secret.", secret=True),
    )

    def __init__(self, api: str) -> None:
        self._api = api.rstrip("/")

    def check(self, config: Config, inbound: Inbound) -> None:
        """The signature over time and body; what is older than five minutes could be a replay."""
        sent_at = inbound.headers.get(_TIMESTAMP, "")
        if not sent_at.isdigit() or abs(inbound.now.timestamp() - int(sent_at[:15])) > _OLDEST_SECONDS:
            raise Unauthorized(f"'{_TIMESTAMP}' is missing, or more than five minutes away from now.")
        signed = b"v0:" + sent_at.encode() + b":" + inbound.body
        hold_same(
            inbound.headers.get(_SIGNATURE, ""), f"v0={hex_signature(config['signing_secret'], signed)}", _SIGNATURE
        )

    def handshake(self, config: Config, inbound: Inbound) -> Answer | None:
        """The challenge of a new request URL."""
        body: _Body = decode(inbound.body, _Body)
        return Answer(encode({"challenge": body.challenge})) if body.type == "url_verification" else None

    def messages(self, config: Config, inbound: Inbound) -> Sequence[Message]:
        """Mentions and direct messages of people; words of bots, our own among them, are left out."""
        body: _Body = decode(inbound.body, _Body)
        event = body.event
        if event is None or event.bot_id or event.subtype:
            return []
        if event.type != "app_mention" and (event.type, event.channel_type) != ("message", "im"):
            return []
        direct = event.channel_type == "im"
        thread = event.thread_ts or ("" if direct else event.ts)
        text = _MENTION.sub("", event.text).strip()
        address = {"channel": event.channel, "thread_ts": thread}
        return [Message(body.event_id, f"{event.channel}:{thread}", text, address)] if text and body.event_id else []

    def reply(self, config: Config, address: Mapping[str, str], text: str) -> Outgoing:
        """A message in the channel's thread."""
        body = {"channel": address["channel"], "text": _escaped(text), "unfurl_links": False, "unfurl_media": False}
        if address["thread_ts"]:
            body["thread_ts"] = address["thread_ts"]
        headers = {
            "authorization": f"Bearer {config['bot_token']}",
            "content-type": "application/json; charset=utf-8",
        }
        return Outgoing("POST", f"{self._api}/chat.postMessage", headers, encode(body))

    def refusal(self, body: bytes) -> str | None:
        """Slack answers 200 to what it does not take, too."""
        result: _Result = decode(body, _Result)
        return None if result.ok else result.error or "Slack did not take it"


def _escaped(text: str) -> str:
    """Text that mentions nobody and links nowhere.

    >>> _escaped("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
