"""One mail: to one person, of plain text; and how it is written as Internet mail (RFC 5322).

>>> from datetime import UTC
>>> now = datetime(2025, 5, 3, 12, 30, tzinfo=UTC)
>>> composed = compose(Message("ada@example.com", "Hello", "How are you?"), "Headwater <hw@example.com>", now)
>>> composed["To"], composed["Subject"], composed.get_content()
('ada@example.com', 'Hello', 'How are you?\\n')
>>> compose(Message("ada@example.com, eve@example.com", "Hello", ""), "hw@example.com", now)
Traceback (most recent call last):
    ...
headwater.mail.message.Undeliverable: No mail can be sent to this address.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr
from typing import Final

import msgspec

# Lines as long as RFC 5322 lets them be: links stay whole, so that they can be taken from the file by hand.
_POLICY: Final = SMTP.clone(max_line_length=998)
# A dot-atom: with quotes and comments, one address could be read as two.
_LOCAL_PART: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_DOMAIN: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


class Undeliverable(Exception):
    """The message cannot be written as mail; the words say why, without repeating what is wrong."""


class Message(msgspec.Struct, frozen=True):
    """What is to be sent."""

    to: str
    subject: str
    text: str


def compose(message: Message, sender: str, now: datetime) -> EmailMessage:
    """The message as it goes out; ``Undeliverable`` where an address is none or a header would not stay one line."""
    mail = EmailMessage(policy=_POLICY)
    origin = mailbox(sender)
    try:
        mail["From"] = origin
        mail["To"] = address(message.to)
        mail["Subject"] = _one_line(message.subject)
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = make_msgid(domain=origin.domain)
        # No holiday notice shall answer.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
    except (MessageError, ValueError) as error:
        raise Undeliverable("The message cannot be written as mail.") from error
    return mail


def mailbox(text: str) -> Address:
    """An address with or without a name: ``Headwater <hw@example.com>``; for what the operator writes."""
    name, spec = parseaddr(text) if text.endswith(">") else ("", text)
    return address(spec, name)


def address(spec: str, name: str = "") -> Address:
    """One plain address, without quotes or comments; ``Undeliverable`` for other texts."""
    local, _, domain = spec.rpartition("@")
    try:
        # Names of domains beyond ASCII have a form within it, which every server knows.
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if not _DOMAIN.fullmatch(domain) or not _LOCAL_PART.fullmatch(local) or _CONTROL.search(name):
        raise Undeliverable("No mail can be sent to this address.")
    try:
        return Address(name, local, domain)
    except (MessageError, ValueError) as error:
        raise Undeliverable("No mail can be sent to this address.") from error


def _one_line(subject: str) -> str:
    if _CONTROL.search(subject):
        raise Undeliverable("A subject must be one line.")
    return subject
