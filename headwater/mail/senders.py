"""The two ways out: a mail server, or a folder of files that a person can open."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol

import aiosmtplib
import structlog

from headwater.settings import Settings

# Replies of mail servers from here on mean "never"; those below mean "not now" (RFC 5321, 4.2.1).
_FOR_GOOD: Final = 500
_NAME: Final = re.compile(r"(\d{8}T\d{6})-[0-9a-f]{8}\.(eml|part)")
_TIME: Final = "%Y%m%dT%H%M%S"
_log = structlog.get_logger(__name__)


class NotSent(Exception):
    """The mail did not go out; the words are for the operator's log. What is ``final`` need not be tried again."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class Sender(Protocol):
    """Takes a composed mail; ``NotSent`` where it cannot go out."""

    async def send(self, mail: EmailMessage) -> None:
        """Send it."""

    async def forget(self, before: datetime) -> None:
        """Remove what is kept of mails that are older."""


class SmtpSender:
    """Hands each mail to the server of the settings, over a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def forget(self, before: datetime) -> None:
        """Nothing is kept."""

    async def send(self, mail: EmailMessage) -> None:
        """Send it; a server that should speak TLS and does not is sent nothing."""
        chosen = self._settings
        try:
            await aiosmtplib.send(
                mail,
                hostname=chosen.smtp_host,
                port=chosen.smtp_port,
                username=chosen.smtp_username or None,
                password=chosen.smtp_password or None,
                use_tls=chosen.smtp_security == "tls",
                start_tls=chosen.smtp_security == "starttls",
                timeout=chosen.smtp_timeout,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise NotSent(f"{type(error).__name__}: {error}", final=_is_final(error)) from error


def _is_final(error: Exception) -> bool:
    """Whether the server refused this mail for good; a login that it refused can be mended in the settings."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return False
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(one.code >= _FOR_GOOD for one in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= _FOR_GOOD


class FolderSender:
    """Writes each mail into a file that only the server's user may read, since mails carry tokens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, mail: EmailMessage) -> None:
        """Write it and log where."""
        try:
            path = await asyncio.to_thread(self._write, mail)
        except OSError as error:
            raise NotSent(f"{type(error).__name__}: {error.strerror}") from error
        _log.info("mail.written", path=str(path), subject=mail["Subject"])

    async def forget(self, before: datetime) -> None:
        """Remove the files of mails that are older."""
        await asyncio.to_thread(self._forget, before)

    def _forget(self, before: datetime) -> None:
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            # By the time in its name: a copy or a backup gives a file another one.
            named = _NAME.fullmatch(path.name)
            if named and datetime.strptime(named[1], _TIME).replace(tzinfo=UTC) < before:
                path.unlink(missing_ok=True)

    def _write(self, mail: EmailMessage) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        when = mail["Date"].datetime
        path = self._folder / f"{when.astimezone(UTC):{_TIME}}-{secrets.token_hex(4)}.eml"
        draft = path.with_suffix(".part")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(mail))
        draft.rename(path)
        return path
