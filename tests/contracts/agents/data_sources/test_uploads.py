"""Files are uploaded as data sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contracts.agents.data_sources.calls import PATH, query, upload
from tests.serving import Company
from tests.sources.files_of_every_kind import CSV, MARKDOWN, pdf, xlsx


class TestUploads:
    async def test_the_seed(self, company: Company) -> None:
        answer = await upload(company, orders__csv=CSV, book__xlsx=xlsx(), terms__pdf=pdf(), faq__md=MARKDOWN)
        assert answer.status_code == 201
        body = answer.json()
        assert body["tables"] == ["orders", "book_Orders", "book_People", "passages"]
        assert body["passages"] == 3
        made = body["data_source"]
        assert (made["source_name"], made["source_type"], made["status"]) == ("My File", "file", "connected")
        own = made["connection_id"]
        rows = (
            await query(company, own, 'SELECT Customer, Amount, Day FROM orders ORDER BY "Order id" LIMIT 1')
        ).json()
        assert rows["results"] == [{"Customer": "Ada", "Amount": 10.5, "Day": "2025-01-02"}]
        names = {one["name"] for one in (await company.get(f"{PATH}/{own}/schema")).json()["tables"]}
        assert names == set(body["tables"])

    async def test_its_documents_are_searched_by_their_own_company_only(self, company: Company) -> None:
        own = (await upload(company, faq__md=MARKDOWN)).json()["data_source"]["connection_id"]
        server = company.server
        scope = await server.services.control.access.operator_scope(company.organisation_id)
        (found,) = await server.services.tools.data.search_passages("refund days", scope)
        assert (found.source_id, found.document, found.place) == (own, "faq.md", "Refunds")
        stranger = await server.company()
        other = await server.services.control.access.operator_scope(stranger.organisation_id)
        assert await server.services.tools.data.search_passages("refund days", other) == []

    @pytest.mark.parametrize(
        ("files", "data", "field", "words"),
        [
            ([("file", ("a.pdf", b"none"))], {"source_name": "x"}, "file", "a.pdf"),
            ([("source_name", (None, b"x"))], {}, "file", "required"),
            ([("data", ("a.csv", CSV))], {"source_name": "x"}, "file", "'data'"),
            ([("file", ("a.csv", CSV))], {}, "source_name", "required"),
            ([("file", ("a.csv", CSV))], {"source_name": "x", "sauce": "y"}, "sauce", "unknown"),
        ],
    )
    async def test_what_is_refused_leaves_nothing(
        self, company: Company, files: list[Any], data: dict[str, str], field: str, words: str
    ) -> None:
        answer = await company.request("POST", f"{PATH}/upload", files=files, data=data)
        assert answer.status_code == 400
        assert words in answer.json()["message"]
        assert answer.json()["details"]["field"] == field
        folder = Path(company.server.services.settings.data_dir) / "sources"
        left = [one for one in folder.rglob("*") if one.is_file()] if folder.exists() else []
        assert left == []
        assert len((await company.get(PATH)).json()["data_sources"]) == 1

    async def test_deleting_it_removes_its_files(self, company: Company) -> None:
        own = (await upload(company, a__csv=CSV)).json()["data_source"]["connection_id"]
        folder = Path(company.server.services.settings.data_dir) / "sources" / own
        assert folder.exists()
        await company.request("DELETE", f"{PATH}/{own}")
        assert not folder.exists()

    async def test_only_its_name_can_be_changed(self, company: Company) -> None:
        own = (await upload(company, a__csv=CSV)).json()["data_source"]["connection_id"]
        answer = await company.request("PUT", f"{PATH}/{own}", json={"source_name": "Else", "connection_config": {}})
        assert answer.json()["data_source"]["source_name"] == "Else"
        assert (await company.request("PUT", f"{PATH}/{own}", json={"mode": "online"})).status_code == 409
