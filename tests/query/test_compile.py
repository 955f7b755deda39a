"""A plan becomes one statement: readable text per engine, every value bound, the organisation on every table."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalogue.ads import AD_EVENTS
from headwater.query.compile import compile
from headwater.query.question import Question
from headwater.query.window import Window
from headwater.storage.clickhouse.dialect import ClickHouseDialect
from headwater.storage.duckdb.dialect import DuckDBDialect
from headwater.storage.port import Dialect, Statement
from headwater.storage.schema import fresh_table
from tests.conformance.facts import scope

from .shapes import RAGGED, SHAPES, WEEK, planned, question

SNAPSHOTS = Path(__file__).parent / "snapshots"
REWRITE = "REWRITE_SNAPSHOTS" in os.environ
DIALECTS: dict[str, Dialect] = {"duckdb": DuckDBDialect(), "clickhouse": ClickHouseDialect()}
ORGANISATION = {"duckdb": "$1::BIGINT", "clickhouse": "{p0:Int64}"}
TABLES = {AD_EVENTS.table, fresh_table(AD_EVENTS), *(rollup.name for rollup in AD_EVENTS.rollups)}


CLAUSES = re.compile(r" (?=FROM (?:ad_|\(SELECT pairs)|INNER|WHERE|UNION|GROUP|ORDER)|(?<=UNION ALL) ")


def readable(statement: Statement) -> str:
    """The statement, a clause a line, its columns and bound values below it."""
    lines = CLAUSES.sub("\n", statement.sql)
    values = "\n".join(f"-- {position}: {value}" for position, value in enumerate(statement.args))
    return f"{lines};\n-- columns: {', '.join(statement.columns)}\n{values}\n"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_statements_read_as_in_the_snapshots(shape: str, dialect: str) -> None:
    """``REWRITE_SNAPSHOTS=1`` writes them anew; read the difference before you keep it."""
    statement = compile(planned(SHAPES[shape]), scope(7), DIALECTS[dialect], fresh=shape == "lifetime_counts")
    path = SNAPSHOTS / dialect / f"{shape}.sql"
    if REWRITE:
        path.write_text(readable(statement), "utf-8")
    assert readable(statement) == path.read_text("utf-8")


def test_no_snapshot_is_left_over() -> None:
    kept = {(path.parent.name, path.stem) for path in SNAPSHOTS.rglob("*.sql")}
    assert kept == {(dialect, shape) for dialect in DIALECTS for shape in SHAPES}


windows = st.sampled_from([None, WEEK, RAGGED, Window(None, RAGGED.end), Window(RAGGED.start, None)])
breakdowns = st.lists(st.sampled_from(["creative", "domain", "dsp", "component"]), unique=True).map(tuple)
metrics = st.lists(st.sampled_from([one.name for one in AD_EVENTS.metrics]), min_size=1, unique=True).map(tuple)
questions = st.builds(
    question,
    window=windows,
    grain=st.sampled_from([None, "hour", "day", "week", "month"]),
    breakdown=breakdowns,
    metrics=metrics,
)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(asked=questions, fresh=st.booleans())
def test_every_table_of_every_statement_has_its_organisation(dialect: str, asked: Question, fresh: bool) -> None:
    statement = compile(planned(asked), scope(7), DIALECTS[dialect], fresh=fresh)
    assert statement.args[0] == 7
    reads = re.findall(r"(?:FROM|JOIN) (\w+) AS (\w+)(.*?)(?=UNION ALL|GROUP BY)", statement.sql)
    mentioned = [word for word in re.findall(r"\w+", statement.sql) if word in TABLES]
    assert [table for table, _, _ in reads] == mentioned != []
    for _, alias, rest in reads:
        assert rest.split(" WHERE ")[1].startswith(f"{alias}.organisation_id = {ORGANISATION[dialect]}")
        assert " OR " not in rest


@given(asked=questions)
def test_no_value_of_a_caller_is_in_the_text(asked: Question) -> None:
    """Ids and times are bound, so that equal shapes share one text."""
    text = compile(planned(asked), scope(7), DIALECTS["duckdb"], fresh=True).sql
    events = {metric.formula.event for metric in AD_EVENTS.metrics}
    assert set(re.findall(r"'([^']*)'", text)) <= {"hour", "day", "week", "month"} | events
    assert not re.search(r"(?<![$\w])(11|2024)(?!\w)", text)


def tables(asked: Question, *, fresh: bool) -> list[str]:
    return re.findall(r"(?:FROM|JOIN) (ad_\w+)", compile(planned(asked), scope(), DIALECTS["duckdb"], fresh=fresh).sql)


def test_fresh_sums_are_read_only_where_there_are_some() -> None:
    whole_hours = Window(RAGGED.start.replace(minute=0), WEEK.end)
    assert tables(question(window=whole_hours), fresh=False) == ["ad_hour", "ad_day"]
    assert tables(question(window=whole_hours), fresh=True) == ["ad_hour", "ad_day", "ad_event_fresh"]


def test_raw_facts_and_rollups_are_read_as_of_one_commit() -> None:
    """A commit between compiling and running must show in the raw edges and in the sums, or in neither."""
    parts = ["ad_event", "ad_hour", "ad_day", "ad_hour", "ad_event"]
    assert tables(question(window=RAGGED), fresh=False) == [*parts, "ad_event_fresh"]


def test_fresh_sums_are_never_added_to_raw_facts() -> None:
    assert tables(question(window=WEEK, breakdown=("component",)), fresh=True) == ["ad_event"]


def test_a_statement_needs_a_scope() -> None:
    with pytest.raises(TypeError, match="scope"):
        Statement(sql="", args=(), columns=(), scope=None, purpose="")
