"""Promise: kill -9 while a report is being mailed loses no mail; one that was doubled says so in its Message-ID."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from sqlalchemy import select

from headwater.control.report_schedules.issues import CLAIM
from headwater.control.report_schedules.models import ReportMail
from tests.crash.mailing import mail_reports
from tests.mail.post_office import open_office
from tests.mailed import prove, schedule
from tests.serving import serving

SLOT = datetime(2025, 5, 4, 6, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


async def set_up(folder: Path) -> None:
    """A report that is due at ``SLOT``."""
    async with serving(folder) as server:
        company = await server.company()
        await prove(company, company.email)
        found = await company.hierarchy()
        body = {"name": "R", "workspace_id": found.workspace, "resource": "campaign", "ids": [found.campaign]}
        report = await company.make("/api/v2/reports", **body, metrics=["impressions"])
        await schedule(company, report, recipients=[company.email])


async def waiting(folder: Path) -> list[str]:
    """The ids of the messages that wait to be sent."""
    async with serving(folder) as server, server.services.control.reading() as session:
        return list(await session.scalars(select(ReportMail.message_id)))


async def begin(folder: Path, port: int) -> asyncio.subprocess.Process:
    """A process that mails it."""
    arguments = ("-m", "tests.crash.mailing", str(folder), str(port), SLOT.isoformat())
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, start_new_session=True)


@asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A port at which nobody says anything, and whether somebody has come."""
    came, over = asyncio.Event(), asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        over.set()
        server.close()
        await server.wait_closed()


async def test_between_commit_and_sending(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await set_up(folder)
    async with silent_server() as (port, came):
        child = await begin(folder, port)
        await came.wait()
        child.send_signal(signal.SIGKILL)
        await child.wait()
    (number,) = await waiting(folder)
    async with open_office() as office:
        # It is the dead process's for a while.
        await mail_reports(folder, office.port, SLOT)
        assert office.mails == []
        for _ in range(2):
            await mail_reports(folder, office.port, SLOT + CLAIM)
    assert [mail["Message-ID"] for mail in office.mails] == [f"<{number}@localhost>"]
    assert await waiting(folder) == []


async def test_after_the_mail_server_took_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    await set_up(folder)
    async with open_office() as office:
        took = office.handle_DATA

        async def take_and_kill(server: SMTP, session: Any, envelope: Envelope) -> str:
            answer = await took(server, session, envelope)
            child.send_signal(signal.SIGKILL)
            return answer

        monkeypatch.setattr(office, "handle_DATA", take_and_kill)
        child = await begin(folder, office.port)
        await child.wait()
        monkeypatch.undo()
        for _ in range(2):
            await mail_reports(folder, office.port, SLOT + CLAIM)
    # SMTP cannot tell whether a mail was taken; who gets it twice can tell that it is one.
    assert len(office.mails) == 2
    assert len({mail["Message-ID"] for mail in office.mails}) == 1
    assert await waiting(folder) == []
