"""The mails that a test's server wrote, as their readers see them."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from tests.serving import Server


async def mails(server: Server, to: str) -> list[EmailMessage]:
    """All to an address, oldest first."""
    await server.services.control.mailer.settle()
    files = sorted(
        (Path(server.services.settings.data_dir) / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns
    )
    read = [message_from_bytes(path.read_bytes(), policy=default) for path in files]
    return [mail for mail in read if isinstance(mail, EmailMessage) and mail["To"] == to]


async def subjects(server: Server, to: str) -> list[str]:
    """What they are about."""
    return [str(mail["Subject"]) for mail in await mails(server, to)]


async def link(server: Server, to: str) -> str:
    """The link of the newest."""
    found = re.search(r"https?://\S+#token=\S+", (await mails(server, to))[-1].get_content())
    assert found is not None
    return found[0]


async def token(server: Server, to: str) -> str:
    """The token of the newest."""
    return (await link(server, to)).partition("#token=")[2]
