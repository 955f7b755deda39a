"""Sends messages beside the answers: nobody waits for a mail server, and no answer's time tells whether a mail went.

A mail that does not go out is logged and not tried again; who waits for it asks for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog

from headwater.errors import HeadwaterError
from headwater.kit.clock import Clock
from headwater.mail.message import Message, Undeliverable, compose, mailbox
from headwater.mail.senders import FolderSender, NotSent, Sender, SmtpSender
from headwater.settings import Settings, SettingsError

_log = structlog.get_logger(__name__)


class Mailer:
    """The mails under way."""

    def __init__(self, sender: Sender, origin: str, clock: Clock) -> None:
        self._sender = sender
        self._origin = origin
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, message: Message) -> None:
        """Send a message in the background."""
        self._begin(self._send(message))

    def post_when(self, made: Coroutine[Any, Any, Message | None]) -> None:
        """Find out in the background what is to be sent, if anything is, and send it."""
        self._begin(self._send_when(made))

    async def settle(self) -> None:
        """Wait until everything has been sent, or given up."""
        while self._tasks:
            # Not gathered: what one of them breaks on shall not keep the server from closing its stores.
            await asyncio.wait(tuple(self._tasks))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_when(self, made: Coroutine[Any, Any, Message | None]) -> None:
        try:
            message = await made
        except HeadwaterError as error:
            _log.warning("mail.not_sent", reason=error.message)
            return
        if message is not None:
            await self._send(message)

    async def _send(self, message: Message) -> None:
        try:
            await self._sender.send(compose(message, self._origin, self._clock()))
        except (Undeliverable, NotSent) as error:
            # Neither the text, which carries tokens, nor the address.
            _log.warning("mail.not_sent", subject=message.subject, reason=str(error))


def provide(settings: Settings, clock: Clock) -> Mailer:
    """The mailer of the settings; ``SettingsError`` where they do not say who sends."""
    try:
        mailbox(settings.mail_from)
    except Undeliverable:
        raise SettingsError(
            f"Settings: mail_from must be an address such as 'Headwater <headwater@example.com>', not"
            f" '{settings.mail_from}'."
        ) from None
    sender: Sender = SmtpSender(settings) if settings.smtp_host else FolderSender(Path(settings.data_dir) / "outbox")
    return Mailer(sender, settings.mail_from, clock)
