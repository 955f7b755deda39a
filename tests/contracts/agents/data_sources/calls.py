"""What tests of data sources ask of the API."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import select

from headwater.control.webhooks.models import WebhookEvent
from tests.serving import Company

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


async def connect(company: Company, **changes: Any) -> dict[str, Any]:
    """A new source, as it is answered."""
    answer = await company.request("POST", f"{PATH}/connect", json={**SEED, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data_source"]
    return found


async def connect_shop(company: Company, **changes: Any) -> str:
    """The id of the operator's database, connected."""
    config = {"type": "sqlite", "database": "shop.sqlite"}
    return str((await connect(company, connection_config=config, **changes))["connection_id"])


async def upload(company: Company, name: str = "My File", **files: bytes) -> httpx.Response:
    """What an upload of files is answered; a name's dots are written `__`."""
    parts = [("file", (one.replace("__", "."), data)) for one, data in files.items()]
    return await company.request("POST", f"{PATH}/upload", files=parts, data={"source_name": name})


async def query(company: Company, source: str, text: str, **more: Any) -> httpx.Response:
    """What a query is answered."""
    return await company.request("POST", f"{PATH}/query", json={"connection_id": source, "query": text, **more})


async def credits(company: Company) -> int:
    """How many are left."""
    return int((await company.get("/api/v1/billing/credits")).json()["credits"])


async def all_rows(company: Company, table: Any) -> list[Any]:
    """A table of the control plane, in order."""
    async with company.server.services.control.reading() as session:
        return list(await session.scalars(select(table).order_by(table.id)))


async def told(company: Company) -> list[str]:
    """The events that webhooks are told of."""
    return [one.type for one in await all_rows(company, WebhookEvent)]


async def subscribe(company: Company) -> None:
    """Have a webhook be told."""
    events = ["data_source.connected", "data_source.error"]
    answer = await company.request("POST", "/api/v1/webhooks", json={"url": "https://example.com", "events": events})
    assert answer.status_code == 201
