"""A mail server on this machine that keeps what it is given."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope


class PostOffice:
    """What came in: envelopes, and the mails in them.

    The first ``busy`` mails are not taken now; ``visits`` has these, too.
    """

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.refusal = ""
        self.busy = 0
        self.visits: asyncio.Queue[Envelope] = asyncio.Queue()
        self.port = 0

    @property
    def mails(self) -> list[EmailMessage]:
        """Each as its reader sees it."""
        contents = [one.content for one in self.envelopes if isinstance(one.content, bytes)]
        read = [message_from_bytes(content, policy=default) for content in contents]
        return [one for one in read if isinstance(one, EmailMessage)]

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        """Called by the server for each mail."""
        self.visits.put_nowait(envelope)
        if self.refusal:
            return self.refusal
        if self.busy:
            self.busy -= 1
            return "451 later"
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(self, server: SMTP, session: Any, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Called by the server when somebody logs in."""
        self.logins.append((data.login, data.password))
        # Not handled: the answer is still to be sent, by the server.
        return AuthResult(success=data.password == b"right", handled=False)


@asynccontextmanager
async def open_office(**options: Any) -> AsyncIterator[PostOffice]:
    """A server that listens inside the block."""
    office = PostOffice()
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It warns of passwords without TLS, which nobody but this machine sees here.
            warnings.simplefilter("ignore")
            return SMTP(office, authenticator=office.authenticate, loop=loop, hostname="post.test", **options)

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()
