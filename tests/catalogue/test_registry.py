"""Declarations that contradict themselves never reach an answer: collecting them fails."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.model import CountEvents, Derived, Dimension, EventDataset, Field, Metric, Rollup
from headwater.catalogue.registry import EVENTS, CatalogueError, collect

VIEWS = Metric("views", "Views", "Seen.", CountEvents("view"))
CLICKS = Metric("clicks", "Clicks", "Clicked.", CountEvents("click"))
SOUND = EventDataset(
    name="things",
    table="thing",
    description="Things.",
    time="at",
    subject="shop_id",
    fields=(Field("at", "time", "When."), Field("shop", "id", "Where.", column="shop_id")),
    dimensions=(Dimension("shop", "shop_id", "Shop", "id"),),
    metrics=(VIEWS, CLICKS),
    derived=(Derived("misses", "Misses", "Seen, not clicked.", minuend="views", subtrahend="clicks"),),
    rollups=(Rollup("thing_day", ("shop",), ("views",), grain="day"),),
    groups={"base": ("views", "clicks")},
    session=("shop_id",),
)


def changed(**fields: object) -> EventDataset:
    replace: Callable[..., EventDataset] = msgspec.structs.replace
    return replace(SOUND, **fields)


def test_a_sound_declaration_is_collected_by_name() -> None:
    assert dict(collect([SOUND])) == {"things": SOUND}


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (changed(fields=(*SOUND.fields, SOUND.fields[0])), "field ['at'] is declared twice"),
        (changed(dimensions=SOUND.dimensions * 2), "dimension ['shop'] is declared twice"),
        (changed(metrics=(VIEWS, CLICKS, VIEWS)), "metric ['views'] is declared twice"),
        (changed(derived=(Derived("views", "", "", "views", "clicks"),)), "metric ['views'] is declared twice"),
        (changed(rollups=SOUND.rollups * 2), "rollup ['thing_day'] is declared twice"),
        (changed(session=("shop",)), "session names unknown ['shop']"),
        (changed(time="ts"), "time names unknown ['ts']"),
        (changed(rollups=(Rollup("r", ("shop",), ("likes",), grain=None),)), "rollup r names unknown ['likes']"),
        (changed(rollups=(Rollup("r", ("city",), ("views",), grain=None),)), "rollup r names unknown ['city']"),
        (changed(derived=(Derived("d", "", "", "likes", "views"),)), "metric d names unknown ['likes']"),
        (changed(derived=(Derived("d", "", "", "views", "likes"),)), "metric d names unknown ['likes']"),
        (changed(dimensions=(Dimension("shop", "city", "", "id"),)), "dimension shop names unknown ['city']"),
        (changed(groups={"base": ("views", "likes")}), "group base names unknown ['likes']"),
        (changed(groups={"views": ("clicks",)}), "group ['views'] has the name of a metric"),
    ],
)
def test_a_contradiction_is_named(dataset: EventDataset, said: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        collect([dataset])
    assert said in str(refused.value)


@pytest.mark.parametrize("other", [changed(name="others"), changed(name="others", table="thing_day", rollups=())])
def test_two_datasets_do_not_share_a_table(other: EventDataset) -> None:
    with pytest.raises(CatalogueError, match="is declared twice"):
        collect([SOUND, other])


def test_two_datasets_do_not_share_a_name() -> None:
    with pytest.raises(CatalogueError, match="Dataset 'things' is declared twice"):
        collect([SOUND, changed(table="other", rollups=())])


def test_every_metric_is_described_for_people() -> None:
    for dataset in EVENTS.values():
        for one in (*dataset.metrics, *dataset.derived):
            assert one.label
            assert one.description.endswith(".")


def test_every_stored_metric_can_be_answered_from_a_rollup() -> None:
    for dataset in EVENTS.values():
        kept = {name for rollup in dataset.rollups for name in rollup.metrics}
        assert kept == {metric.name for metric in dataset.metrics}


def test_base_is_the_eighteen_of_the_contract() -> None:
    assert len(AD_EVENTS.groups["base"]) == len(set(AD_EVENTS.groups["base"])) == 18


def test_lookups_by_name_find_stored_and_derived() -> None:
    assert SOUND.metric("misses") is SOUND.derived[0]
    assert SOUND.field("shop").stored_as == "shop_id"
    assert SOUND.dimension("shop").column == "shop_id"
    with pytest.raises(KeyError):
        SOUND.metric("likes")
