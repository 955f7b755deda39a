"""What every platform is asked: is this from you, what does it say, and how is it answered?"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

import msgspec

from headwater.errors import InvalidRequest, Unauthorized

Kind = Literal["messaging", "ecommerce"]
Config = Mapping[str, Any]
LONGEST_ID: Final = 255


class Setting(msgspec.Struct, frozen=True):
    """One field of a deployment's config; a ``secret`` is kept encrypted and never shown again."""

    name: str
    description: str
    secret: bool = False
    required: bool = True
    many: bool = False


class Inbound(msgspec.Struct, frozen=True):
    """A request of the platform; header names are in small letters."""

    method: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    now: datetime

    def param(self, name: str) -> str:
        """The query parameter's first value; empty where it was not sent."""
        return next((value for key, value in self.query if key == name), "")


class Message(msgspec.Struct, frozen=True):
    """What somebody says. ``id`` is the same however often it is delivered; ``address`` is what a reply needs."""

    id: str
    conversation: str
    text: str
    address: dict[str, str]


class Outgoing(msgspec.Struct, frozen=True):
    """A request to the platform."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes


class Answer(msgspec.Struct, frozen=True):
    """What goes back to the platform at once."""

    body: bytes
    media_type: str = "application/json"


class Platform(Protocol):
    """One platform.

    ``inline`` ones wait for the agent's words in the answer to their request; to the others they
    are sent by ``replies``. ``longest`` is how many characters one reply may have.
    """

    name: str
    kind: Kind
    settings: Sequence[Setting]
    inline: bool
    longest: int

    def check(self, config: Config, inbound: Inbound) -> None:
        """``Unauthorized`` unless the platform sent it."""

    def handshake(self, config: Config, inbound: Inbound) -> Answer | None:
        """The answer to a request that only wants to know whether we are here; None for all others."""

    def messages(self, config: Config, inbound: Inbound) -> Sequence[Message]:
        """What people say in it; what is nothing to answer (receipts, own words) is left out."""

    def reply(self, config: Config, address: Mapping[str, str], text: str) -> Outgoing:
        """The request that says ``text`` to whom it was that spoke."""

    def refusal(self, body: bytes) -> str | None:
        """Why the platform did not take a reply that it answered with success; None where it did."""


def decode(body: bytes, type_: type[Any]) -> Any:
    """The body as ``type_``; ``InvalidRequest`` where it is not as the platform documents."""
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.MsgspecError as error:
        raise InvalidRequest(f"The body is not what this platform sends: {error}.", place="body") from None


def encode(value: object) -> bytes:
    """A JSON body."""
    return msgspec.json.encode(value)


def hex_signature(secret: str, signed: bytes) -> str:
    """HMAC-SHA-256 in hexadecimal."""
    return hmac.new(secret.encode(), signed, sha256).hexdigest()


def hold_same(sent: str, expected: str, header: str) -> None:
    """``Unauthorized`` unless both are the same, in constant time."""
    if not sent or not hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), expected.encode()):
        raise Unauthorized(f"The request is not signed as this deployment's platform signs it ('{header}').")


def not_a_question(config: Config, inbound: Inbound) -> Answer | None:
    """The handshake of a platform that has none."""
    del config, inbound
    return None


def taken(body: bytes) -> str | None:
    """The refusal of a platform that says by its status alone what it took."""
    del body
    return None
