"""Charts on pages: names of others cannot leave the script element, files keep the page's filters."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser

import msgspec

from headwater.console import charts
from headwater.console.rendering import _environment, prepare
from headwater.reports.table import Column, ReportTable
from headwater.surfaces._http.endpoint import Call, Headers
from tests.console.pages import Browser
from tests.serving import Company, Server

EVIL = "</script><script>x()<!--"
TABLE = ReportTable(
    EVIL,
    "May",
    (Column("domain", "Domain", "text"), Column("views", "Views", "integer")),
    [(EVIL, 1234567), ("b", None)],
    "bar",
)


def call_of(server: Server) -> Call[None, bytes]:
    """A request for a page with filters."""
    work = None
    return Call(
        server.services, None, Headers(), {}, None, b"", "", work, at="/ads", asked=b"days=7&id=1&id=2&download=csv"
    )


class Scripts(HTMLParser):
    """What stands in script elements."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin."""
        if tag == "script":
            self.inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        """End."""
        self.inside = self.inside and tag != "script"

    def handle_data(self, data: str) -> None:
        """Gather."""
        if self.inside:
            self.found[-1] += data


async def test_names_of_others_stay_inside_the_chart(server: Server) -> None:
    chart = charts.chart(call_of(server), TABLE, "domains", "/api/v2/x?name=a'b")
    template = _environment().from_string('{% import "parts.html" as ui %}{{ ui.chart(chart) }}')
    html = template.render(chart=chart)
    scripts = Scripts()
    scripts.feed(html)
    assert len(scripts.found) == 1
    assert EVIL in json.dumps(json.loads(scripts.found[0])["datasets"], ensure_ascii=False)
    assert "<script>x()" not in html
    assert '<td class="right">1,234,567</td>' in html
    assert '<td class="right">–</td>' in html
    assert "a'\"'\"'b" in chart.curl


async def test_files_keep_the_filters_of_the_page(server: Server) -> None:
    chart = charts.chart(call_of(server), TABLE, "domains")
    assert chart.downloads[0] == ("CSV", "/ads?days=7&id=1&id=2&chart=domains&download=csv")
    assert chart.curl == ""
    assert msgspec.json.decode(str(chart.specification))["config"]


async def test_a_chart_that_a_page_has_not_is_not_there(company: Company) -> None:
    browser = await Browser.of(company)
    assert (await browser.get("/settings/usage?chart=other&download=csv")).status_code == 404
    file = await browser.get("/settings/usage?chart=days&download=csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert re.fullmatch(r'attachment; filename="[A-Za-z_]+\.csv"', file.headers["content-disposition"])
    assert (await browser.get("/settings/usage?download=exe")).status_code == 400


def test_what_first_visitors_would_wait_for_is_read_at_the_start() -> None:
    _environment().cache.clear()
    prepare()
    assert {name for _, name in _environment().cache} == set(_environment().list_templates(extensions=["html"]))
    assert "altair" in sys.modules
