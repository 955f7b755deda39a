"""Schedules of reports: set, shown and removed; nobody gets a report who has not agreed or has stopped it."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from headwater.jobs.registry import jobs
from headwater.scope import Role
from tests.mailed import DAILY, link, path, prove, schedule, shown
from tests.promises import people
from tests.serving import Company, Hierarchy

CLIENT = "client@elsewhere.example"
KEYS = [
    "report_id",
    "frequency",
    "hour",
    "weekday",
    "day",
    "recipients",
    "pending",
    "stopped",
    "format",
    "next_at",
    "last_sent_at",
    "last_error",
    "created_at",
    "updated_at",
]


async def make_report(company: Company, hierarchy: Hierarchy, name: str = "Winter") -> int:
    body = {"name": name, "workspace_id": hierarchy.workspace, "resource": "campaign", "ids": [hierarchy.campaign]}
    return await company.make("/api/v2/reports", **body, metrics=["impressions"])


@pytest.fixture
async def report(company: Company, hierarchy: Hierarchy) -> int:
    return await make_report(company, hierarchy)


async def letters(company: Company, folder: Path) -> list[EmailMessage]:
    """The mails that were written but for those of registering, in any order."""
    await company.server.services.control.settle()
    files = [one.read_bytes() for one in (folder / "outbox").iterdir()]
    read = [message_from_bytes(one, policy=default) for one in files]
    return [one for one in read if isinstance(one, EmailMessage) and "report" in one["Subject"]]


class TestSchedule:
    async def test_it_is_set_shown_and_removed(self, company: Company, report: int) -> None:
        set_ = await company.request("POST", path(report), json=DAILY)
        assert set_.status_code == 201
        row = set_.json()["data"]
        assert list(row) == KEYS
        assert row.items() >= {**DAILY, "report_id": report, "weekday": None, "day": None}.items()
        assert (row["last_sent_at"], row["last_error"]) == (None, None)
        assert await shown(company, report) == row
        assert (await company.request("DELETE", path(report))).status_code == 204
        gone = [(await company.request(method, path(report))).status_code for method in ("GET", "DELETE")]
        assert gone == [404, 404]

    async def test_another_takes_its_place(self, company: Company, report: int) -> None:
        first = await schedule(company, report)
        company.server.clock.advance(timedelta(minutes=1))
        again = await company.request(
            "POST", path(report), json={**DAILY, "frequency": "weekly", "recipients": [CLIENT]}
        )
        assert again.status_code == 200
        row = again.json()["data"]
        assert (row["weekday"], row["recipients"], row["created_at"]) == ("monday", [CLIENT], first["created_at"])
        assert row["updated_at"] != first["updated_at"]

    @pytest.mark.parametrize(
        ("more", "next_at"),
        [
            # It is Saturday, 3 May 2025, 12:30.
            ({"hour": 13}, "2025-05-03T13:00:00Z"),
            ({"hour": 12}, "2025-05-04T12:00:00Z"),
            ({"frequency": "weekly"}, "2025-05-05T06:00:00Z"),
            ({"frequency": "weekly", "weekday": "friday"}, "2025-05-09T06:00:00Z"),
            ({"frequency": "monthly"}, "2025-06-01T06:00:00Z"),
            ({"frequency": "monthly", "day": 31}, "2025-05-31T06:00:00Z"),
        ],
    )
    async def test_when_it_goes_out(self, company: Company, report: int, more: dict[str, Any], next_at: str) -> None:
        assert (await schedule(company, report, **more))["next_at"] == next_at

    async def test_a_file_is_a_pdf_unless_it_is_said(self, company: Company, report: int) -> None:
        body = {key: value for key, value in DAILY.items() if key != "format"}
        assert (await company.request("POST", path(report), json=body)).json()["data"]["format"] == "pdf"

    async def test_addresses_are_kept_in_one_form_each_once(self, company: Company, report: int) -> None:
        row = await schedule(company, report, recipients=["Ada@Example.com", " ada@example.com", CLIENT])
        assert row["recipients"] == ["ada@example.com", CLIENT]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("frequency", "hourly"),
            ("hour", 24),
            ("hour", -1),
            ("hour", "6"),
            ("hour", 6.5),
            ("format", "docx"),
            ("recipients", []),
            ("recipients", [f"a{number}@example.com" for number in range(21)]),
            ("recipients", "ada@example.com"),
            ("recipients", ["ada"]),
            ("recipients", ["ada@example.com", "eve@example.com\r\nBcc: all@example.com"]),
            ("recipients", ["ada@example.com\nSubject: x"]),
            ("recipients", ["ada@example.com, eve@example.com"]),
            ("recipients", ["ada,eve@example.com"]),
            ("recipients", ['"ada"@example.com']),
            ("recipients", ["Ada <ada@example.com>"]),
            ("recipients", ["ada@example.com\x00"]),
            ("recipients", ["ада@example.com"]),
            ("recipients", ["a" * 250 + "@example.com"]),
            ("weekday", "monday"),
            ("weekday", "someday"),
            ("day", 1),
            ("day", 32),
        ],
    )
    async def test_refusals_name_the_field(self, company: Company, report: int, field: str, value: Any) -> None:
        answer = await company.request("POST", path(report), json={**DAILY, field: value})
        assert answer.status_code == 400, answer.text
        assert answer.json()["details"]["field"].partition("[")[0] == field
        assert (await company.get(path(report))).status_code == 404

    async def test_the_address_that_is_wrong_is_named(self, company: Company, report: int) -> None:
        body = {**DAILY, "recipients": ["ada@example.com", "eve"]}
        answer = await company.request("POST", path(report), json=body)
        assert answer.json()["details"]["field"] == "recipients[1]"

    async def test_what_is_set_and_removed_stands_in_the_audit_log(self, company: Company, report: int) -> None:
        await schedule(company, report)
        await company.request("DELETE", path(report))
        events = (await company.get("/api/v1/account/audit-log")).json()["events"][:2]
        assert [event["action"] for event in events] == ["report_unscheduled", "report_scheduled"]

    async def test_a_report_that_is_deleted_takes_it_along(self, company: Company, report: int) -> None:
        await schedule(company, report)
        assert (await company.request("DELETE", f"/api/v2/reports/{report}")).status_code == 204
        assert (await company.get(path(report))).status_code == 404


class TestConsent:
    async def test_a_member_with_a_proven_address_is_not_asked(
        self, company: Company, report: int, tmp_path: Path
    ) -> None:
        await prove(company, company.email)
        assert (await schedule(company, report, recipients=[company.email]))["pending"] == []
        assert await letters(company, tmp_path) == []

    async def test_everybody_else_is_asked_once_in_words_that_nobody_chose(
        self, company: Company, hierarchy: Hierarchy, tmp_path: Path
    ) -> None:
        report = await make_report(company, hierarchy, "Buy our watches")
        for _ in range(2):
            row = await schedule(company, report, recipients=[company.email, CLIENT])
            assert row["pending"] == [company.email, CLIENT]
        asked = await letters(company, tmp_path)
        assert {mail["To"] for mail in asked} == {company.email, CLIENT}
        assert len(asked) == 2
        assert not any("watches" in str(mail) for mail in asked)
        page = await company.server.client.get(await link(company, CLIENT, "stop"))
        assert "watches" not in page.text
        company.server.clock.advance(timedelta(days=1))
        await schedule(company, report, recipients=[CLIENT])
        assert len(await letters(company, tmp_path)) == 3

    async def test_the_link_of_the_mail_confirms_for_all_reports_of_the_company(
        self, company: Company, hierarchy: Hierarchy, report: int, tmp_path: Path
    ) -> None:
        other, third = [await make_report(company, hierarchy) for _ in range(2)]
        await schedule(company, other, recipients=[CLIENT])
        await schedule(company, report, recipients=[CLIENT])
        (mail,) = await letters(company, tmp_path)
        text = mail.get_content()
        url = next(line for line in text.splitlines() if "/confirm-" in line)
        client = company.server.client
        page = await client.get(url)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert '<form method="post"' in page.text
        # A program that looks what is behind links confirms nothing.
        assert (await shown(company, report))["pending"] == [CLIENT]
        for _ in range(2):
            assert f"{CLIENT} gets the report “Winter” from now on." in (await client.post(url)).text
        assert [(await shown(company, one))["pending"] for one in (report, other)] == [[], []]
        assert (await schedule(company, third, recipients=[CLIENT]))["pending"] == []
        events = (await company.get("/api/v1/account/audit-log")).json()["events"]
        assert [event["action"] for event in events].count("report_confirmed") == 1

    async def test_a_link_that_confirms_is_good_for_a_week(self, company: Company, report: int) -> None:
        await schedule(company, report, recipients=[CLIENT])
        confirm = await link(company, CLIENT, "confirm")
        company.server.clock.advance(timedelta(days=7))
        for method in ("GET", "POST"):
            assert (await company.server.client.request(method, confirm)).status_code == 404

    @pytest.mark.parametrize("spoil", [lambda one: one[:-1] + "g", lambda one: one.replace("stop-", "confirm-")])
    async def test_other_tokens_are_not_known(self, company: Company, report: int, spoil: Any) -> None:
        await schedule(company, report, recipients=[CLIENT])
        good = await link(company, CLIENT, "stop")
        for method in ("GET", "POST"):
            assert (await company.server.client.request(method, spoil(good))).status_code == 404
            assert (await company.server.client.request(method, good)).status_code == 200

    async def test_one_click_stops_it_and_its_makers_cannot_undo_that(self, company: Company, report: int) -> None:
        await schedule(company, report, recipients=[CLIENT])
        await company.server.client.post(await link(company, CLIENT, "confirm"))
        stop = await link(company, CLIENT, "stop")
        # As mail programs do it (RFC 8058), without a credential.
        one_click = {"content": "List-Unsubscribe=One-Click", "headers": {"content-type": FORM}}
        for _ in range(2):
            assert (await company.server.client.post(stop, **one_click)).status_code == 200
        assert (await shown(company, report))["stopped"] == [CLIENT]
        await company.request("DELETE", path(report))
        assert (await schedule(company, report, recipients=[CLIENT]))["stopped"] == [CLIENT]
        page = await company.server.client.get(stop)
        assert 'action="?again=true"' in page.text
        await company.server.client.post(f"{stop}?again=true")
        assert (await shown(company, report))["stopped"] == []

    async def test_who_declined_is_not_asked_again(self, company: Company, report: int, tmp_path: Path) -> None:
        await schedule(company, report, recipients=[CLIENT])
        await company.server.client.post(await link(company, CLIENT, "stop"))
        company.server.clock.advance(timedelta(days=2))
        await schedule(company, report, recipients=[CLIENT])
        assert len(await letters(company, tmp_path)) == 1

    async def test_reports_that_come_and_go_ask_nobody_more_often(
        self, company: Company, hierarchy: Hierarchy, tmp_path: Path
    ) -> None:
        for _ in range(3):
            report = await make_report(company, hierarchy)
            await schedule(company, report, recipients=[CLIENT])
            stop = await link(company, CLIENT, "stop")
            assert (await company.request("DELETE", f"/api/v2/reports/{report}")).status_code == 204
        assert len(await letters(company, tmp_path)) == 1
        # Who declines after the report is gone is not asked for another either.
        assert (await company.server.client.post(stop)).status_code == 200
        company.server.clock.advance(timedelta(days=2))
        for job in jobs(company.server.services.control, company.server.clock):
            await job.run()
        await schedule(company, await make_report(company, hierarchy), recipients=[CLIENT])
        assert len(await letters(company, tmp_path)) == 1

    async def test_a_company_asks_a_hundred_a_day(self, company: Company, hierarchy: Hierarchy) -> None:
        for batch in range(5):
            emails = [f"a{batch}x{number}@elsewhere.example" for number in range(20)]
            await schedule(company, await make_report(company, hierarchy), recipients=emails)
        more = await make_report(company, hierarchy)
        answer = await company.request("POST", path(more), json={**DAILY, "recipients": [CLIENT]})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "86400")
        assert (await company.get(path(more))).status_code == 404

    async def test_who_leaves_the_company_gets_its_reports_no_more(self, company: Company, report: int) -> None:
        email = await people.hire(company, Role.editor)
        await prove(company, email)
        assert (await schedule(company, report, recipients=[email, CLIENT]))["pending"] == [CLIENT]
        users = (await company.get(f"/api/v1/companies/{company.organisation_id}/users")).json()["users"]
        number = next(one["id"] for one in users if one["email"] == email)
        await company.request("DELETE", f"/api/v1/companies/{company.organisation_id}/users/{number}")
        assert (await shown(company, report))["recipients"] == [CLIENT]

    async def test_names_on_pages_are_text(self, company: Company, hierarchy: Hierarchy) -> None:
        report = await make_report(company, hierarchy, "<script>alert(1)</script>")
        await schedule(company, report, recipients=[CLIENT])
        await company.server.client.post(await link(company, CLIENT, "confirm"))
        page = await company.server.client.get(await link(company, CLIENT, "stop"))
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


FORM = "application/x-www-form-urlencoded"
