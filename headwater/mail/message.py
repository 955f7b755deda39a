"""One mail: to one person, of plain text, maybe with a file; and how it is written as Internet mail (RFC 5322).

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


class Attachment(msgspec.Struct, frozen=True):
    """A file that goes with a mail; ``media_type`` may have parameters."""

    name: str
    media_type: str
    content: bytes


class Message(msgspec.Struct, frozen=True):
    """What is to be sent.

    ``stop_link`` ends mails of this kind: programs that read mail show a button for it
    (RFC 2369), and a POST to it is enough (RFC 8058). ``mail_id`` is of letters, digits
    and ``_``; the same one, sent twice, is known to be one mail.
    """

    to: str
    subject: str
    text: str
    attachment: Attachment | None = None
    stop_link: str = ""
    mail_id: str = ""


def compose(message: Message, sender: str, now: datetime) -> EmailMessage:
    """The message as it goes out; ``Undeliverable`` where an address is none or a header would not stay one line."""
    mail = EmailMessage(policy=_POLICY)
    origin = mailbox(sender)
    try:
        mail["From"] = origin
        mail["To"] = address(message.to)
        mail["Subject"] = _one_line(message.subject)
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = (
            f"<{_one_line(message.mail_id)}@{origin.domain}>" if message.mail_id else make_msgid(domain=origin.domain)
        )
        # No holiday notice shall answer.
        mail["Auto-Submitted"] = "auto-generated"
        if message.stop_link:
            mail["List-Unsubscribe"] = f"<{_one_line(message.stop_link)}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(message.text)
        if message.attachment is not None:
            _attach(mail, message.attachment)
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


def _attach(mail: EmailMessage, file: Attachment) -> None:
    media_type, _, parameters = file.media_type.partition(";")
    kind, _, subtype = media_type.partition("/")
    named = dict(one.strip().split("=", 1) for one in parameters.split(";") if one)
    mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=_one_line(file.name), params=named)


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise Undeliverable("What stands in a header must be one line.")
    return value
