"""Duplicates are found exactly, however the filter of seen keys stands: none, behind, too small, after a restart."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.storage.duckdb.key_filter import KeyFilter
from headwater.storage.duckdb.migrations import migrate
from headwater.storage.duckdb.seen import SeenKeys

AMPLE = 1 << 20


def spread(number: int) -> int:
    """A key as MD5 makes it."""
    return int.from_bytes(hashlib.md5(str(number).encode(), usedforsecurity=False).digest()[:8], "little")


def array(keys: Sequence[int]) -> pa.Array:
    return pa.array(keys, pa.uint64())


anything = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 300).map(spread))


@given(st.integers(1, 400), st.lists(st.lists(anything, max_size=60), max_size=6))
def test_a_key_that_was_added_is_never_called_new(capacity: int, additions: list[list[int]]) -> None:
    filter_ = KeyFilter(capacity)
    added: list[int] = []
    for keys in additions:
        filter_.add(array(keys))
        added += keys
        assert all(filter_.perhaps(array(added)).to_pylist())


def test_of_keys_that_are_new_hardly_one_in_ten_thousand_is_doubted() -> None:
    drawn = random.Random(1)
    filter_ = KeyFilter(20_000)
    filter_.add(array([drawn.getrandbits(64) for _ in range(20_000)]))
    doubted = filter_.perhaps(array([drawn.getrandbits(64) for _ in range(200_000)]))
    assert doubted.true_count <= 20


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    migrate(connection)
    return connection


def take(connection: duckdb.DuckDBPyConnection, seen: SeenKeys, keys: set[int], *, keep: bool = True) -> set[int]:
    """What was known of ``keys`` to a transaction that is committed or given up."""
    connection.begin()
    known = set(seen.take(connection, array(sorted(keys))).to_pylist())
    if keep:
        connection.commit()
    else:
        connection.rollback()
    return known


few_keys = st.sets(st.integers(0, 40).map(spread), min_size=1, max_size=12)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), few_keys),
        st.tuples(st.just("give up"), few_keys),
        st.tuples(st.sampled_from(["cover", "restart"]), st.just(set[int]())),
    ),
    max_size=14,
)


@given(st.sampled_from([64, AMPLE]), steps)
def test_what_is_known_is_what_earlier_commits_took(max_bytes: int, steps: list[tuple[str, set[int]]]) -> None:
    with duckdb.connect(":memory:") as connection:
        migrate(connection)
        seen, model = SeenKeys(max_bytes, 1), set[int]()
        for step, keys in steps:
            if step == "cover":
                seen.cover(connection)
            elif step == "restart":
                seen = SeenKeys(max_bytes, 1)
                seen.open(connection)
            else:
                assert take(connection, seen, keys, keep=step == "take") == keys & model
                model |= keys if step == "take" else set()
        assert take(connection, seen, {spread(number) for number in range(41)}) == model


def test_within_a_transaction_its_own_keys_are_known(connection: duckdb.DuckDBPyConnection) -> None:
    seen = SeenKeys(AMPLE, 1)
    take(connection, seen, {spread(1)})
    seen.cover(connection)
    connection.begin()
    seen.take(connection, array([spread(2)]))
    assert seen.take(connection, array([spread(2)])).to_pylist() == [spread(2)]
    connection.commit()


def test_keys_are_covered_when_they_are_many_and_once_only(connection: duckdb.DuckDBPyConnection) -> None:
    seen = SeenKeys(AMPLE, 3)
    take(connection, seen, {spread(1), spread(2)})
    assert not seen.due
    take(connection, seen, {spread(2), spread(3)})
    assert seen.due
    seen.cover(connection)
    assert not seen.due
    restarted = SeenKeys(AMPLE, 3)
    restarted.open(connection)
    assert restarted.due


def test_new_keys_do_not_read_what_is_covered(connection: duckdb.DuckDBPyConnection) -> None:
    """Otherwise a commit would slow down with every key that was ever kept."""
    seen = SeenKeys(AMPLE, 1)
    take(connection, seen, {spread(1)})
    seen.cover(connection)
    # Only the filter remembers the key now, and only the table could say that it is known.
    connection.execute("UPDATE seen_key SET key = ?", [spread(2)])
    assert take(connection, seen, {spread(2)}) == set()
