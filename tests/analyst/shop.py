"""A small shop's database, whose answers can be worked out by hand, and the analyst asked over it."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

from evals.sqlite_source import SqliteSource
from headwater.analyst.reply import Reply
from headwater.analyst.schema_analyst import SchemaAnalyst

TODAY = date(2026, 11, 27)

SCRIPT = """
CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category_id INTEGER REFERENCES categories(id),
  list_price REAL, weight REAL, discontinued TEXT, warehouse_id INTEGER REFERENCES warehouses(id));
CREATE TABLE warehouses (id INTEGER PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, country TEXT, password_hash TEXT, fax TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), order_date DATE,
  shipped_date DATE, freight REAL, ship_country TEXT);
CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders(id),
  product_id INTEGER REFERENCES products(id), unit_price REAL, quantity INTEGER);
CREATE TABLE flights (id INTEGER PRIMARY KEY, from_airport INTEGER REFERENCES airports(id),
  to_airport INTEGER REFERENCES airports(id));
CREATE TABLE airports (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO categories VALUES (1, 'Tea'), (2, 'Coffee');
INSERT INTO warehouses VALUES (1, 'North', 'Norway'), (2, 'South', 'Spain');
INSERT INTO products VALUES (1, 'Sencha', 1, 10, 0.1, 'N', 1), (2, 'Assam', 1, 8, 0.2, 'N', 1),
  (3, 'Mocha', 2, 12, 0.5, 'Y', 2), (4, 'O''Brien''s "Best" %', 2, 20, 1.0, 'N', 2);
INSERT INTO customers VALUES (1, 'Ann', 'Spain', 'x1', NULL), (2, 'Bob', 'Norway', 'x2', '55'),
  (3, 'Cem', 'Spain', 'x3', '66'), (4, 'Dora', 'Chile', 'x4', NULL);
INSERT INTO orders VALUES (1, 1, '2025-12-31', '2026-01-02', 100, 'Spain'),
  (2, 1, '2026-01-01', '2026-01-03', 10, 'Norway'),
  (3, 2, '2026-02-10', NULL, 20, 'Norway'), (4, 3, '2026-02-28', '2026-03-05', 30, 'Spain');
INSERT INTO order_items VALUES (1, 1, 1, 10, 2), (2, 1, 2, 8, 5), (3, 2, 1, 9, 1), (4, 3, 3, 12, 10), (5, 4, 1, 10, 3),
  (6, 4, 3, 11, 1);
INSERT INTO airports VALUES (1, 'Oslo'), (2, 'Rome');
INSERT INTO flights VALUES (1, 1, 2);
"""


def opened(folder: Path, script: str = SCRIPT) -> SqliteSource:
    """A new file with the tables of a script."""
    path = folder / "shop.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return SqliteSource(path)


class Shop:
    """The analyst over one source."""

    def __init__(self, source: SqliteSource) -> None:
        self.source, self.analyst = source, SchemaAnalyst()

    async def ask(self, question: str, version: str | None = None) -> Reply:
        """A reply whose citation gives its rows again."""
        reply = await self.analyst.answer(question, "ds_shop", self.source.schema, self.source.run, TODAY, version)
        for citation in reply.citations:
            assert len(self.source.rows(citation.query).rows) == citation.rows
        return reply

    async def rows(self, question: str) -> list[tuple[object, ...]]:
        """The rows of an answer."""
        reply = await self.ask(question)
        assert reply.table is not None, reply.text
        return [tuple(row) for row in reply.table.rows]
