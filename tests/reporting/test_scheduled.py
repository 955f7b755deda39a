"""Reports go out by mail: one mail for each slot and reader, whatever fails on the way."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from headwater.control.report_schedules.issues import CLAIM, RETRIES
from headwater.control.report_schedules.models import ReportIssue, ReportMail
from headwater.control.saved_reports.models import SavedReport
from headwater.control.users.models import User
from headwater.errors import Unavailable
from headwater.reporting import scheduled
from headwater.reporting.scheduled import ScheduledReports
from tests.mail.post_office import PostOffice, open_office
from tests.mailed import link, path, prove, schedule, shown
from tests.serving import Company, Hierarchy, Server, event, serving

DAY = timedelta(days=1)
# It is Saturday, 3 May 2025, 12:30.
SLOT = datetime(2025, 5, 4, 6, 0, tzinfo=UTC)


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with open_office() as opened:
        yield opened


@pytest.fixture
async def server(tmp_path: Path, office: PostOffice) -> AsyncIterator[Server]:
    through = {"smtp_host": "127.0.0.1", "smtp_port": office.port, "smtp_security": "none"}
    url = "https://headwater.example"
    async with serving(tmp_path, **through, public_url=url, smtp_timeout=5.0) as started:
        yield started


@pytest.fixture
async def company(server: Server, office: PostOffice) -> Company:
    made = await server.company("Nord")
    await prove(made, made.email)
    await server.services.control.settle()
    office.envelopes.clear()
    return made


@pytest.fixture
def reports(server: Server) -> ScheduledReports:
    return ScheduledReports(server.services.control, server.services.reporting)


@pytest.fixture
async def report(company: Company, hierarchy: Hierarchy) -> int:
    await company.send([event(hierarchy.creative, ts=f"2025-05-0{day}T10:00:00Z") for day in (1, 2, 2, 3)])
    body = {"name": "Winter: über/all", "workspace_id": hierarchy.workspace, "resource": "campaign"}
    body |= {"ids": [hierarchy.campaign], "metrics": ["impressions"], "relative": "this_month"}
    return await company.make("/api/v2/reports", **body)


async def daily(company: Company, report: int, **more: Any) -> dict[str, Any]:
    return await schedule(company, report, **{"recipients": [company.email], **more})


async def left(server: Server) -> tuple[int, int]:
    """How many mails and files wait to be sent."""
    async with server.services.control.reading() as session:
        mails = await session.scalar(select(func.count()).select_from(ReportMail)) or 0
        return mails, await session.scalar(select(func.count()).select_from(ReportIssue)) or 0


class TestMail:
    async def test_what_stands_in_it(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        server.clock.now = SLOT
        await reports.mail()
        (mail,), (envelope,) = office.mails, office.envelopes
        assert envelope.rcpt_tos == [company.email]
        assert mail["Subject"] == "Winter: über/all: 1 May 2025 to 4 May 2025 (UTC)"
        stop = f"https://headwater.example{await link(company, company.email, 'stop')}"
        assert mail["List-Unsubscribe"] == f"<{stop}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        body = mail.get_body()
        assert body is not None
        text = body.get_content()
        for words in ("1 May 2025 to 4 May 2025 (UTC)", "Nord sends it each day at 6:00 UTC", stop):
            assert words in text
        (file,) = mail.iter_attachments()
        assert (file.get_filename(), file.get_content_type()) == ("Winter_ber_all.csv", "text/csv")
        exported = await company.get(f"/api/v2/reports/{report}/export", format="csv")
        content = file.get_payload(decode=True)
        assert content == exported.content
        rows = list(csv.reader(io.StringIO(exported.content.decode("utf-8-sig"))))
        assert [row[-1] for row in rows[-4:]] == ["1", "2", "1", "0"]
        assert await left(server) == (0, 0)
        row = await shown(company, report)
        assert (row["last_sent_at"], row["next_at"]) == ("2025-05-04T06:00:00Z", "2025-05-05T06:00:00Z")
        assert row["last_error"] is None

    @pytest.mark.parametrize("format", ["xlsx", "pdf"])
    async def test_files_open(
        self,
        server: Server,
        company: Company,
        report: int,
        reports: ScheduledReports,
        office: PostOffice,
        format: str,
    ) -> None:
        await daily(company, report, format=format)
        server.clock.now = SLOT
        await reports.mail()
        (file,) = office.mails[0].iter_attachments()
        content = io.BytesIO(file.get_content())
        if format == "xlsx":
            assert openpyxl.load_workbook(content).worksheets
        else:
            assert len(pypdf.PdfReader(content).pages) == 1

    async def test_each_reader_gets_a_mail_and_a_link_of_their_own(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report, recipients=[company.email, "a@client.example", "b@client.example"])
        await server.client.post(await link(company, "a@client.example", "confirm"))
        await server.services.control.settle()
        office.envelopes.clear()
        server.clock.now = SLOT
        await reports.mail()
        # The third has not confirmed.
        assert sorted(mail["To"] for mail in office.mails) == ["a@client.example", company.email]
        assert len({mail["List-Unsubscribe"] for mail in office.mails}) == 2
        await server.client.post(await link(company, "a@client.example", "stop"))
        server.clock.advance(DAY)
        await reports.mail()
        assert [mail["To"] for mail in office.mails[2:]] == [company.email]


class TestSlots:
    async def test_one_mail_a_slot_however_often_and_by_whomever_it_is_looked(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        assert not await reports.is_due()
        await reports.mail()
        assert office.mails == []
        others = [ScheduledReports(server.services.control, server.services.reporting) for _ in range(2)]
        for count in (1, 2, 3):
            server.clock.now = SLOT + (count - 1) * DAY
            assert await reports.is_due()
            await asyncio.gather(*(one.mail() for one in (reports, *others) for _ in range(2)))
            assert len(office.mails) == count
            assert not await reports.is_due()

    async def test_after_days_without_a_server_there_is_one(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        server.clock.now = SLOT + 5 * DAY + timedelta(hours=3)
        await reports.mail()
        await reports.mail()
        assert len(office.mails) == 1
        assert (await shown(company, report))["next_at"] == "2025-05-10T06:00:00Z"

    async def test_a_new_schedule_takes_the_slot_of_the_old_one(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        server.clock.now = SLOT - timedelta(hours=1)
        await daily(company, report, hour=9)
        server.clock.now = SLOT
        await reports.mail()
        assert office.mails == []

    async def test_the_worker_runs_it(self, server: Server, company: Company, report: int, office: PostOffice) -> None:
        worker = server.headwater.worker
        assert worker is not None
        await daily(company, report)
        assert not await worker.turn(worker.jobs["reports"])
        server.clock.now = SLOT
        assert await worker.turn(worker.jobs["reports"])
        assert len(office.mails) == 1


class TestNotMailed:
    async def test_nobody_has_agreed(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report, recipients=["a@client.example"])
        await server.services.control.settle()
        office.envelopes.clear()
        server.clock.now = SLOT
        await reports.mail()
        row = await shown(company, report)
        assert (office.mails, row["next_at"]) == ([], "2025-05-05T06:00:00Z")
        assert "not confirmed" in row["last_error"]

    async def test_an_archived_workspace_stops_it_and_its_return_starts_it(
        self,
        server: Server,
        company: Company,
        hierarchy: Hierarchy,
        report: int,
        reports: ScheduledReports,
        office: PostOffice,
    ) -> None:
        await daily(company, report)
        at = f"/api/v2/workspaces/{hierarchy.workspace}"
        assert (await company.request("DELETE", at)).status_code == 204
        server.clock.now = SLOT
        await reports.mail()
        assert (office.mails, (await shown(company, report))["last_error"]) == (
            [],
            "The report's workspace is archived.",
        )
        assert (await company.request("PUT", at, json={"archived": False})).status_code == 200
        server.clock.advance(DAY)
        await reports.mail()
        assert (len(office.mails), (await shown(company, report))["last_error"]) == (1, None)

    async def test_an_owner_who_is_no_member_any_more_stops_it(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        other = await server.company("Syd")
        await daily(company, report)
        async with server.services.control.unit_of_work() as unit:
            await unit.session.execute(
                update(SavedReport).values(
                    created_by=select(User.id).where(User.organisation_id == other.organisation_id).scalar_subquery()
                )
            )
        await server.services.control.settle()
        office.envelopes.clear()
        server.clock.now = SLOT
        await reports.mail()
        assert office.mails == []
        assert "no member" in (await shown(company, report))["last_error"]

    @pytest.mark.parametrize("gone", ["report", "schedule"])
    async def test_what_was_deleted_is_not_mailed_nor_what_waits_of_it(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice, gone: str
    ) -> None:
        await daily(company, report)
        office.refusal = "451 later"
        server.clock.now = SLOT
        await reports.mail()
        assert await left(server) == (1, 1)
        at = path(report) if gone == "schedule" else f"/api/v2/reports/{report}"
        assert (await company.request("DELETE", at)).status_code == 204
        office.refusal = ""
        server.clock.advance(DAY)
        await reports.mail()
        assert (office.mails, await left(server)) == ([], (0, 0))

    async def test_who_stops_it_gets_no_mail_that_waits(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        office.refusal = "451 later"
        server.clock.now = SLOT
        await reports.mail()
        await server.client.post(await link(company, company.email, "stop"))
        office.refusal = ""
        server.clock.advance(timedelta(hours=1))
        await reports.mail()
        assert (office.mails, await left(server)) == ([], (0, 0))

    async def test_a_file_that_no_mail_carries_is_told(
        self,
        server: Server,
        company: Company,
        report: int,
        reports: ScheduledReports,
        office: PostOffice,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(scheduled, "LARGEST_FILE", 10)
        await daily(company, report)
        server.clock.now = SLOT
        await reports.mail()
        row = await shown(company, report)
        assert (office.mails, row["next_at"]) == ([], "2025-05-05T06:00:00Z")
        assert "a mail carries 10" in row["last_error"]


class TestFailing:
    async def test_a_server_that_is_busy_is_asked_again_with_the_same_message(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        office.refusal = "451 later"
        server.clock.now = SLOT
        await reports.mail()
        async with server.services.control.reading() as session:
            number = await session.scalar(select(ReportMail.message_id))
        assert not await reports.is_due()
        server.clock.advance(RETRIES[0])
        assert await reports.is_due()
        office.refusal = ""
        # The report as it was at its slot, whatever has come in since.
        await company.request("PUT", f"/api/v2/reports/{report}", json=await _renamed(company, report))
        await reports.mail()
        (mail,) = office.mails
        assert mail["Message-ID"] == f"<{number}@localhost>"
        assert mail["Subject"].startswith("Winter")
        assert await left(server) == (0, 0)

    async def test_after_some_hours_it_is_given_up_and_noted_and_the_next_slot_comes(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        office.refusal = "451 later"
        server.clock.now = SLOT
        with capture_logs() as lines:
            for wait in (*RETRIES, timedelta()):
                await reports.mail()
                server.clock.advance(wait)
        assert [line["event"] for line in lines] == ["report.mail_not_sent"] * (len(RETRIES) + 1)
        assert company.email not in str(lines)
        row = await shown(company, report)
        assert row["last_error"] == (
            f"Not mailed to {company.email}: the mail server did not take it for several hours."
        )
        assert (await left(server), row["last_sent_at"]) == ((0, 0), None)
        assert timedelta(hours=4) < sum(RETRIES, timedelta()) < timedelta(hours=8)
        office.refusal = ""
        server.clock.now = SLOT + DAY
        await reports.mail()
        assert (len(office.mails), (await shown(company, report))["last_error"]) == (1, None)

    async def test_what_is_refused_for_good_is_not_tried_again(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        office.refusal = "554 no"
        server.clock.now = SLOT
        await reports.mail()
        assert await left(server) == (0, 0)
        assert (await shown(company, report))["last_error"] == (
            f"Not mailed to {company.email}: the mail server refused it."
        )

    async def test_a_mail_server_that_is_away_costs_few_attempts_in_a_turn(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        emails = [f"a{number}@client.example" for number in range(8)]
        await daily(company, report, recipients=emails)
        for email in emails:
            await server.client.post(await link(company, email, "confirm"))
        office.refusal = "451 later"
        server.clock.now = SLOT
        with capture_logs() as lines:
            await reports.mail()
        assert len([line for line in lines if line["event"] == "report.mail_not_sent"]) == 3
        office.refusal = ""
        await server.services.control.settle()
        office.envelopes.clear()
        server.clock.advance(RETRIES[0])
        await reports.mail()
        assert sorted(mail["To"] for mail in office.mails) == emails

    async def test_a_report_that_cannot_be_made_now_is_made_later_and_keeps_no_other_back(
        self,
        server: Server,
        company: Company,
        hierarchy: Hierarchy,
        report: int,
        reports: ScheduledReports,
        office: PostOffice,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        body = await _renamed(company, report)
        other = await company.make("/api/v2/reports", **{**body, "name": "Other"})
        table = server.services.reporting.table
        failures: list[Exception] = [Unavailable("Busy."), RuntimeError("secret")]

        async def failing(one: SavedReport, scope: Any) -> Any:
            if one.id == report and failures:
                raise failures.pop()
            return await table(one, scope)

        monkeypatch.setattr(server.services.reporting, "table", failing)
        await daily(company, report)
        await daily(company, other)
        server.clock.now = SLOT
        for wait in RETRIES[:2]:
            with capture_logs():
                await reports.mail()
            server.clock.advance(wait)
        assert [mail["Subject"].partition(":")[0] for mail in office.mails] == ["Other"]
        await reports.mail()
        assert [mail["Subject"].partition(":")[0] for mail in office.mails] == ["Other", "Winter"]

    async def test_a_report_that_cannot_be_made_for_hours_is_noted_without_what_is_inside(
        self,
        server: Server,
        company: Company,
        report: int,
        reports: ScheduledReports,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def failing(*_: Any) -> Any:
            raise RuntimeError("secret")

        monkeypatch.setattr(server.services.reporting, "table", failing)
        await daily(company, report)
        server.clock.now = SLOT
        with capture_logs():
            for wait in (*RETRIES, timedelta()):
                await reports.mail()
                server.clock.advance(wait)
        row = await shown(company, report)
        assert row["next_at"] == "2025-05-05T06:00:00Z"
        assert "inside the server" in row["last_error"]
        assert "secret" not in row["last_error"]

    async def test_a_server_that_ends_finishes_the_mail_that_is_under_way(
        self,
        server: Server,
        company: Company,
        report: int,
        reports: ScheduledReports,
        office: PostOffice,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()
        deliver = server.services.control.mailer.deliver

        async def slow(message: Any) -> None:
            begun.set()
            await go_on.wait()
            await deliver(message)

        monkeypatch.setattr(server.services.control.mailer, "deliver", slow)
        await daily(company, report)
        server.clock.now = SLOT
        work = asyncio.create_task(reports.mail())
        await begun.wait()
        work.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert (len(office.mails), await left(server)) == (1, (0, 0))

    async def test_a_mail_whose_sender_died_each_time_is_given_up(
        self, server: Server, company: Company, report: int, reports: ScheduledReports, office: PostOffice
    ) -> None:
        await daily(company, report)
        office.refusal = "451 later"
        server.clock.now = SLOT
        await reports.mail()
        async with server.services.control.unit_of_work() as unit:
            await unit.session.execute(update(ReportMail).values(attempts=len(RETRIES) + 1))
        office.refusal = ""
        server.clock.advance(CLAIM)
        await reports.mail()
        assert (office.mails, await left(server)) == ([], (0, 0))
        assert company.email in (await shown(company, report))["last_error"]


async def _renamed(company: Company, report: int) -> dict[str, Any]:
    row = (await company.get(f"/api/v2/reports/{report}")).json()["data"]
    kept = ("workspace_id", "resource", "ids", "metrics", "relative")
    return {"name": "Other", **{key: row[key] for key in kept}}
