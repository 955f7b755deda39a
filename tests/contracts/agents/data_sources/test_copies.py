"""Offline sources are copied, and queried where they were copied."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from headwater.errors import UpstreamError
from headwater.jobs.registry import jobs
from headwater.sources import copying
from tests.contracts.agents.data_sources.calls import NOW, PATH, connect_shop, query, subscribe, told, upload
from tests.serving import Company, serving
from tests.sources.files_of_every_kind import CSV, sqlite


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
