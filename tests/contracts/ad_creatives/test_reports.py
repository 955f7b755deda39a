"""Reports: saved, run on a fixed clock, and exported as files that open."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import pypdf
import pytest

from tests.serving import Company, Hierarchy, event

REPORTS = "/api/v2/reports"
KEYS = [
    "id",
    "name",
    "workspace_id",
    "resource",
    "ids",
    "metrics",
    "time_frame",
    "time_from",
    "time_to",
    "relative",
    "breakdown",
    "chart",
    "created_by",
    "created_at",
    "updated_at",
]


def body(hierarchy: Hierarchy, **more: Any) -> dict[str, Any]:
    required = {"name": "Winter", "workspace_id": hierarchy.workspace, "resource": "campaign"}
    return {**required, "ids": [hierarchy.campaign], "metrics": ["impressions"], **more}


async def saved(company: Company, hierarchy: Hierarchy, **more: Any) -> dict[str, Any]:
    answer = await company.request("POST", REPORTS, json=body(hierarchy, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


async def run(company: Company, report: dict[str, Any]) -> dict[str, Any]:
    answer = await company.get(f"{REPORTS}/{report['id']}/data")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


class TestSaving:
    async def test_defaults(self, company: Company, hierarchy: Hierarchy) -> None:
        report = await saved(company, hierarchy)
        assert list(report) == KEYS
        defaults = {"time_frame": "day", "relative": "last_30_days", "breakdown": "none", "chart": "line"}
        assert report.items() >= {**defaults, "time_from": None, "time_to": None}.items()
        me = (await company.get("/api/v1/auth/me")).json()["user"]["id"]
        assert report["created_by"] == int(me)
        assert report["created_at"] == report["updated_at"] == "2025-05-03T12:30:00Z"

    async def test_get_list_and_list_of_a_workspace(self, company: Company, hierarchy: Hierarchy) -> None:
        other = await company.hierarchy()
        one, two = await saved(company, hierarchy), await saved(company, other)
        assert (await company.get(f"{REPORTS}/{one['id']}")).json() == {"data": one}
        whole = (await company.get(REPORTS)).json()
        assert whole == {"data": [two, one], "total": 2, "limit": 20, "offset": 0}
        of_one = (await company.get(f"/api/v2/workspaces/{hierarchy.workspace}/reports", limit=5)).json()
        assert of_one == {"data": [one], "total": 1, "limit": 5, "offset": 0}
        assert (await company.get("/api/v2/workspaces/999999/reports")).status_code == 404

    async def test_put_replaces_all_of_it(self, company: Company, hierarchy: Hierarchy) -> None:
        report = await saved(company, hierarchy, chart="bar", breakdown="domain", relative="lifetime")
        company.server.clock.advance(timedelta(minutes=1))
        put = await company.request("PUT", f"{REPORTS}/{report['id']}", json=body(hierarchy, name="New"))
        replaced = put.json()["data"]
        kept = {key: report[key] for key in ("id", "created_by", "created_at")}
        now = {"name": "New", "chart": "line", "breakdown": "none", "relative": "last_30_days"}
        assert replaced.items() >= {**kept, **now, "updated_at": "2025-05-03T12:31:00Z"}.items()

    async def test_delete(self, company: Company, hierarchy: Hierarchy) -> None:
        report = await saved(company, hierarchy)
        path = f"{REPORTS}/{report['id']}"
        assert (await company.request("DELETE", path)).status_code == 204
        assert [(await company.request(method, path)).status_code for method in ("GET", "DELETE")] == [404, 404]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("resource", "advert"),
            ("metrics", ["impresions"]),
            ("metrics", []),
            ("ids", []),
            ("ids", ["x"]),
            ("time_frame", "year"),
            ("relative", "tomorrow"),
            ("breakdown", "country"),
            ("chart", "pie"),
            ("time_to", "2025-01-01"),
            ("name", ""),
        ],
    )
    async def test_refusals_name_the_field(
        self, company: Company, hierarchy: Hierarchy, field: str, value: Any
    ) -> None:
        answer = await company.request("POST", REPORTS, json=body(hierarchy, **{field: value}))
        assert answer.status_code == 400
        named = answer.json()["details"]["field"].partition("[")[0]
        assert named == ("time_from" if field == "time_to" else field)
        assert (await company.get(REPORTS)).json()["total"] == 0

    async def test_a_period_is_given_in_one_way(self, company: Company, hierarchy: Hierarchy) -> None:
        both = body(hierarchy, time_from="2025-04-01", time_to="2025-04-02", relative="lifetime")
        assert (await company.request("POST", REPORTS, json=both)).json()["details"]["field"] == "relative"
        turned = body(hierarchy, time_from="2025-04-02", time_to="2025-04-01")
        assert (await company.request("POST", REPORTS, json=turned)).json()["details"]["field"] == "time_to"

    async def test_an_unknown_workspace_is_not_found(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await company.request("POST", REPORTS, json=body(hierarchy, workspace_id=999999))
        assert (answer.status_code, answer.json()["details"]["field"]) == (404, "workspace_id")


class TestPeriods:
    """Today is Saturday, 3 May 2025."""

    @pytest.mark.parametrize(
        ("period", "first", "last", "days"),
        [
            ({"relative": "last_7_days"}, "2025-04-27", "2025-05-03", 7),
            ({"relative": "last_30_days"}, "2025-04-04", "2025-05-03", 30),
            ({"relative": "this_month"}, "2025-05-01", "2025-05-03", 3),
            ({"relative": "previous_month"}, "2025-04-01", "2025-04-30", 30),
            ({"time_from": "2024-02-28", "time_to": "2024-03-01"}, "2024-02-28", "2024-03-01", 3),
        ],
    )
    async def test_days_of_each(
        self, company: Company, hierarchy: Hierarchy, period: dict[str, str], first: str, last: str, days: int
    ) -> None:
        edges = [f"{first}T00:00:00Z", f"{last}T23:59:59.999999Z"]
        before = datetime.fromisoformat(edges[0]) - timedelta(microseconds=1)
        company.server.clock.advance(timedelta(days=2))
        after = datetime.fromisoformat(edges[1]) + timedelta(microseconds=1)
        await company.send([event(hierarchy.creative, ts=ts) for ts in (*edges, before.isoformat(), after.isoformat())])
        company.server.clock.advance(timedelta(days=-2))
        ran = await run(company, await saved(company, hierarchy, **period))
        assert [row[0] for row in ran["rows"]][:: days - 1] == [f"{first}T00:00:00Z", f"{last}T00:00:00Z"]
        assert len(ran["rows"]) == days
        assert sum(row[1] for row in ran["rows"]) == 2

    async def test_lifetime_is_all_there_is(self, company: Company, hierarchy: Hierarchy) -> None:
        await company.send(
            [event(hierarchy.creative, ts=ts) for ts in ("2001-01-01T00:00:00Z", "2025-05-04T00:00:00Z")]
        )
        report = await saved(company, hierarchy, relative="lifetime", time_frame="month")
        assert (await run(company, report))["rows"] == [["2001-01-01T00:00:00Z", 1], ["2025-05-01T00:00:00Z", 1]]

    async def test_a_relative_period_moves_with_today(self, company: Company, hierarchy: Hierarchy) -> None:
        report = await saved(company, hierarchy, relative="last_7_days")
        first = (await run(company, report))["rows"][0][0]
        company.server.clock.advance(timedelta(hours=11, minutes=30))
        assert (first, (await run(company, report))["rows"][0][0]) == ("2025-04-27T00:00:00Z", "2025-04-28T00:00:00Z")


class TestRunning:
    @pytest.fixture
    async def facts(self, company: Company, hierarchy: Hierarchy) -> None:
        one, two = hierarchy.creatives
        await company.send(
            [
                event(one, ts="2025-05-01T10:00:00Z", domain="a.example", dsp="X"),
                event(one, ts="2025-05-02T10:00:00Z", domain="a.example", dsp="X"),
                event(two, ts="2025-05-02T11:00:00Z", domain="b.example"),
                event(two, "seconds_in_view", ts="2025-05-02T11:00:00Z", value=2.5),
            ]
        )

    async def test_columns_say_what_they_are(self, company: Company, hierarchy: Hierarchy, facts: None) -> None:
        ran = await run(company, await saved(company, hierarchy, metrics=["impressions", "seconds_in_view"]))
        assert ran["columns"] == [
            {"key": "time", "label": "Day", "kind": "time", "unit": ""},
            {"key": "impressions", "label": "Impressions", "kind": "integer", "unit": ""},
            {"key": "seconds_in_view", "label": "Time in view", "kind": "number", "unit": "seconds"},
        ]
        assert ["2025-05-02T00:00:00Z", 2, 2.5] in ran["rows"]
        assert ran["report"]["name"] == "Winter"

    @pytest.mark.parametrize("chart", ["bar", "table"])
    @pytest.mark.parametrize(
        ("breakdown", "label", "rows"),
        [
            ("domain", "Domain", [["a.example", 2], ["b.example", 1]]),
            ("dsp", "DSP", [["X", 2], ["(unknown)", 1]]),
            ("creative", "Creative", [["Feed slider", 2], ["Story slider", 1]]),
        ],
    )
    async def test_totals_of_a_breakdown(
        self,
        company: Company,
        hierarchy: Hierarchy,
        facts: None,
        chart: str,
        breakdown: str,
        label: str,
        rows: list[list[Any]],
    ) -> None:
        ran = await run(company, await saved(company, hierarchy, breakdown=breakdown, chart=chart))
        assert ran["columns"][0] == {"key": breakdown, "label": label, "kind": "text", "unit": ""}
        assert [[row[0].partition(" (")[0] or row[0], row[1]] for row in ran["rows"]] == rows or ran["rows"] == rows

    @pytest.mark.parametrize("chart", ["line", "area"])
    async def test_a_breakdown_over_time(self, company: Company, hierarchy: Hierarchy, facts: None, chart: str) -> None:
        ran = await run(company, await saved(company, hierarchy, breakdown="domain", chart=chart))
        assert ran["rows"] == [
            ["2025-05-01T00:00:00Z", "a.example", 1],
            ["2025-05-02T00:00:00Z", "a.example", 1],
            ["2025-05-02T00:00:00Z", "b.example", 1],
        ]

    async def test_base_is_all_metrics(self, company: Company, hierarchy: Hierarchy, facts: None) -> None:
        ran = await run(company, await saved(company, hierarchy, metrics=["base"]))
        assert len(ran["columns"]) == 1 + 18


class TestExport:
    @pytest.fixture
    async def report(self, company: Company, hierarchy: Hierarchy) -> dict[str, Any]:
        await company.send([event(hierarchy.creative, ts=f"2025-05-0{day}T10:00:00Z") for day in (1, 2, 2, 3)])
        return await saved(company, hierarchy, name="Winter: über/all", relative="this_month")

    async def export(self, company: Company, report: dict[str, Any], format: str, media_type: str) -> bytes:
        answer = await company.get(f"{REPORTS}/{report['id']}/export", format=format)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].partition(";")[0] == media_type
        name = answer.headers["content-disposition"]
        assert name == f'attachment; filename="Winter_ber_all.{format}"'
        return answer.content

    async def test_csv(self, company: Company, report: dict[str, Any]) -> None:
        text = (await self.export(company, report, "csv", "text/csv")).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        assert [row[-1] for row in rows[-3:]] == ["1", "2", "1"]

    async def test_json(self, company: Company, report: dict[str, Any]) -> None:
        text = await self.export(company, report, "json", "application/json")
        assert "2025-05-02" in text.decode()
        assert json.loads(text)

    async def test_xlsx(self, company: Company, report: dict[str, Any]) -> None:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        book = openpyxl.load_workbook(io.BytesIO(await self.export(company, report, "xlsx", kind)))
        cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
        assert "Winter: über/all" in cells
        assert "Impressions" in cells
        assert [one for one in cells if isinstance(one, int | float)][:3] == [1, 2, 1]

    async def test_png(self, company: Company, report: dict[str, Any]) -> None:
        picture = await self.export(company, report, "png", "image/png")
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))
        assert width >= 1000
        assert height >= 500

    async def test_svg(self, company: Company, report: dict[str, Any]) -> None:
        text = (await self.export(company, report, "svg", "image/svg+xml")).decode()
        for words in ("Winter: über/all", "1 May 2025 to 3 May 2025 (UTC)", "Impressions"):
            assert words in text

    async def test_pdf(self, company: Company, report: dict[str, Any]) -> None:
        pages = pypdf.PdfReader(io.BytesIO(await self.export(company, report, "pdf", "application/pdf"))).pages
        assert "Winter" in "".join(page.extract_text() for page in pages)

    @pytest.mark.parametrize("format", ["", "docx", "PNG"])
    async def test_other_formats_are_refused(self, company: Company, report: dict[str, Any], format: str) -> None:
        answer = await company.get(f"{REPORTS}/{report['id']}/export", format=format)
        assert answer.json()["details"] == {
            "field": "format",
            "allowed": ["csv", "json", "pdf", "png", "svg", "xlsx"],
        }

    async def test_a_report_of_nothing_is_a_file_too(self, company: Company, hierarchy: Hierarchy) -> None:
        report = await saved(company, hierarchy, name="Winter: über/all", breakdown="domain", chart="bar")
        for format, media_type in (("png", "image/png"), ("csv", "text/csv"), ("pdf", "application/pdf")):
            assert await self.export(company, report, format, media_type)
