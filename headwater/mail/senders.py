"""The two ways out: a mail server, or a folder of files that a person can open."""

from __future__ import annotations

import asyncio
import os
import secrets
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import aiosmtplib
import structlog

from headwater.settings import Settings

_log = structlog.get_logger(__name__)


class NotSent(Exception):
    """The mail did not go out; the words are for the operator's log."""


class Sender(Protocol):
    """Takes a composed mail; ``NotSent`` where it cannot go out."""

    async def send(self, mail: EmailMessage) -> None:
        """Send it."""


class SmtpSender:
    """Hands each mail to the server of the settings, over a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

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
            raise NotSent(f"{type(error).__name__}: {error}") from error


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

    def _write(self, mail: EmailMessage) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        when = mail["Date"].datetime
        path = self._folder / f"{when:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.eml"
        draft = path.with_suffix(".part")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(mail))
        draft.rename(path)
        return path
