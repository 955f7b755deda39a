"""Mails the reports that are due: once for each slot, however many processes there are and whenever one dies.

What is due, claimed or over is written in ``control.report_schedules``; here it is run,
drawn and sent, outside of any transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog

from headwater.control import Control
from headwater.control.report_schedules import issues
from headwater.control.report_schedules.issues import Due
from headwater.errors import HeadwaterError, PayloadTooLarge, Unavailable
from headwater.mail import NotSent, Undeliverable
from headwater.reporting.run import Reporting
from headwater.scope import Scope

LARGEST_FILE: Final = 15 * 1024 * 1024
"""Bytes that a mail may carry: many mail servers take 20 to 25 MB, and a file grows by a third on its way."""
# With the mail server away, each attempt takes its time; the rest of the mails waits for the next turn.
_FAILURES_IN_A_ROW: Final = 3
_ATTEMPTS_TO_NOTE: Final = 5
log = structlog.get_logger(__name__)


class ScheduledReports:
    """The scheduled reports of all organisations."""

    def __init__(self, control: Control, reporting: Reporting) -> None:
        self._control = control
        self._reporting = reporting

    async def is_due(self) -> bool:
        """Whether there is anything to do."""
        async with self._control.reading() as session:
            return await issues.is_any_due(session)

    async def mail(self) -> None:
        """Put out what is due, and send the mails that wait; what fails is tried again in a later turn."""
        async with self._control.reading() as session:
            due = await issues.due_reports(session)
        for report_id in due:
            await self._put_out(report_id)
        await self._send_mails()

    async def _put_out(self, report_id: int) -> None:
        async with self._control.reading() as session:
            due = await issues.read_due(session, report_id)
        if due is None:
            return
        if due.owner is None or due.obstacle is not None:
            await self._skip(due, due.obstacle or "")
            return
        try:
            await self._run(due, due.owner)
        except HeadwaterError as error:
            log.warning("report.not_mailed", report=report_id, reason=error.message)
            # What is wrong with the report itself is so in ten minutes, too.
            await (self._skip if error.status < 500 else self._postpone)(due, f"The report could not be made: {error}")
        except Exception:
            # One report that breaks shall not keep the others from going out.
            log.exception("report.failed", report=report_id)
            await self._postpone(due, "The report could not be made: something failed inside the server.")

    async def _run(self, due: Due, owner: Scope) -> None:
        table = await self._reporting.table(due.report, owner)
        file = await self._reporting.file(due.report, table, due.format)
        if len(file.content) > LARGEST_FILE:
            raise PayloadTooLarge(
                f"the file has {len(file.content):,} bytes, and a mail carries {LARGEST_FILE:,}. Choose another format,"
                " a shorter period or a coarser time frame."
            )
        async with self._control.unit_of_work() as unit:
            await issues.put_out(unit.session, due, table.subtitle, file)

    async def _skip(self, due: Due, reason: str) -> None:
        async with self._control.unit_of_work() as unit:
            await issues.skip(unit.session, due, reason)

    async def _postpone(self, due: Due, reason: str) -> None:
        async with self._control.unit_of_work() as unit:
            await issues.postpone(unit.session, due, reason)

    async def _send_mails(self) -> None:
        async with self._control.reading() as session:
            waiting = await issues.waiting_mails(session)
        failures = 0
        for mail_id in waiting:
            failures = 0 if await _to_its_end(self._send(mail_id)) else failures + 1
            if failures == _FAILURES_IN_A_ROW:
                return

    async def _send(self, mail_id: int) -> bool:
        """Send a mail, if it is still to be sent; false where the mail server could not take it now."""
        async with self._control.unit_of_work() as unit:
            claimed = await issues.claim(unit.session, mail_id)
        if claimed is None:
            return True
        try:
            await self._control.mailer.deliver(self._control.letters.report(claimed.letter, claimed.file))
        except (NotSent, Undeliverable) as error:
            final = isinstance(error, Undeliverable) or error.final
            # Neither the address nor what the mail says.
            log.warning("report.mail_not_sent", mail=claimed.letter.mail_id, final=final, reason=str(error))
            async with self._control.unit_of_work() as unit:
                await issues.not_sent(unit.session, mail_id, final=final)
            return final
        await self._note_sent(mail_id)
        return True

    async def _note_sent(self, mail_id: int) -> None:
        """Write down that a mail went out, again and again while the database is busy: else it would go twice."""
        for attempt in range(_ATTEMPTS_TO_NOTE):
            try:
                async with self._control.unit_of_work() as unit:
                    await issues.sent(unit.session, mail_id)
                return
            except Unavailable:
                if attempt + 1 == _ATTEMPTS_TO_NOTE:
                    raise


async def _to_its_end(work: Coroutine[Any, Any, bool]) -> bool:
    """Finish a mail that is under way also when the server is asked to end: what was cut off would go twice."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
