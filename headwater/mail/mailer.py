"""Sends messages beside the answers: nobody waits for a mail server, and no answer's time tells whether a mail went.

A mail that a server did not take is tried again for some ten minutes. It waits in memory
only, since most mails carry tokens; with the process it is gone, and who waits for it asks
for another. Mails that must outlive the process are kept by who sends them, see ``deliver``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from headwater.errors import HeadwaterError
from headwater.kit.beside import Beside
from headwater.kit.clock import Clock
from headwater.mail.message import Message, Undeliverable, compose, mailbox
from headwater.mail.senders import FolderSender, NotSent, Sender, SmtpSender
from headwater.settings import Settings, SettingsError

RETRIES: Final = (10.0, 30.0, 120.0, 480.0)
"""Seconds to wait before each further attempt."""
_log = structlog.get_logger(__name__)


class Mailer:
    """The mails under way."""

    def __init__(self, sender: Sender, origin: str, clock: Clock, *, retries: Sequence[float] = RETRIES) -> None:
        self._sender = sender
        self._origin = origin
        self._clock = clock
        self._retries = retries
        self._beside = Beside()
        self._hurry = asyncio.Event()

    def post(self, message: Message) -> None:
        """Send a message in the background."""
        self._beside.begin(self._send(message))

    def post_when(self, made: Coroutine[Any, Any, Message | None]) -> None:
        """Find out in the background what is to be sent, if anything is, and send it."""
        self._beside.begin(self._send_when(made))

    async def deliver(self, message: Message) -> None:
        """Send a message now, once; ``NotSent`` or ``Undeliverable`` where it does not go out."""
        await self._sender.send(compose(message, self._origin, self._clock()))

    async def forget(self, before: datetime) -> None:
        """Remove what is kept of mails that are older."""
        await self._sender.forget(before)

    async def settle(self) -> None:
        """Wait until everything has been sent, or given up: nothing waits for another attempt any more."""
        self._hurry.set()
        await self._beside.settle()
        self._hurry.clear()

    async def _send_when(self, made: Coroutine[Any, Any, Message | None]) -> None:
        try:
            message = await made
        except HeadwaterError as error:
            _log.warning("mail.not_sent", reason=error.message)
            return
        if message is not None:
            await self._send(message)

    async def _send(self, message: Message) -> None:
        for wait in (*self._retries, None):
            try:
                await self.deliver(message)
                return
            except (Undeliverable, NotSent) as error:
                final = wait is None or isinstance(error, Undeliverable) or error.final
                if final or await self._hurried(wait):
                    # Neither the text, which carries tokens, nor the address.
                    _log.warning("mail.not_sent", subject=message.subject, reason=str(error))
                    return
                _log.info("mail.put_off", subject=message.subject, seconds=wait, reason=str(error))

    async def _hurried(self, seconds: float | None) -> bool:
        """Wait so long; whether the wait was cut short."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)
        return self._hurry.is_set()


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
