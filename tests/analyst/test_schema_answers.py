"""Questions over a small shop, with answers worked out by hand from its rows."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from headwater.analyst.schema_answer import written

from .shop import Shop

# The lines: 10×2, 8×5 (order 1), 9×1 (2), 12×10 (3), 10×3, 11×1 (4): 20, 40, 9, 120, 30, 11.
FIGURES = [
    ("How many customers are there?", [(4,)]),
    ("How many orders were placed in 2026?", [(3,)]),
    ("How many orders were placed in February 2026?", [(2,)]),
    ("How many orders were shipped after 2026-01-02?", [(2,)]),
    ("How many orders were placed before 2026?", [(1,)]),
    ("orders since 2026-02-10", None),
    ("What are total sales?", [(230.0,)]),
    ("Total sales in 2026", [(170.0,)]),
    ("Sales of Sencha", [(59.0,)]),
    ("Sales of Tea to customers in Spain", [(99.0,)]),
    ("average list price of products", [(12.5,)]),
    ("average list price of Tea products", [(9.0,)]),
    ("maximum list price", [(20.0,)]),
    ("How many different countries do customers live in?", [(3,)]),
    ("average order value", [(57.5,)]),
    ("average number of orders per customer", [(4 / 3,)]),
    ("How many customers bought Sencha?", [(2,)]),
    ("How many customers have more than 1 order?", [(1,)]),
    ("How many customers have fewer than 2 orders?", [(3,)]),
    ("How many customers have no orders?", [(1,)]),
    ("How many products weigh more than 100", None),
    ("total freight", [(160.0,)]),
    ("total freight of orders shipped to Norway", [(30.0,)]),
    ("How many products are discontinued?", [(1,)]),
    ("How many products are not discontinued?", [(3,)]),
    ("How many customers are without a fax?", [(2,)]),
]


@pytest.mark.parametrize(("question", "expected"), [case for case in FIGURES if case[1]])
async def test_figures(shop: Shop, question: str, expected: list[tuple[object, ...]]) -> None:
    assert await shop.rows(question) == [pytest.approx(row) for row in expected]


@pytest.mark.parametrize("question", [question for question, expected in FIGURES if expected is None])
async def test_what_has_no_figure_is_not_given_one(shop: Shop, question: str) -> None:
    reply = await shop.ask(question)
    assert reply.outcome == "ask_back" or (reply.table is not None and len(reply.table.columns) > 0)
    assert not (reply.outcome == "ask_back" and reply.citations)


GROUPS = [
    ("orders per customer", [("Ann", 2), ("Bob", 1), ("Cem", 1)]),
    ("total sales per category", [("Coffee", 131.0), ("Tea", 99.0)]),
    ("Which customer has the most orders?", [("Ann", 2)]),
    ("Which customer has the fewest orders?", [("Dora", 0)]),
    ("Top 2 customers by sales", [("Bob", 120.0), ("Ann", 69.0)]),
    ("Which country has the most customers?", [("Spain", 2)]),
    ("number of customers per country", [("Spain", 2), ("Chile", 1), ("Norway", 1)]),
    ("Customers with more than 1 order", [("Ann", 2)]),
    ("Customers with sales over 100", [("Bob", 120.0)]),
    ("Which countries have more than 1 customer?", [("Spain", 2)]),
    ("What is the most expensive product?", None),
    ("Which category has the most products?", [("Coffee", 2), ("Tea", 2)]),
    ("sales per product in 2026", [("Mocha", 131.0), ("Sencha", 39.0)]),
    ("number of customers per category", [("Coffee", 2), ("Tea", 2)]),
]


@pytest.mark.parametrize(("question", "expected"), [case for case in GROUPS if case[1]])
async def test_groups_and_ranks(shop: Shop, question: str, expected: list[tuple[object, ...]]) -> None:
    assert await shop.rows(question) == expected


ROWS = [
    ("customers in Spain", {"Ann", "Cem"}),
    ("customers not in Spain", {"Bob", "Dora"}),
    ("customers in Chile or Norway", {"Bob", "Dora"}),
    ("customers without orders", {"Dora"}),
    ("customers who have not ordered in 2026", {"Dora"}),
    ("customers who bought Tea", {"Ann", "Cem"}),
    ("customers who never bought Mocha", {"Ann", "Dora"}),
    ("customers without orders in February 2026", {"Ann", "Dora"}),
    ("products that were never sold", {"O'Brien's \"Best\" %"}),
    ("products in the category Tea", {"Sencha", "Assam"}),
    ("products with a list price over 9", {"Sencha", "Mocha", "O'Brien's \"Best\" %"}),
    ("products with list price between 8 and 10", {"Sencha", "Assam"}),
    ("products whose name contains 'o'", {"Mocha", "O'Brien's \"Best\" %"}),
    ("What is the most expensive product?", {"O'Brien's \"Best\" %"}),
    ("the 2 cheapest products", {"Assam", "Sencha"}),
    ("products lighter than 0.2", {"Sencha"}),
    ("discontinued products", {"Mocha"}),
]


@pytest.mark.parametrize(("question", "expected"), ROWS)
async def test_lists(shop: Shop, question: str, expected: set[str]) -> None:
    assert {row[0] for row in await shop.rows(question)} == expected


async def test_figures_of_several_tables_stand_side_by_side(shop: Shop) -> None:
    """Joined, order 1 with its two lines would count twice."""
    assert await shop.rows("orders and sales per year") == [
        (datetime(2025, 1, 1, tzinfo=UTC), 1, 60.0),
        (datetime(2026, 1, 1, tzinfo=UTC), 3, 170.0),
    ]


async def test_a_line_of_time_is_drawn_as_one(shop: Shop) -> None:
    reply = await shop.ask("sales per month in 2026")
    assert reply.table is not None
    assert (reply.table.chart, reply.table.columns[0].kind) == ("line", "time")
    assert [row[1] for row in reply.table.rows] == [9.0, 161.0]
    assert (await shop.ask("sales per category")).table.chart == "bar"  # type: ignore[union-attr]


async def test_where_things_are(shop: Shop) -> None:
    assert await shop.rows("where is Ann") == [("Ann", "Spain")]


async def test_the_formula_is_said(shop: Shop) -> None:
    assert "unit_price × quantity" in (await shop.ask("total sales")).text


async def test_an_answer_of_one_row_is_asked_for_where_there_are_several(shop: Shop) -> None:
    reply = await shop.ask("what is the list price in Tea")
    assert reply.outcome == "ask_back"


@pytest.mark.parametrize("question", [case[0] for case in (*FIGURES, *GROUPS, *ROWS)])
async def test_every_number_of_the_text_is_a_cell_of_the_table(shop: Shop, question: str) -> None:
    reply = await shop.ask(question)
    cells = " ".join(written(cell) for row in (reply.table.rows if reply.table else ()) for cell in row)
    for number in re.findall(r"\d[\d,.]*\d|\d", reply.text) if reply.outcome == "answered" else ():
        assert number in cells, (number, reply.text)
