"""A PostgreSQL and a MariaDB from one end to the other: connected, asked, copied, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pymysql
import pytest

from tests.engines import PASSWORD, Engine, mariadb, postgres
from tests.serving import Company, serving

PATH = "/api/v1/data-sources"
ROWS = (
    "CREATE TABLE people (id int PRIMARY KEY, name varchar(40), paid numeric(12, 2), since date)",
    "INSERT INTO people VALUES (1, 'Ada', 10.10, '2025-01-02'), (2, 'Bob', NULL, NULL)",
)


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "postgresql":
        with postgres() as engine:
            where = {"host": "127.0.0.1", "port": engine.port, "user": "postgres", "password": PASSWORD}
            with psycopg.connect(dbname="shop", **where) as connection:  # type: ignore[arg-type]
                for statement in ROWS:
                    connection.execute(statement)
            yield engine
        return
    with mariadb() as engine:
        where = {"host": "127.0.0.1", "port": engine.port, "user": "owner", "password": PASSWORD, "database": "shop"}
        with pymysql.connect(autocommit=True, **where) as connection, connection.cursor() as cursor:  # type: ignore[arg-type]
            for statement in ROWS:
                cursor.execute(statement)
        yield engine


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with serving(tmp_path, allow_private_hosts=True) as server:
        yield await server.company()


async def test_a_database_is_connected_asked_and_copied(company: Company, engine: Engine) -> None:
    body = {"source_name": "Shop", "source_type": "database", "test_connection": True}
    made = await company.request("POST", f"{PATH}/connect", json={**body, "connection_config": engine.config})
    assert made.status_code == 201, made.text
    assert made.json()["data_source"]["status"] == "connected"
    assert PASSWORD not in made.text
    own = made.json()["data_source"]["connection_id"]
    asked = {"connection_id": own, "query": "SELECT * FROM people WHERE name = :name", "params": {"name": "Ada"}}
    rows = [{"id": 1, "name": "Ada", "paid": "10.10", "since": "2025-01-02"}]
    assert (await company.request("POST", f"{PATH}/query", json=asked)).json()["results"] == rows
    (table,) = (await company.get(f"{PATH}/{own}/schema")).json()["tables"]
    assert [one["name"] for one in table["columns"]] == ["id", "name", "paid", "since"]
    changed = {"connection_config": {"password": "********"}, "mode": "offline", "test_connection": True}
    assert (await company.request("PUT", f"{PATH}/{own}", json=changed)).status_code == 200
    assert (await company.request("POST", f"{PATH}/{own}/sync")).json()["rows"] == 2
    assert (await company.request("POST", f"{PATH}/query", json=asked)).json()["results"] == rows
    gone = {**asked, "query": "DELETE FROM people"}
    assert (await company.request("POST", f"{PATH}/query", json=gone)).status_code == 400


async def test_what_is_wrong_is_said_and_nothing_saved(company: Company, engine: Engine) -> None:
    for change, words in (({"password": "wrong"}, "s"), ({"database": "nope"}, "nope"), ({"port": 9}, "refused")):
        config = {**engine.config, **change}
        body = {"source_name": "Shop", "source_type": "database", "test_connection": True, "connection_config": config}
        answer = await company.request("POST", f"{PATH}/connect", json=body)
        assert answer.status_code == 400
        assert words in answer.json()["message"]
        assert PASSWORD not in answer.text
    assert len((await company.get(PATH)).json()["data_sources"]) == 1
