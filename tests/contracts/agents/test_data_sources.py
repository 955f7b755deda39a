"""Data sources over HTTP: the seed's examples, secrets that stay secret, what queries cost, copies, uploads."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from headwater.control.audit.models import AuditEvent
from headwater.control.sources import service
from headwater.control.webhooks.models import WebhookEvent
from headwater.errors import InvalidRequest, UpstreamError
from headwater.jobs.registry import jobs
from headwater.scope import Role
from headwater.sources import copying
from headwater.tools import data
from headwater.tools.citation import BUILT_IN
from tests.contracts.agents.stand_in import Api, api
from tests.delivery.telling import until
from tests.promises import people
from tests.serving import Company, Hierarchy, event, serving
from tests.sources.files_of_every_kind import CSV, MARKDOWN, pdf, sqlite, xlsx

PATH = "/api/v1/data-sources"
MYSQL = {
    "type": "mysql",
    "host": "db.example.com",
    "port": 3306,
    "database": "mydb",
    "username": "user",
    "password": "s3cret",
}
SEED = {
    "source_name": "Production Database",
    "source_type": "database",
    "mode": "online",
    "connection_config": MYSQL,
}
OUTSIDE = {"type": "sqlite", "database": "../control.db"}
NOW = "2025-05-03T12:30:00Z"


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with serving(tmp_path, allow_private_hosts=True, source_row_limit=100) as server:
        yield await server.company()


@pytest.fixture
def shop(company: Company) -> Path:
    """A database in the operator's folder."""
    path = Path(company.server.services.settings.source_files_dir) / "shop.sqlite"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(sqlite())
    return path


@pytest.fixture
def stand_in() -> Iterator[Api]:
    with api() as started:
        yield started


async def connect(company: Company, **changes: Any) -> dict[str, Any]:
    answer = await company.request("POST", f"{PATH}/connect", json={**SEED, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data_source"]
    return found


async def connect_shop(company: Company, **changes: Any) -> str:
    config = {"type": "sqlite", "database": "shop.sqlite"}
    return str((await connect(company, connection_config=config, **changes))["connection_id"])


async def upload(company: Company, name: str = "My File", **files: bytes) -> httpx.Response:
    parts = [("file", (one.replace("__", "."), data)) for one, data in files.items()]
    return await company.request("POST", f"{PATH}/upload", files=parts, data={"source_name": name})


async def query(company: Company, source: str, text: str, **more: Any) -> httpx.Response:
    return await company.request("POST", f"{PATH}/query", json={"connection_id": source, "query": text, **more})


async def credits(company: Company) -> int:
    return int((await company.get("/api/v1/billing/credits")).json()["credits"])


async def _all(company: Company, table: Any) -> list[Any]:
    async with company.server.services.control.reading() as session:
        return list(await session.scalars(select(table).order_by(table.id)))


async def told(company: Company) -> list[str]:
    return [one.type for one in await _all(company, WebhookEvent)]


async def subscribe(company: Company) -> None:
    events = ["data_source.connected", "data_source.error"]
    answer = await company.request("POST", "/api/v1/webhooks", json={"url": "https://example.com", "events": events})
    assert answer.status_code == 201


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
        actions = [one.action for one in await _all(company, AuditEvent) if one.target == own]
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


class TestSecrets:
    async def _secret(self, company: Company, source: str) -> str:
        scope = await company.server.services.control.access.operator_scope(company.organisation_id)
        known = await company.server.services.connections.known(scope, source)
        return str(known.config.password)  # type: ignore[union-attr]

    async def test_the_mask_keeps_the_old_one(self, company: Company) -> None:
        own = (await connect(company))["connection_id"]
        for config in ({**MYSQL, "password": "********", "database": "other"}, {"username": "else"}, {}):
            answer = await company.request("PUT", f"{PATH}/{own}", json={"connection_config": config})
            assert answer.status_code == 200
            assert answer.json()["data_source"]["connection_config"]["password"] == "********"
            assert await self._secret(company, own) == "s3cret"
        shown = (await company.get(f"{PATH}/{own}")).json()["data_source"]["connection_config"]
        assert (shown["database"], shown["username"]) == ("other", "else")
        await company.request("PUT", f"{PATH}/{own}", json={"connection_config": {"password": "new"}})
        assert await self._secret(company, own) == "new"

    async def test_it_is_not_kept_for_another_place(self, company: Company) -> None:
        own = (await connect(company))["connection_id"]
        for config in ({"host": "example.com"}, {"port": 3307, "password": "********"}, {"tls": "off"}):
            answer = await company.request("PUT", f"{PATH}/{own}", json={"connection_config": config})
            assert answer.status_code == 400
            assert answer.json()["details"]["field"] == "connection_config.password"
        config = {"host": "example.com", "password": "again"}
        assert (await company.request("PUT", f"{PATH}/{own}", json={"connection_config": config})).status_code == 200

    async def test_it_is_nowhere_on_disk_in_clear(self, company: Company) -> None:
        await connect(company)
        folder = Path(company.server.services.settings.data_dir)
        for path in await asyncio.to_thread(lambda: [one for one in folder.rglob("*") if one.is_file()]):
            assert b"s3cret" not in path.read_bytes(), path

    async def test_that_of_an_api_is_hidden_too(self, company: Company, stand_in: Api) -> None:
        config = {"type": "rest", "base_url": stand_in.url, "auth": {"type": "bearer", "token": "s3cret"}}
        made = await connect(company, source_type="api", connection_config=config)
        assert made["connection_config"]["auth"] == {"type": "bearer", "token": "********"}
        path = f"{PATH}/{made['connection_id']}"
        answer = await company.request("PUT", path, json={"connection_config": {"base_url": "http://example.com"}})
        assert answer.json()["details"]["field"] == "connection_config.auth.token"
        body = {"connection_config": {"path": "x", "auth": {"type": "bearer", "token": "********"}}}
        assert (await company.request("PUT", path, json=body)).status_code == 200

    async def test_the_type_stays(self, company: Company) -> None:
        own = (await connect(company))["connection_id"]
        answer = await company.request("PUT", f"{PATH}/{own}", json={"connection_config": {"type": "postgresql"}})
        assert answer.json()["details"]["field"] == "connection_config.type"


class TestQueries:
    async def test_a_limit(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        body = (await query(company, own, "SELECT id FROM users ORDER BY id", limit=1)).json()
        assert (body["results"], body["truncated"]) == ([{"id": 1}], True)
        assert (await query(company, own, "SELECT 1", limit=101)).json()["details"]["field"] == "limit"

    @pytest.mark.parametrize("text", ["DELETE FROM users", "SELECT 1; SELECT 2", "PRAGMA x", "SELECT nope"])
    async def test_one_that_is_refused_costs_nothing(self, company: Company, shop: Path, text: str) -> None:
        own = await connect_shop(company)
        before = await credits(company)
        answer = await query(company, own, text)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "query")
        assert await credits(company) == before
        async with company.server.services.control.unit_of_work() as unit:
            # Nothing stays held either.
            await company.server.services.control.credits.adjust(unit.session, company.organisation_id, -before)

    async def test_without_credits_nothing_is_run(self, company: Company, stand_in: Api) -> None:
        config = {"type": "rest", "base_url": stand_in.url, "rows": "$.data.items"}
        own = (await connect(company, source_type="api", connection_config=config))["connection_id"]
        balance = await credits(company)
        async with company.server.services.control.unit_of_work() as unit:
            await company.server.services.control.credits.adjust(unit.session, company.organisation_id, -balance)
        answer = await query(company, own, "SELECT * FROM rows")
        assert (answer.status_code, answer.json()["code"]) == (402, "PAYMENT_REQUIRED")
        assert stand_in.asked == []

    async def test_the_same_key_costs_once(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        before = await credits(company)
        body = {"connection_id": own, "query": "SELECT 1 AS one"}
        answers = [
            await company.request("POST", f"{PATH}/query", json=body, headers={"idempotency-key": "k"}) for _ in "ab"
        ]
        assert answers[0].json() == answers[1].json()
        assert await credits(company) == before - 1

    async def test_a_source_that_falls_is_told_and_rises_again(self, company: Company, stand_in: Api) -> None:
        await subscribe(company)
        config = {"type": "rest", "base_url": stand_in.url, "rows": "$.data.items"}
        own = (await connect(company, source_type="api", connection_config=config, test_connection=True))[
            "connection_id"
        ]
        stand_in.status = 500
        answer = await query(company, own, "SELECT * FROM rows")
        assert (answer.status_code, answer.json()["code"]) == (502, "UPSTREAM_ERROR")
        await query(company, own, "SELECT * FROM rows")
        stand_in.status = 200
        assert (await query(company, own, "SELECT count(*) AS n FROM rows")).json()["results"] == [{"n": 2}]
        assert await told(company) == ["data_source.connected", "data_source.error", "data_source.connected"]


class TestAnApi:
    @pytest.mark.parametrize(
        ("auth", "header", "value"),
        [
            ({"type": "bearer", "token": "t"}, "authorization", "Bearer t"),
            ({"type": "api_key", "key": "k"}, "x-api-key", "k"),
            ({"type": "api_key", "key": "k", "header": "X-Own"}, "x-own", "k"),
            ({"type": "basic", "username": "u", "password": "p"}, "authorization", "Basic dTpw"),
        ],
    )
    async def test_its_rows_are_a_table(
        self, company: Company, stand_in: Api, auth: dict[str, str], header: str, value: str
    ) -> None:
        config = {"type": "rest", "base_url": stand_in.url, "path": "/v1/x", "rows": "$.data.items", "auth": auth}
        own = (await connect(company, source_type="api", connection_config=config))["connection_id"]
        answer = await query(company, own, "SELECT id, name, tags FROM rows WHERE name LIKE :n", params={"n": "A%"})
        assert answer.json()["results"] == [{"id": 1, "name": "Ada", "tags": '["x"]'}]
        assert stand_in.asked[0][0] == "/v1/x"
        assert stand_in.asked[0][1][header] == value
        (table,) = (await company.get(f"{PATH}/{own}/schema")).json()["tables"]
        assert (table["name"], table["row_estimate"]) == ("rows", 2)

    async def test_what_is_no_row_is_said(self, company: Company, stand_in: Api) -> None:
        config = {"type": "rest", "base_url": stand_in.url, "rows": "$.nothing.here"}
        own = (await connect(company, source_type="api", connection_config=config))["connection_id"]
        assert "$.nothing.here" in (await query(company, own, "SELECT 1")).json()["message"]
        stand_in.body = b"<html>"
        assert "JSON" in (await query(company, own, "SELECT 1")).json()["message"]


class TestCopies:
    async def test_an_offline_source_is_queried_where_it_was_copied(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company, mode="offline")
        answer = await query(company, own, "SELECT 1")
        assert answer.status_code == 409
        assert "/sync" in answer.json()["message"]
        synced = (await company.request("POST", f"{PATH}/{own}/sync")).json()
        assert (synced["tables"], synced["rows"]) == (["empty", "users", "v"], 4)
        assert synced["data_source"]["last_synced_at"] == NOW
        await asyncio.to_thread(shop.unlink)
        body = (await query(company, own, "SELECT max(name) AS n FROM users")).json()
        assert body["results"] == [{"n": "Ada"}]

    async def test_one_that_fails_leaves_the_copy_of_before(
        self, company: Company, shop: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await subscribe(company)
        own = await connect_shop(company, mode="offline")
        await company.request("POST", f"{PATH}/{own}/sync")
        with closing(sqlite3.connect(shop)) as connection, connection:
            connection.execute("INSERT INTO users VALUES (3, 'Cleo')")
        with monkeypatch.context() as patch:
            patch.setattr(copying, "_keep", _breaks)
            assert (await company.request("POST", f"{PATH}/{own}/sync")).status_code == 502
        assert (await query(company, own, "SELECT count(*) AS n FROM users")).json()["results"] == [{"n": 2}]
        shown = (await company.get(f"{PATH}/{own}")).json()["data_source"]
        assert (shown["status"], shown["last_error"]) == ("error", "It broke off.")
        await company.request("POST", f"{PATH}/{own}/sync")
        assert (await query(company, own, "SELECT count(*) AS n FROM users")).json()["results"] == [{"n": 3}]
        assert await told(company) == ["data_source.connected", "data_source.error", "data_source.connected"]
        folder = Path(company.server.services.settings.data_dir) / "sources"
        assert len(list((folder / own).iterdir())) == 1
        assert list((folder / "making").iterdir()) == []

    async def test_a_table_that_is_too_large_is_named(self, tmp_path: Path) -> None:
        async with serving(tmp_path, source_copy_rows=1) as server:
            own_company = await server.company()
            path = Path(server.services.settings.source_files_dir) / "shop.sqlite"
            path.parent.mkdir()
            path.write_bytes(sqlite())
            own = await connect_shop(own_company, mode="offline")
            answer = await own_company.request("POST", f"{PATH}/{own}/sync")
            assert answer.status_code == 400
            assert "'users' is larger" in answer.json()["message"]

    async def test_it_is_copied_again_when_its_time_has_come(self, company: Company, shop: Path) -> None:
        connections, server = company.server.services.connections, company.server
        work = {one.name: one for one in jobs(server.services.control, server.clock, sources=connections)}
        job = work["sync-sources"]
        assert job.wanted is not None
        assert not await job.wanted()
        own = await connect_shop(company, mode="offline", sync_interval_minutes=60)
        assert await job.wanted()
        await job.run()
        assert not await job.wanted()
        with closing(sqlite3.connect(shop)) as connection, connection:
            connection.execute("INSERT INTO users VALUES (3, 'Cleo')")
        server.clock.advance(timedelta(minutes=59))
        assert not await job.wanted()
        server.clock.advance(timedelta(minutes=1))
        assert await job.wanted()
        await asyncio.to_thread(shop.rename, shop.with_name("gone"))
        await job.run()
        assert (await company.get(f"{PATH}/{own}")).json()["data_source"]["status"] == "error"
        assert not await job.wanted()
        shop.with_name("gone").rename(shop)
        server.clock.advance(timedelta(hours=1))
        await job.run()
        assert (await query(company, own, "SELECT count(*) AS n FROM users")).json()["results"] == [{"n": 3}]

    async def test_only_offline_ones_are_copied(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        assert (await company.request("POST", f"{PATH}/{own}/sync")).status_code == 409
        filed = (await upload(company, a__csv=CSV)).json()["data_source"]["connection_id"]
        assert (await company.request("POST", f"{PATH}/{filed}/sync")).status_code == 409

    async def test_what_nobody_has_is_swept_away(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company, mode="offline")
        await company.request("POST", f"{PATH}/{own}/sync")
        folder = Path(company.server.services.settings.data_dir) / "sources"
        for stray in (folder / "ds_gone" / "v_1", folder / own / "v_old", folder / "making" / "new_1"):
            stray.mkdir(parents=True)
        connections = company.server.services.connections
        await connections.sweep()
        assert (folder / "ds_gone" / "v_1").exists(), "what is young may be about to be committed"
        company.server.clock.advance(timedelta(days=3650))
        await connections.sweep()
        assert sorted(one.name for one in folder.iterdir()) == [own, "making"]
        assert (await query(company, own, "SELECT 1")).status_code == 200


def _breaks(*_: object) -> None:
    raise UpstreamError("It broke off.")


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


class TestTools:
    async def test_which_there_are(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        tools, access = company.server.services.tools.data, company.server.services.control.access
        scope = await access.operator_scope(company.organisation_id)
        assert [one.id for one in await tools.list_data_sources(scope)] == [own, "ds_headwater"]
        assert [one.id for one in await tools.list_data_sources(scope, {own})] == [own]

    async def test_an_answer_can_be_run_again(self, company: Company, shop: Path) -> None:
        own = await connect_shop(company)
        tools, access = company.server.services.tools.data, company.server.services.control.access
        scope = await access.operator_scope(company.organisation_id)
        before = await credits(company)
        answer = await tools.run_sql(own, "SELECT name FROM users", {}, scope)
        cited = answer.citation
        assert (cited.query, cited.data_source, cited.rows) == ("SELECT name FROM users", own, 2)
        assert await credits(company) == before
        with pytest.raises(InvalidRequest):
            await tools.run_sql(own, "DELETE FROM users", {}, scope)

    async def test_only_so_many_queries_of_one_source_run_at_once(
        self, company: Company, stand_in: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(data, "_WAIT_SECONDS", 0.05)
        config = {"type": "rest", "base_url": stand_in.url, "rows": "$.data.items"}
        own = (await connect(company, source_type="api", connection_config=config))["connection_id"]
        before = await credits(company)
        stand_in.goes_on.clear()
        running = [asyncio.create_task(query(company, own, "SELECT 1 AS one")) for _ in range(data.AT_ONCE)]
        await until(lambda: len(stand_in.asked) == data.AT_ONCE)
        refused = await query(company, own, "SELECT 1 AS one")
        stand_in.goes_on.set()
        assert (refused.status_code, refused.json()["code"]) == (503, "UNAVAILABLE")
        assert refused.headers["retry-after"]
        assert [one.status_code for one in await asyncio.gather(*running)] == [200] * data.AT_ONCE
        assert await credits(company) == before - data.AT_ONCE

    async def test_the_built_in_source_is_asked_through_the_catalogue(
        self, company: Company, hierarchy: Hierarchy
    ) -> None:
        await company.send([event(hierarchy.creatives[0]) for _ in range(3)])
        asked = '{"metrics":["impressions"],"entity":{"kind":"creative"}}'
        answer = (await query(company, BUILT_IN, asked)).json()
        assert (answer["results"], answer["row_count"]) == ([{"impressions": 3}], 1)
        schema = (await company.get(f"/api/v1/data-sources/{BUILT_IN}/schema")).json()
        columns = {table["name"]: [one["name"] for one in table["columns"]] for table in schema["tables"]}
        assert columns["creative"][0] == "name"
        assert "click_rate" in columns["creative"]

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ("SELECT 1", "JSON"),
            ('{"metrics":["impresions"],"entity":{"kind":"creative"}}', "impressions"),
            ('{"metrics":["impressions"]}', "entity"),
        ],
    )
    async def test_what_is_no_metric_question_is_refused_in_words(
        self, company: Company, asked: str, words: str
    ) -> None:
        answer = await query(company, BUILT_IN, asked)
        assert (answer.status_code, words in answer.text) == (400, True), answer.text

    async def test_a_metric_question_takes_no_params(self, company: Company) -> None:
        body = {"connection_id": BUILT_IN, "query": "{}", "params": {"a": 1}}
        answer = await company.request("POST", "/api/v1/data-sources/query", json=body)
        assert (answer.status_code, "params" in answer.json()["message"]) == (400, True)
