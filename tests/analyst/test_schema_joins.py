"""Paths between tables, with declared keys and with names alone."""

from __future__ import annotations

import pytest

from headwater.analyst.schema_joins import Joins, SeveralPaths, key_of
from headwater.sources.schema import ForeignKey, Schema, SourceColumn, SourceTable

from .shop import Shop


def _table(name: str, *columns: str, keys: tuple[ForeignKey, ...] = ()) -> SourceTable:
    return SourceTable(name, tuple(SourceColumn(column, "INTEGER") for column in columns), keys)


def test_the_shortest_path_over_parents_is_taken(shop: Shop) -> None:
    path = Joins(shop.source.schema).path("order_items", "customers")
    assert path is not None
    assert [(step.target, step.up) for step in path] == [("orders", True), ("customers", True)]


def test_two_keys_to_one_table_are_two_paths(shop: Shop) -> None:
    with pytest.raises(SeveralPaths):
        Joins(shop.source.schema).path("flights", "airports")


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (("orders", "OrderID", "CustomerID"), ("Customers", "CustomerID", "Name")),
        (("orders", "order_id", "customer_id"), ("customers", "customer_id", "name")),
        (("orders", "id", "customer_id"), ("customers", "id", "name")),
        (("city", "city_name", "state_name"), ("state", "state_name", "area")),
    ],
)
def test_names_show_keys_where_none_is_declared(child: tuple[str, ...], parent: tuple[str, ...]) -> None:
    joins = Joins(Schema("duckdb", (_table(*child), _table(*parent))))
    assert [(edge.child, edge.parent) for edge in joins.edges] == [(child[0], parent[0])]


def test_a_plain_name_or_id_is_no_key_to_every_table() -> None:
    joins = Joins(Schema("duckdb", (_table("a", "id", "name"), _table("b", "id", "name"))))
    assert joins.edges == ()


def test_a_declared_key_that_refers_to_nothing_is_not_followed() -> None:
    broken = ForeignKey(("a_id",), "a", ("missing",))
    joins = Joins(Schema("sqlite", (_table("a", "id"), _table("b", "id", "a_id", keys=(broken,)))))
    assert [edge.referred for edge in joins.edges] == [("id",)]


def test_keys_by_name() -> None:
    assert key_of(_table("Invoice", "Total", "InvoiceId")) == ("InvoiceId",)
    assert key_of(_table("Invoice", "Total")) == ()
