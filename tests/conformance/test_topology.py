"""What a cluster is told, by its SQL: one server runs the same statements without the words that make it one."""

from __future__ import annotations

import re
import sys

import pytest

from headwater.catalogue.registry import CATALOGUE
from headwater.errors import Unavailable
from headwater.settings import SettingsError
from headwater.storage.clickhouse.server import address
from headwater.storage.clickhouse.tables import SEEN_KEY, STATE, Table, tables, views
from headwater.storage.clickhouse.topology import Topology

ONE = Topology("facts")
REPLICAS = Topology("facts", "main", replicated=True)
SHARDS = Topology("facts", "main", replicated=True, sharded=True)
DAY = next(table for table in tables(CATALOGUE) if table.name == "attribution_day")
RAW = next(table for table in tables(CATALOGUE) if table.name == "attribution_result")
VIEW = next(view for view in views(CATALOGUE) if view.source == "attribution_result")

DAY_COLUMNS = (
    "organisation_id Int64, model String, day Date32, results Int64, value Int64, segment Int64"
    ") ENGINE = {engine}() PARTITION BY segment ORDER BY (organisation_id, model, day)"
    " SETTINGS index_granularity = 8192, allow_nullable_key = 1, {window} = 1000"
)


def test_one_server_has_plain_tables() -> None:
    assert list(ONE.create_table(DAY)) == [
        "CREATE TABLE IF NOT EXISTS `facts`.`attribution_day` ("
        + DAY_COLUMNS.format(engine="MergeTree", window="non_replicated_deduplication_window")
    ]
    assert ONE.create_database() == "CREATE DATABASE IF NOT EXISTS `facts`"
    assert ONE.local("ad_day") == ONE.table("ad_day") == "`facts`.`ad_day`"
    assert "insert_quorum" not in ONE.write_settings
    assert ONE.read_settings == {}


def test_replicas_have_replicated_tables_everywhere() -> None:
    assert list(REPLICAS.create_table(DAY)) == [
        "CREATE TABLE IF NOT EXISTS `facts`.`attribution_day` ON CLUSTER `main` ("
        + DAY_COLUMNS.format(engine="ReplicatedMergeTree", window="replicated_deduplication_window")
    ]
    assert REPLICAS.create_database() == "CREATE DATABASE IF NOT EXISTS `facts` ON CLUSTER `main`"
    assert (REPLICAS.write_settings["insert_quorum"], REPLICAS.write_settings["insert_quorum_parallel"]) == ("auto", 0)
    assert REPLICAS.read_settings == {"select_sequential_consistency": 1}


def test_shards_have_local_tables_under_one_name() -> None:
    made = list(SHARDS.create_table(DAY))
    assert made == [
        "CREATE TABLE IF NOT EXISTS `facts`.`attribution_day_local` ON CLUSTER `main` ("
        + DAY_COLUMNS.format(engine="ReplicatedMergeTree", window="replicated_deduplication_window"),
        "CREATE TABLE IF NOT EXISTS `facts`.`attribution_day` ON CLUSTER `main` AS `facts`.`attribution_day_local`"
        " ENGINE = Distributed(`main`, `facts`, `attribution_day_local`, cityHash64(organisation_id, model))",
    ]
    assert SHARDS.local("ad_day") == "`facts`.`ad_day_local` ON CLUSTER `main`"
    assert SHARDS.table("ad_day") == "`facts`.`ad_day`"
    assert SHARDS.write_settings["distributed_foreground_insert"] == 1
    assert SHARDS.read_settings["distributed_product_mode"] == "global"


@pytest.mark.parametrize("table", tables(CATALOGUE), ids=lambda table: table.name)
def test_a_table_is_sharded_and_sorted_by_columns_that_it_has(table: Table) -> None:
    for name in re.findall(r"[a-z_]+(?=[,)])|^[a-z_]+$", table.shard):
        assert name in table.names
    assert set(table.order) <= set(table.names)


def test_views_sum_on_the_shard_where_the_rows_are() -> None:
    made = SHARDS.create_view(VIEW)
    assert made.startswith(
        "CREATE MATERIALIZED VIEW IF NOT EXISTS `facts`.`attribution_day_fresh_of_local` ON CLUSTER `main`"
        " TO `facts`.`attribution_day_fresh_local` AS SELECT fact.organisation_id AS organisation_id,"
    )
    assert " FROM `facts`.`attribution_result_local` AS fact GROUP BY " in made


def test_what_is_read_as_one_lies_on_one_shard_and_the_newest_state_wins() -> None:
    local, distributed = SHARDS.create_table(STATE)
    assert "ENGINE = ReplicatedReplacingMergeTree(version)" in local
    assert distributed.endswith("ENGINE = Distributed(`main`, `facts`, `fact_state_local`, 0)")


def test_rows_of_commits_are_found_by_their_number_and_keys_in_small_steps() -> None:
    (raw,) = ONE.create_table(RAW)
    assert "INDEX commits commit_id TYPE minmax GRANULARITY 1" in raw
    (keys,) = ONE.create_table(SEEN_KEY)
    assert "ORDER BY (key) SETTINGS index_granularity = 512" in keys


def test_a_column_is_added_on_the_shards_and_under_the_one_name() -> None:
    assert list(SHARDS.add_column(RAW, "note", "String")) == [
        "ALTER TABLE `facts`.`attribution_result_local` ON CLUSTER `main` ADD COLUMN IF NOT EXISTS note String",
        "ALTER TABLE `facts`.`attribution_result` ON CLUSTER `main` ADD COLUMN IF NOT EXISTS note String",
    ]
    assert len(list(ONE.add_column(RAW, "note", "String"))) == 1


def test_an_address_says_where_who_and_how() -> None:
    found = address("clickhouse://writer:p%40ss@db.example.com/facts", 30)
    assert (found.host, found.port, found.user, found.password) == ("db.example.com", 8123, "writer", "p@ss")
    assert (found.read_user, found.read_password, found.secure) == ("writer", "p@ss", False)
    assert found.topology == ONE
    url = "clickhouse://w:s@db:9000/facts?secure=true&cluster=main&replicated=true&sharded=true&read_user=r&read_password=t"
    found = address(url, 30)
    assert (found.port, found.secure, found.read_user, found.read_password) == (9000, True, "r", "t")
    assert found.topology == SHARDS
    assert address("clickhouse://db/facts?secure=true", 30).port == 8443


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("clickhouse:///facts", "name a host"),
        ("http://db/facts", "begin with clickhouse://"),
        ("clickhouse://db", "name of a database"),
        ("clickhouse://db/a-b", "name of a database"),
        ("clickhouse://db:http/facts", "Port"),
        ("clickhouse://db/facts?replicate=true", "'replicate' is none of its options .* Did you mean 'replicated'?"),
        ("clickhouse://db/facts?replicated=yes", "replicated must be true or false"),
        ("clickhouse://db/facts?sharded=true", "must name the cluster"),
        ("clickhouse://db/facts?cluster=a`b", "the cluster must be a name"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_secrets(url: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        address(url.replace("//db", "//writer:hidden@db"), 30)
    assert "hidden" not in str(refused.value)
    assert "clickhouse://user:password@host:8123/database" in str(refused.value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "clickhouse_connect", None)
    with pytest.raises(SettingsError, match=r"pip install 'headwater\[clickhouse\]'"):
        address("clickhouse://db/facts", 30)


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    place = address("clickhouse://writer:hidden@127.0.0.1:9/facts", 30)
    with pytest.raises(Unavailable, match="fact store does not answer") as refused:
        place.make_database()
    assert "hidden" not in str(refused.value)
