"""Real engines: what they answer, that they stop, and that nothing is changed even without the judge of SQL.

One server of each sort for the whole file.
"""

from __future__ import annotations

import asyncio
import re
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest

import headwater.sources.duckdb_file
import headwater.sources.servers
import headwater.sources.sqlite_file
from headwater.errors import HeadwaterError, HostRefused, InvalidRequest, Timeout, UpstreamError
from headwater.outbound import HostGuard, Outbound
from headwater.sources.config import read
from headwater.sources.connector import Connector
from headwater.sources.guard import Judged
from headwater.sources.open import Opener
from tests.engines import PASSWORD, mariadb, postgres
from tests.sources.hostile import BY_DIALECT, EVERYWHERE

ROWS = "INSERT INTO p (id, n, d) VALUES (1, 'one', 1.50), (2, 'it''s 100%', 2.25), (3, NULL, 1234567890.12)"
KINDS = ("postgresql", "mysql", "sqlite", "duckdb")
ENDLESS = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r"
SLOW = "SELECT sum(sqrt(a.i + b.i) * c.i) FROM big a, big b, big c"


async def _loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"] if host in ("localhost", "db.example.com") else []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    tables = (
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n VARCHAR(20), d DECIMAL(12, 2))",
        "CREATE TABLE q (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))",
        ROWS,
    )
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        for statement in (*tables, "CREATE TABLE big AS SELECT range AS i FROM range(20000)"):
            connection.execute(statement)
    lite = sqlite3.connect(folder / "shop.sqlite")
    lite.executescript(";".join(tables))
    lite.executescript("CREATE TABLE big (i); INSERT INTO big SELECT value FROM json_each('[1,2,3]')")
    lite.close()
    return folder


@pytest.fixture(scope="module")
def shop_of_postgres() -> Iterator[dict[str, Any]]:
    with postgres() as engine:
        with psycopg.connect(
            host="127.0.0.1", port=engine.port, user="postgres", password=PASSWORD, dbname="shop"
        ) as c:
            c.execute("CREATE TABLE p (id int PRIMARY KEY, n varchar(20), d numeric(12, 2))")
            c.execute("CREATE TABLE q (id serial PRIMARY KEY, p int REFERENCES p (id))")
            c.execute(ROWS)
            c.execute("CREATE TABLE big AS SELECT generate_series(1, 20000) AS i")
            c.execute("CREATE SCHEMA other CREATE TABLE z (a int)")
            c.execute("ANALYZE")
        yield engine.config


@pytest.fixture(scope="module")
def shop_of_mariadb() -> Iterator[dict[str, Any]]:
    with mariadb() as engine:
        where = {"host": "127.0.0.1", "port": engine.port, "user": "owner", "password": PASSWORD, "database": "shop"}
        with pymysql.connect(autocommit=True, **where) as connection, connection.cursor() as cursor:  # type: ignore[arg-type]
            cursor.execute("CREATE TABLE p (id int PRIMARY KEY, n varchar(20), d decimal(12, 2))")
            cursor.execute("CREATE TABLE q (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES p (id))")
            cursor.execute(ROWS)
            cursor.execute("CREATE TABLE big AS SELECT seq AS i FROM seq_1_to_20000")
        yield engine.config


@pytest.fixture
async def opener(folder: Path) -> AsyncIterator[Opener]:
    outbound = Outbound(HostGuard(allow_private=True, resolver=_loopback))
    yield Opener(outbound, folder)
    await outbound.aclose()


@pytest.fixture(params=KINDS)
def config(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param in ("sqlite", "duckdb"):
        return {"type": request.param, "database": f"shop.{request.param}"}
    name = {"postgresql": "shop_of_postgres", "mysql": "shop_of_mariadb"}[request.param]
    found: dict[str, Any] = request.getfixturevalue(name)
    return found


@pytest.fixture
def source(opener: Opener, config: dict[str, Any]) -> Connector:
    return opener.open(read(config))


async def test_a_query_answers_with_columns_and_rows(source: Connector) -> None:
    rows = await source.run("SELECT id, n, id AS id FROM p WHERE id >= :least ORDER BY 1", {"least": 2}, 10, 10)
    assert [one.name for one in rows.columns] == ["id", "n", "id_2"]
    assert list(rows.rows) == [(2, "it's 100%", 2), (3, None, 3)]
    assert not rows.truncated


async def test_texts_are_bound_not_pasted_in(source: Connector) -> None:
    nasty = "x' OR '1'='1 \\ %s :a"
    rows = await source.run("SELECT :a AS a, '100%' AS pct, ':a' AS b FROM p WHERE n <> :a", {"a": nasty}, 1, 10)
    assert list(rows.rows) == [(nasty, "100%", ":a")]
    assert rows.truncated is True


async def test_a_parameter_without_value_and_a_value_without_parameter_are_refused(source: Connector) -> None:
    with pytest.raises(InvalidRequest, match="':a' has no value"):
        await source.run("SELECT :a", {}, 1, 10)
    with pytest.raises(InvalidRequest, match="no parameter ':b'"):
        await source.run("SELECT 1", {"b": 1}, 1, 10)


async def test_the_schema_has_keys_estimates_and_samples(source: Connector) -> None:
    schema = await source.schema()
    tables = {table.name: table for table in schema.tables}
    assert {"p", "q", "big"} <= tables.keys()
    assert [column.name for column in tables["p"].columns] == ["id", "n", "d"]
    assert [column.primary_key for column in tables["p"].columns] == [True, False, False]
    assert tables["p"].row_estimate == 3
    assert sorted(str(row[0]) for row in tables["p"].sample) == ["1", "2", "3"]
    (key,) = tables["q"].foreign_keys
    assert (key.columns, key.table, key.referred) == (("p",), "p", ("id",))


async def test_decimals_lose_nothing(source: Connector) -> None:
    if source.dialect == "sqlite":
        pytest.skip("SQLite has no decimals")
    rows = await source.run("SELECT d FROM p ORDER BY id", {}, 10, 10)
    assert list(rows.rows) == [(Decimal("1.50"),), (Decimal("2.25"),), (Decimal("1234567890.12"),)]


async def test_what_takes_too_long_is_stopped_in_the_engine(source: Connector) -> None:
    with pytest.raises(Timeout, match=r"0\.3 seconds"):
        await source.run(ENDLESS if source.dialect == "sqlite" else SLOW, {}, 10, 0.3)


async def test_a_large_result_is_cut_off(source: Connector) -> None:
    rows = await source.run("SELECT a.i FROM big a, big b, p", {}, 2, 10)
    assert (len(rows.rows), rows.truncated) == (2, True)


async def test_what_the_engine_refuses_comes_in_its_words(source: Connector) -> None:
    with pytest.raises(InvalidRequest, match="nope"):
        await source.run("SELECT nope FROM p", {}, 1, 10)


async def test_explain_and_show(source: Connector) -> None:
    assert (await source.run("EXPLAIN SELECT * FROM p", {}, 50, 10)).rows
    if source.dialect != "sqlite":
        assert (await source.run("SHOW TABLES" if source.dialect != "postgres" else "SHOW port", {}, 50, 10)).rows


async def _state(source: Connector) -> object:
    schema = await source.schema()
    rows = await source.run("SELECT id, n FROM p ORDER BY id", {}, 100, 10)
    return sorted(table.name for table in schema.tables), list(rows.rows)


# What waits or ends the engine changes nothing; from files of a server only a role keeps.
_UNFIT = re.compile(r"\(\(\(\(|SLEEP|BENCHMARK|KILL|FILE|terminate|GLOBAL|PROGRAM|COPY", re.IGNORECASE)


def _unjudged(query: str, dialect: str) -> Judged:
    return Judged(query, "explain", ())


async def test_nothing_is_changed_even_without_the_judge(source: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await _state(source)
    hostile = [one for one in (*EVERYWHERE, *BY_DIALECT[source.dialect]) if not _UNFIT.search(one)]
    hostile += ["WITH x AS (SELECT 1) DELETE FROM p", "INSERT INTO p (id) VALUES (77)"]
    with monkeypatch.context() as patch:
        for module in (headwater.sources.duckdb_file, headwater.sources.servers, headwater.sources.sqlite_file):
            patch.setattr(module, "judge", _unjudged)
        for query in hostile:
            try:
                await source.run(query, {}, 5, 0.5)
            except HeadwaterError:
                continue
    assert await _state(source) == before


async def test_an_embedded_engine_reads_no_file_even_without_the_judge(
    opener: Opener, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    secret = folder / "secret.csv"
    secret.write_text("a\nsecret\n")
    for module, kind in ((headwater.sources.duckdb_file, "duckdb"), (headwater.sources.sqlite_file, "sqlite")):
        monkeypatch.setattr(module, "judge", _unjudged)
        source = opener.open(read({"type": kind, "database": f"shop.{kind}"}))
        for query in (
            f"SELECT * FROM read_csv('{secret}')",
            f"SELECT * FROM '{secret}'",
            f"ATTACH '{folder}/shop.sqlite' AS x",
            f"COPY p TO '{folder}/out.csv'",
            "SET enable_external_access = true",
            "SELECT load_extension('x')",
            f"VACUUM INTO '{folder}/out.csv'",
            "PRAGMA query_only = OFF",
        ):
            with pytest.raises(HeadwaterError):
                await source.run(query, {}, 5, 5)
    assert not (folder / "out.csv").exists()


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
async def test_a_server_is_read_only_by_its_own_words(
    kind: str, opener: Opener, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = request.getfixturevalue({"postgresql": "shop_of_postgres", "mysql": "shop_of_mariadb"}[kind])
    monkeypatch.setattr(headwater.sources.servers, "judge", _unjudged)
    with pytest.raises(InvalidRequest, match=r"(?i)read.only"):
        await opener.open(read(config)).run("DELETE FROM p", {}, 5, 5)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
async def test_a_server_that_cannot_be_reached_says_why_without_its_address(
    kind: str, opener: Opener, request: pytest.FixtureRequest
) -> None:
    config = request.getfixturevalue({"postgresql": "shop_of_postgres", "mysql": "shop_of_mariadb"}[kind])
    await opener.open(read({**config, "host": "db.example.com"})).test()
    for change, words in (
        ({"password": "wrong"}, "(?i)authentication|denied"),
        ({"port": 1}, "refused"),
        ({"database": "nope"}, "nope"),
        ({"host": "unknown.example.com"}, "No address is known"),
        ({"tls": "verify"}, "SSL"),
    ):
        with pytest.raises(UpstreamError, match=words) as failed:
            await opener.open(read({**config, **change})).test()
        assert "127.0.0.1" not in failed.value.message


async def test_a_private_address_is_refused_at_connect_time(shop_of_postgres: dict[str, Any]) -> None:
    outbound = Outbound(HostGuard(allow_private=False, resolver=_loopback))
    with pytest.raises(HostRefused, match="loopback"):
        await Opener(outbound, None).open(read({**shop_of_postgres, "host": "db.example.com"})).test()


async def test_only_files_of_the_operator_s_folder_are_opened(opener: Opener, folder: Path) -> None:
    (folder / "link.duckdb").symlink_to("/etc/passwd")
    for name in ("../shop.duckdb", "/etc/passwd", "nope.duckdb", "link.duckdb", "."):
        with pytest.raises(InvalidRequest, match="no file"):
            opener.open(read({"type": "duckdb", "database": name}))
    with pytest.raises(InvalidRequest, match="source_files_dir"):
        Opener(Outbound(HostGuard(allow_private=True)), None).open(read({"type": "duckdb", "database": "shop.duckdb"}))


async def test_what_is_no_database_is_told(opener: Opener, folder: Path) -> None:
    (folder / "text.duckdb").write_text("no database " * 1000)
    for kind in ("duckdb", "sqlite"):
        with pytest.raises(UpstreamError, match="cannot be read") as failed:
            await opener.open(read({"type": kind, "database": "text.duckdb"})).test()
        assert str(folder) not in failed.value.message


@pytest.mark.parametrize("kind", ["mssql", "snowflake", "bigquery"])
async def test_an_engine_without_driver_names_the_package(kind: str, opener: Opener) -> None:
    where: dict[str, dict[str, Any]] = {
        "mssql": {"host": "db.example.com", "database": "x"},
        "snowflake": {"account": "x", "database": "x", "username": "x", "password": "x"},
        "bigquery": {"project": "x", "database": "x", "credentials_json": "{}"},
    }
    source = opener.open(read({"type": kind, **where[kind]}))
    # The cloud's own names are not looked up here.
    source._resolve = lambda: asyncio.sleep(0, ["127.0.0.1"])  # type: ignore[attr-defined]
    with pytest.raises(InvalidRequest, match=rf"headwater\[{kind}\]"):
        await source.test()


def test_times_with_a_zone_are_told_in_utc() -> None:
    from headwater.sources.cells import cell

    assert cell(datetime.fromisoformat("2025-01-01T02:00:00+02:00")).isoformat() == "2025-01-01T00:00:00+00:00"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT repeat('x', 1000000000) AS a FROM big",
        "SELECT repeat('x', 10000000) AS a FROM range(1000)",
        "SELECT range(1000000000) AS a",
    ],
)
async def test_a_query_that_needs_too_much_memory_takes_none_of_the_server_s(opener: Opener, query: str) -> None:
    source = opener.open(read({"type": "duckdb", "database": "shop.duckdb"}))
    # What tests before this one took at most counts too.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((InvalidRequest, Timeout), match=r"memory|seconds"):
        await source.run(query, {}, 5, 1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024 * 1024, "kibibytes"
    assert (await source.run("SELECT count(*) AS n FROM p", {}, 5, 5)).rows == [(3,)]
