"""A chat window on any page, by one script tag. What it sends is not signed: whoever opens the page may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from headwater.errors import InternalError, InvalidRequest
from headwater.kit.ids import new_id
from headwater.platforms.port import (
    LONGEST_ID,
    Answer,
    Config,
    Inbound,
    Kind,
    Message,
    Outgoing,
    Setting,
    decode,
    not_a_question,
    taken,
)

LONGEST_TEXT: Final = 4000


class Posted(msgspec.Struct, frozen=True):
    """What a page sends; ``message_id`` is the same when it is sent again in its conversation."""

    message: Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
    conversation: Annotated[str, Meta(min_length=16, max_length=LONGEST_ID)]
    message_id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)] | None = None


def posted(sent: Posted) -> Sequence[Message]:
    """As a message; one without an id is new each time.

    Pages choose their ids freely: another conversation's must not be taken for it, and given its answer.
    """
    key = sha256(msgspec.json.encode([sent.conversation, sent.message_id])).hexdigest()
    return [Message(key if sent.message_id else new_id("msg"), sent.conversation, sent.message, {})]


class Web:
    """A page."""

    name = "web"
    kind: Kind = "messaging"
    inline = True
    longest = 8000
    settings: Sequence[Setting] = (
        Setting("title", "What stands above the chat.", required=False),
        Setting("greeting", "What the agent says first.", required=False),
        Setting(
            "origins",
            "Where the chat may be shown, such as `https://shop.example`; without any, everywhere.",
            required=False,
            many=True,
        ),
    )

    def check(self, config: Config, inbound: Inbound) -> None:
        """Nothing is signed; browsers hold to where the chat may be shown."""

    def handshake(self, config: Config, inbound: Inbound) -> Answer | None:
        """There is none."""
        return not_a_question(config, inbound)

    def messages(self, config: Config, inbound: Inbound) -> Sequence[Message]:
        """The message of the page."""
        return posted(decode(inbound.body, Posted))

    def reply(self, config: Config, address: Mapping[str, str], text: str) -> Outgoing:
        """Never asked for: the answer goes back at once."""
        raise InternalError("Pages are answered inline.")

    def refusal(self, body: bytes) -> str | None:
        """Never asked for."""
        return taken(body)


def checked_origin(origin: str) -> str:
    """An origin as browsers write it; ``InvalidRequest`` for what is none.

    >>> checked_origin("https://Shop.example/"), checked_origin("http://localhost:3000")
    ('https://shop.example', 'http://localhost:3000')
    >>> checked_origin("https://[::1")
    Traceback (most recent call last):
    headwater.errors.InvalidRequest: 'https://[::1' is no origin.
    """
    try:
        parts = urlsplit(origin.strip().rstrip("/"))
    except ValueError:
        parts = urlsplit("")
    plain = f"{parts.scheme}://{parts.netloc.lower()}"
    fits = parts.scheme in ("http", "https") and parts.hostname and not parts.path and not parts.query
    if not fits or any(letter in plain for letter in " ;,'\"@*"):
        raise InvalidRequest(
            f"'{origin[:80]}' is no origin.", field="config.origins", allowed="such as 'https://shop.example'"
        )
    return plain
