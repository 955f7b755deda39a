"""Promise: an answer lets a browser do nothing but show it, and a server behind TLS says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import PASSWORD, serving


@pytest.mark.parametrize(("public_url", "tls"), [("https://measure.example", True), ("http://measure.example", False)])
async def test_what_tls_changes(tmp_path: Path, public_url: str, tls: bool) -> None:
    async with serving(tmp_path, public_url=public_url) as server:
        company = await server.company()
        for _ in range(2):  # the second may be kept
            answer = await company.get("/api/v2/workspaces")
            assert answer.headers.get("strict-transport-security") == ("max-age=31536000" if tls else None)
        login = await server.client.post("/v2/login", json={"email": company.email, "password": PASSWORD})
        flags = {part.strip().lower() for part in login.headers["set-cookie"].split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= flags
        assert ("secure" in flags) is tls


async def test_errors_and_kept_answers_have_them_too(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        company = await server.company()
        found = await company.hierarchy()
        counts = f"/v2/aggregation-api/counts?resource=campaign&id={found.campaign}"
        answers = [await company.get(counts) for _ in range(2)]
        answers += [await company.get("/nowhere"), await server.client.get("/api/v2/workspaces")]
        for answer in answers:
            assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert answer.headers["cache-control"] == "no-store"


async def test_the_reference_s_files_may_be_kept_by_browsers(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        page = await server.client.get("/docs")
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert policy.count("default-src") == 1
        file = await server.client.get("/docs/reference.js")
        assert file.headers["cache-control"] == "max-age=3600"
