"""A process that mails the reports that are due at a moment, to be killed: folder, port of the mail server, moment."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from headwater.reporting.scheduled import ScheduledReports
from tests.serving import serving


async def mail_reports(folder: Path, port: int, now: datetime) -> None:
    """Mail them once."""
    async with serving(folder, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none") as server:
        server.clock.now = now
        await ScheduledReports(server.services.control, server.services.reporting).mail()


if __name__ == "__main__":
    asyncio.run(mail_reports(Path(sys.argv[1]), int(sys.argv[2]), datetime.fromisoformat(sys.argv[3])))
