"""The judge of foreign SQL: what is refused, what is let through, and which parameters it finds."""

from __future__ import annotations

import pytest

from headwater.errors import InvalidRequest
from headwater.sources.guard import LONGEST, judge
from headwater.sources.schema import Dialect
from tests.sources.hostile import HOSTILE

GOOD: list[tuple[Dialect, str]] = [
    ("postgres", "SELECT * FROM p WHERE a ~ 'x' AND b->>'c' = 'd' AND n ILIKE '%drop table%'"),
    ("postgres", "WITH a AS (SELECT 1 AS x) SELECT * FROM a UNION ALL SELECT 2 ORDER BY 1 LIMIT 3"),
    ("postgres", "SELECT g, extract(epoch FROM now()) FROM generate_series(1, 3) AS g"),
    ("postgres", "SELECT n, sum(d) OVER (PARTITION BY n ORDER BY t) FROM p"),
    ("postgres", "SELECT * FROM p, LATERAL jsonb_array_elements(p.j) AS e"),
    ("postgres", "EXPLAIN (ANALYZE, BUFFERS) SELECT 1"),
    ("postgres", "EXPLAIN ANALYZE VERBOSE SELECT 1"),
    ("postgres", "SHOW server_version"),
    ("postgres", "SELECT $$a ; b$$"),
    ("postgres", 'SELECT "delete", "from"."update" FROM "from"'),
    ("mysql", "SHOW TABLES LIKE 'a%'"),
    ("mysql", "SHOW CREATE TABLE `p`"),
    ("mysql", "SELECT `n`, COUNT(*) FROM p GROUP BY 1 HAVING COUNT(*) > 1"),
    ("mysql", "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$')) AS j"),
    ("sqlite", "EXPLAIN QUERY PLAN SELECT 1"),
    ("sqlite", "SELECT value FROM json_each('[1]')"),
    ("duckdb", "FROM p SELECT n"),
    ("duckdb", "SELECT COLUMNS('n.*') FROM p"),
    ("duckdb", "SELECT a, count(*) FILTER (WHERE b) FROM t GROUP BY ALL"),
    ("duckdb", "SELECT * FROM unnest([1, 2]) UNION SELECT * FROM range(3)"),
    ("duckdb", "SELECT {'a': 1}, [1, 2][1:2], '12:30', a::int FROM t"),
    ("duckdb", "SHOW TABLES"),
    ("clickhouse", "SELECT countIf(x > 1) FROM t WHERE d = today() LIMIT 1 BY x"),
    ("tsql", "SELECT TOP 3 [n] FROM [p]"),
]


@pytest.mark.parametrize(("dialect", "query"), HOSTILE)
def test_what_does_more_than_read_is_refused_in_words(dialect: Dialect, query: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        judge(query, dialect)
    assert refused.value.details["field"] == "query"
    assert refused.value.message.endswith((".", "…")) or refused.value.message[-1].isprintable()


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 100


@pytest.mark.parametrize(("dialect", "query"), GOOD)
def test_what_reads_is_let_through_as_it_is(dialect: Dialect, query: str) -> None:
    assert judge(query, dialect).text.lower() == query.lower()


@pytest.mark.parametrize("query", ["SELECT 1 /*! INTO OUTFILE 'x' */", "SELECT 1 # INTO OUTFILE 'x'", "SELECT/**/1"])
def test_comments_never_reach_an_engine(query: str) -> None:
    assert judge(query, "mysql").text.split() == ["SELECT", "1"]


def test_a_final_semicolon_is_no_second_statement() -> None:
    assert judge("SELECT 1 ; ", "postgres").text == "SELECT 1"


def test_parameters_are_found_where_they_stand() -> None:
    judged = judge("EXPLAIN  SELECT ':a', :a, x::int FROM p WHERE b=:b OR c = :a", "postgres")
    assert judged.names == {"a", "b"}
    assert [judged.text[begin:end] for begin, end, _ in judged.places] == [":a", ":b", ":a"]


def test_a_query_may_not_be_endless() -> None:
    with pytest.raises(InvalidRequest, match="100,000"):
        judge("SELECT " + "1," * LONGEST + "1", "postgres")
