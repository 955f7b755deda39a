"""The SQL: the same rows on two engines, readable in every dialect, values escaped, nothing met twice."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import duckdb
import msgspec
import pytest
import sqlglot

from headwater.analyst.reply import Reply
from headwater.analyst.schema_analyst import SchemaAnalyst, understood
from headwater.analyst.schema_question import Ref
from headwater.analyst.schema_sql import Builder
from headwater.analyst.schema_values import KnownValues, read_values, values_query
from headwater.analyst.schema_vocabulary import Vocabulary
from headwater.sources.schema import Dialect, ResultColumn, Rows, Schema, SourceColumn, SourceTable

from .shop import SCRIPT, TODAY, Shop, opened

QUESTIONS = (
    "sales per quarter",
    "sales per week",
    "sales per day",
    "sales per month in 2026",
    "orders and sales per year",
    "top 2 customers by sales in 2026",
    "customers who never bought Mocha",
    "products that were never sold",
    "Which customer has the fewest orders?",
    "customers with fewer than 2 orders",
    "average number of orders per customer",
    "number of customers per category",
    "customers with sales over 100",
    "What is the most expensive product?",
    "the 2 cheapest products",
    "products whose name contains 'o'",
    "How many products are discontinued?",
)


async def _known(shop: Shop) -> tuple[Vocabulary, KnownValues]:
    vocabulary = Vocabulary(shop.source.schema)
    return vocabulary, await read_values(vocabulary, shop.source.run)


@pytest.mark.parametrize("dialect", get_args(Dialect))
async def test_every_dialect_reads_its_own_statements(shop: Shop, dialect: Dialect) -> None:
    vocabulary, values = await _known(shop)
    vocabulary.schema = msgspec.structs.replace(vocabulary.schema, dialect=dialect)
    for question in QUESTIONS:
        statement = Builder(vocabulary).sql(understood(question, vocabulary, values, TODAY))
        (read,) = sqlglot.parse(statement, dialect=dialect)
        assert isinstance(read, sqlglot.exp.Select), question


class _Duck:
    """The shop in DuckDB, without declared keys, as uploaded files are."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        for statement in SCRIPT.split(";\n"):
            if "REFERENCES" in statement or statement.strip().startswith("CREATE"):
                statement = statement.replace("PRIMARY KEY", "")
                for name in ("categories", "warehouses", "customers", "orders", "products", "airports"):
                    statement = statement.replace(f"REFERENCES {name}(id)", "")
            self.connection.execute(statement)
        tables = [row[0] for row in self.connection.execute("SHOW TABLES").fetchall()]
        self.schema = Schema("duckdb", tuple(self._table(name) for name in tables))

    def _table(self, name: str) -> SourceTable:
        columns = self.connection.execute(f'DESCRIBE "{name}"').fetchall()
        rows = self.connection.execute(f'FROM "{name}"').fetchall()
        return SourceTable(name, tuple(SourceColumn(c[0], c[1]) for c in columns), (), len(rows), tuple(rows[:3]))

    async def run(self, query: str) -> Rows:
        cursor = self.connection.execute(query)
        return Rows(tuple(ResultColumn(c[0], str(c[1])) for c in cursor.description or ()), cursor.fetchall())

    async def ask(self, analyst: SchemaAnalyst, question: str) -> Reply:
        return await analyst.answer(question, "duck", self.schema, self.run, TODAY)


async def test_two_engines_give_the_same_rows_with_and_without_declared_keys(shop: Shop) -> None:
    duck, analyst = _Duck(), SchemaAnalyst()
    for question in QUESTIONS:
        reply = await duck.ask(analyst, question)
        assert reply.table is not None, (question, reply.text)
        assert [tuple(row) for row in reply.table.rows] == await shop.rows(question), question
    duck.connection.close()


async def test_a_value_is_a_literal_and_nothing_else(shop: Shop) -> None:
    assert await shop.rows("What is the list price of “O'Brien's \"Best\" %”") == [(20.0,)]
    reply = await shop.ask("products whose name starts with 'O'")
    assert [row[0] for row in reply.table.rows] == ["O'Brien's \"Best\" %"]  # type: ignore[union-attr]


async def test_a_parent_is_not_summed_once_for_each_child(shop: Shop) -> None:
    """Order 1 has two lines and freight 100: of orders with Tea, freight is 100 + 10 + 30, not 240."""
    assert await shop.rows("total freight of orders with Tea products") == [(140.0,)]
    assert await shop.rows("number of orders per category") == [("Tea", 3), ("Coffee", 2)]


async def test_rows_without_a_key_hide_no_others(tmp_path: Path) -> None:
    """NOT IN over a list with an empty key would leave nothing."""
    script = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id));
    INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cem');
    INSERT INTO orders VALUES (1, NULL), (2, NULL), (3, 1), (4, 1), (5, 2);
    """
    source = opened(tmp_path, script)
    shop = Shop(source)
    assert await shop.rows("customers without orders") == [("Cem",)]
    assert [row[0] for row in await shop.rows("customers with fewer than 2 orders")] == ["Bob", "Cem"]
    assert await shop.rows("how many customers have at most 1 order") == [(2,)]
    source.close()


async def test_of_a_huge_table_only_some_rows_are_read_for_values(shop: Shop) -> None:
    schema = shop.source.schema
    huge = tuple(msgspec.structs.replace(table, row_estimate=10_000_000) for table in schema.tables)
    vocabulary = Vocabulary(msgspec.structs.replace(schema, tables=huge))
    name = Ref("customers", "name")
    assert "200000" in values_query(vocabulary, name)
    assert not (await read_values(vocabulary, shop.source.run)).complete(name)
    assert (await read_values(Vocabulary(schema), shop.source.run)).complete(name)
    rows = Rows((), [("Ann",)], truncated=True)

    async def cut(_: str) -> Rows:
        return rows

    assert not (await read_values(Vocabulary(schema), cut)).complete(name)
