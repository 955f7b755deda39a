"""Promises of a store about facts that are counted row by row: which are duplicates, and what their tallies hold."""

from __future__ import annotations

import pytest

from headwater.catalogue.decisions import INTERACTIONS
from headwater.query.decisions.compile import compile_tally
from headwater.query.decisions.tally import Tally
from headwater.storage.port import FactBatch, Store
from tests.decisions.world import SCOPE, batch, interaction

_DAY = "2026-03-29"


def shown(*ids: str | None, new_ids: bool = False) -> FactBatch:
    rows = [interaction(_DAY, "off_gold", "ch_mail", "impression", **({"id": one} if one else {})) for one in ids]
    made = batch("interactions", rows)
    return FactBatch(made.scope, made.dataset, made.rows, new_ids=new_ids)


async def impressions(store: Store) -> int:
    tally = Tally(INTERACTIONS, ("impressions",), ())
    ((count,),) = await store.fetch(compile_tally(tally, SCOPE, store.dialect))
    return int(count)


async def stored(store: Store, *batches: FactBatch) -> list[tuple[int, int]]:
    return [(one.accepted, one.duplicates) for one in await store.append(batches)]


async def test_rows_without_an_id_are_never_duplicates(store: Store) -> None:
    assert await stored(store, shown(None, None), shown(None)) == [(2, 0), (1, 0)]
    assert await impressions(store) == 3


async def test_an_id_counts_once_beside_rows_without_one(store: Store) -> None:
    assert await stored(store, shown("a", None, "a"), shown("b")) == [(2, 1), (1, 0)]
    assert await stored(store, shown("a", None, "b")) == [(1, 2)]
    assert await impressions(store) == 4


async def test_ids_that_were_made_just_now_are_not_looked_up(store: Store) -> None:
    assert await stored(store, shown("a")) == [(1, 0)]
    assert await stored(store, shown("a", "c", new_ids=True)) == [(2, 0)]
    assert await stored(store, shown("c")) == [(1, 0)]
    assert await impressions(store) == 4


async def test_ids_that_were_made_just_now_may_share_a_commit_with_others(store: Store) -> None:
    assert await stored(store, shown("a")) == [(1, 0)]
    assert await stored(store, shown("a"), shown("c", new_ids=True)) == [(0, 1), (1, 0)]
    assert await impressions(store) == 2


@pytest.mark.parametrize(("commits", "times"), [(1, 1), (3, 1), (2, 100)])
async def test_tallies_are_right_before_and_after_they_are_merged(store: Store, commits: int, times: int) -> None:
    """However many rows a commit has."""
    rounds = commits * times
    for _ in range(commits):
        await store.append([batch("interactions", _MANY * times)])
    for _ in range(2):
        tally = Tally(INTERACTIONS, ("impressions", "positive", "converts", "revenue"), ("offer", "channel"))
        rows = await store.fetch(compile_tally(tally, SCOPE, store.dialect))
        assert rows == [
            (1, 21, 2 * rounds, 0, 0, 0),
            (1, 22, 0, 1 * rounds, 1 * rounds, 2_500_000 * rounds),
            (2, 21, 0, 1 * rounds, 0, 250_000 * rounds),
        ]
        await store.compact()


_MANY = [
    interaction(_DAY, "off_gold", "ch_mail", "impression"),
    interaction("2026-03-01", "off_gold", "ch_mail", "impression"),
    interaction(_DAY, "off_gold", "ch_app", "convert", revenue=2.5),
    interaction(_DAY, "off_silver", "ch_mail", "click", revenue=0.25),
]
