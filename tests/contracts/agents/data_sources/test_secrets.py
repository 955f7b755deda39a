"""What is secret of a data source stays so."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.contracts.agents.data_sources.calls import MYSQL, PATH, connect
from tests.contracts.agents.stand_in import Api
from tests.serving import Company


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
