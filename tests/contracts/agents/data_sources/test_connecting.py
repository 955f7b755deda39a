"""Data sources are connected, changed and deleted, or refused: the seed's examples."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from headwater.control.audit.models import AuditEvent
from headwater.control.sources import service
from headwater.scope import Role
from tests.contracts.agents.data_sources.calls import (
    MYSQL,
    NOW,
    PATH,
    SEED,
    all_rows,
    connect,
    connect_shop,
    credits,
    query,
    upload,
)
from tests.promises import people
from tests.serving import Company, serving
from tests.sources.files_of_every_kind import CSV


class TestTheSeed:
    async def test_connect_get_and_list(self, company: Company) -> None:
        made = await connect(company)
        own = made.pop("connection_id")
        assert own.startswith("ds_")
        assert made.pop("connection_config") == {**MYSQL, "password": "********", "tls": "prefer"}
        row = {
            "source_name": "Production Database",
            "source_type": "database",
            "engine": "mysql",
            "mode": "online",
            "status": "untested",
            "last_error": None,
            "sync_interval_minutes": None,
            "last_synced_at": None,
            "created_at": NOW,
            "updated_at": NOW,
        }
        assert made == row
        listed = (await company.get(PATH)).json()["data_sources"]
        assert listed[0] == {"connection_id": own, **row}
        assert [one["connection_id"] for one in listed] == [own, "ds_headwater"]
        shown = (await company.get(f"{PATH}/{own}")).json()["data_source"]
        assert shown["connection_config"]["password"] == "********"

    async def test_put_and_delete(self, company: Company) -> None:
        own = (await connect(company))["connection_id"]
        body = {"source_name": "Updated Database", "connection_config": {}}
        answer = await company.request("PUT", f"{PATH}/{own}", json=body)
        assert answer.json()["data_source"]["source_name"] == "Updated Database"
        gone = await company.request("DELETE", f"{PATH}/{own}")
        assert gone.json() == {"success": True, "message": "Data source deleted"}
        assert (await company.get(f"{PATH}/{own}")).status_code == 404
        actions = [one.action for one in await all_rows(company, AuditEvent) if one.target == own]
        assert actions == ["data_source_connected", "data_source_changed", "data_source_deleted"]

    async def test_query(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company, test_connection=True)
        before = await credits(company)
        answer = await query(company, own, "SELECT * FROM users WHERE id = :id", params={"id": 1})
        body = answer.json()
        assert body.pop("execution_time_ms") >= 0
        assert body == {
            "results": [{"id": 1, "name": "Ada"}],
            "row_count": 1,
            "columns": [{"name": "id", "type": ""}, {"name": "name", "type": ""}],
            "truncated": False,
        }
        assert await credits(company) == before - 1

    async def test_test_connection(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        body = (await company.request("POST", f"{PATH}/{own}/test-connection")).json()
        assert (body["connected"], body["message"]) == (True, "Connection successful")
        await asyncio.to_thread(shop.write_bytes, b"no database" * 100)
        body = (await company.request("POST", f"{PATH}/{own}/test-connection")).json()
        assert body["connected"] is False
        assert "SQLite" in body["message"]
        shown = (await company.get(f"{PATH}/{own}")).json()["data_source"]
        assert (shown["status"], shown["last_error"]) == ("error", body["message"])

    async def test_schema(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        tables = (await company.get(f"{PATH}/{own}/schema")).json()["tables"]
        assert [one["name"] for one in tables] == ["empty", "users", "v"]
        assert tables[1] == {
            "name": "users",
            "columns": [
                {"name": "id", "type": "INTEGER", "nullable": False, "primary_key": True},
                {"name": "name", "type": "TEXT", "nullable": True, "primary_key": False},
            ],
            "foreign_keys": [],
            "row_estimate": 2,
            "sample": [{"id": 1, "name": "Ada"}, {"id": 2, "name": None}],
        }

    async def test_the_built_in_one_cannot_be_changed(self, company: Company) -> None:
        path = f"{PATH}/ds_headwater"
        assert (await company.get(path)).json()["data_source"]["status"] == "connected"
        assert (await company.request("POST", f"{path}/test-connection")).json()["connected"] is True
        for method, at, body in (
            ("PUT", path, {"source_name": "x"}),
            ("DELETE", path, None),
            ("POST", f"{path}/sync", None),
        ):
            answer = await company.request(method, at, json=body)
            assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"source_type": "file"}, "source_type", "uploaded"),
            ({"source_type": "api"}, "source_type", "'database'"),
            ({"source_name": "  "}, "source_name", "source_name"),
            ({"sync_interval_minutes": 60}, "sync_interval_minutes", "offline"),
            ({"connection_config": {}}, "connection_config.type", "one of"),
            ({"connection_config": {**MYSQL, "type": "mysq"}}, "connection_config.type", "Did you mean 'mysql'?"),
            ({"connection_config": {**MYSQL, "password": "********"}}, "connection_config.password", "mask"),
            ({"connection_config": {**MYSQL, "port": 0}}, "connection_config.port", "port"),
            ({"connection_config": {**MYSQL, "pasword": "x"}}, "connection_config.pasword", "unknown"),
            ({"connection_config": {"type": "mysql", "host": "x"}}, "connection_config.database", "required"),
            ({"connection_config": {**MYSQL, "host": "169.254.169.254"}}, "connection_config.host", "link-local"),
            ({"connection_config": {**MYSQL, "host": "nope.example.com"}}, "connection_config.host", "No address"),
            (
                {"connection_config": {"type": "sqlite", "database": "../control.db"}},
                "connection_config.database",
                "no file",
            ),
        ],
    )
    async def test_what_cannot_be_connected(
        self, company: Company, changes: dict[str, Any], field: str, words: str
    ) -> None:
        answer = await company.request("POST", f"{PATH}/connect", json={**SEED, **changes})
        assert answer.status_code == 400
        assert answer.json()["details"]["field"] == field
        assert words in answer.json()["message"]
        assert "s3cret" not in answer.text
        assert len((await company.get(PATH)).json()["data_sources"]) == 1

    async def test_a_connection_that_fails_its_test_saves_nothing(self, company: Company) -> None:
        config = {**MYSQL, "host": "127.0.0.1", "port": 9}
        answer = await company.request(
            "POST", f"{PATH}/connect", json={**SEED, "connection_config": config, "test_connection": True}
        )
        assert answer.status_code == 400
        assert "refused" in answer.json()["message"]
        assert "127.0.0.1" not in answer.json()["message"]
        assert len((await company.get(PATH)).json()["data_sources"]) == 1

    async def test_private_hosts(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as server:
            own = await server.company()
            for config, kind, field in (
                ({**MYSQL, "host": "127.0.0.1"}, "database", "host"),
                ({"type": "rest", "base_url": "http://10.0.0.1/x"}, "api", "base_url"),
                ({"type": "rest", "base_url": "ftp://example.com"}, "api", "base_url"),
                ({"type": "clickhouse", "host": "192.168.0.1"}, "database", "host"),
            ):
                body = {**SEED, "connection_config": config, "source_type": kind}
                answer = await own.request("POST", f"{PATH}/connect", json=body)
                assert answer.status_code == 400
                assert answer.json()["details"]["field"] == f"connection_config.{field}"
                assert "does not connect to" in answer.json()["message"] or "http" in answer.json()["message"]

    async def test_more_than_there_may_be(self, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service, "MOST", 1)
        await connect(company)
        assert (await company.request("POST", f"{PATH}/connect", json=SEED)).status_code == 409
        assert (await upload(company, a__csv=CSV)).status_code == 409

    async def test_a_viewer_may_read_and_query_only(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        headers = await people.token(company, await people.hire(company, Role.viewer))
        client = company.server.client
        body = {"connection_id": own, "query": "SELECT 1 AS one"}
        assert (await client.post(f"{PATH}/query", json=body, headers=headers)).status_code == 200
        assert (await client.get(f"{PATH}/{own}", headers=headers)).status_code == 200
        assert (await client.post(f"{PATH}/connect", json=SEED, headers=headers)).status_code == 403
