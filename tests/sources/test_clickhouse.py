"""ClickHouse as a source: its HTTP interface as documented, over the engine itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from headwater.errors import InvalidRequest, Timeout, UpstreamError
from headwater.outbound import HostGuard, Outbound
from headwater.sources import clickhouse as connector
from headwater.sources.config import read
from headwater.sources.connector import Connector
from headwater.sources.guard import Judged
from headwater.sources.open import Opener
from tests.sources.clickhouse_stand_in import PASSWORD, ClickHouse, clickhouse


@pytest.fixture(scope="module")
def engine() -> Iterator[ClickHouse]:
    with clickhouse() as started:
        yield started


@pytest.fixture
async def opener() -> AsyncIterator[Opener]:
    outbound = Outbound(HostGuard(allow_private=True))
    yield Opener(outbound, None)
    await outbound.aclose()


@pytest.fixture
def source(opener: Opener, engine: ClickHouse) -> Connector:
    return opener.open(read(_config(engine)))


def _config(engine: ClickHouse, **changes: Any) -> dict[str, Any]:
    where = {"host": "127.0.0.1", "port": engine.port, "tls": "off", "database": "shop"}
    return {"type": "clickhouse", **where, "password": PASSWORD, **changes}


async def test_rows_keep_their_numbers(source: Connector) -> None:
    await source.test()
    rows = await source.run("SELECT id, n, d FROM p WHERE id >= :least ORDER BY id", {"least": 2}, 10, 5)
    assert [one.name for one in rows.columns] == ["id", "n", "d"]
    assert list(rows.rows) == [(2, "it's", Decimal("2.25")), (2**64 - 1, None, Decimal(3))]
    assert not rows.truncated


@pytest.mark.parametrize("value", ["x' OR 1 = 1 --\t\\n", 7, 2.5, True])
async def test_values_are_bound(source: Connector, value: Any) -> None:
    rows = await source.run("SELECT :a AS a", {"a": value}, 10, 5)
    assert list(rows.rows) == [(value,)]


async def test_the_schema(source: Connector) -> None:
    (table,) = (await source.schema()).tables
    assert (table.name, table.row_estimate, len(table.sample)) == ("p", 3, 3)
    assert [(one.name, one.type, one.nullable, one.primary_key) for one in table.columns] == [
        ("id", "UInt64", False, True),
        ("n", "Nullable(String)", True, False),
        ("d", "Decimal(12, 2)", False, False),
    ]


async def test_a_large_result_is_cut_off(source: Connector) -> None:
    rows = await source.run("SELECT number FROM numbers(100000)", {}, 2, 5)
    assert (len(rows.rows), rows.truncated) == (2, True)


async def test_what_fails_says_why(source: Connector, opener: Opener, engine: ClickHouse) -> None:
    with pytest.raises(InvalidRequest, match="nope"):
        await source.run("SELECT nope FROM p", {}, 1, 5)
    with pytest.raises(UpstreamError, match="Authentication"):
        await opener.open(read(_config(engine, password="wrong"))).test()
    with pytest.raises(UpstreamError, match="nobody answers"):
        await opener.open(read(_config(engine, port=9))).test()


async def test_what_takes_too_long_is_stopped(source: Connector) -> None:
    with pytest.raises(Timeout):
        await source.run("SELECT sum(sqrt(a.number * b.number)) FROM numbers(1e7) a, numbers(1e7) b", {}, 1, 1)


async def test_it_is_told_to_read_only(source: Connector, engine: ClickHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "judge", lambda query, dialect: Judged(query, "select", ()))
    with pytest.raises(InvalidRequest, match="readonly"):
        await source.run("DROP TABLE p", {}, 1, 5)
    assert all(one["readonly"] == "1" and one["max_execution_time"] for one in engine.asked)
