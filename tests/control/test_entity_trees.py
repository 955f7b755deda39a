"""The tree in memory: what it answers, and when it is built anew."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event

from headwater.control import Control, provide
from headwater.control.entities.rules import EntityChange, NewEntity
from headwater.control.entities.service import Entities
from headwater.control.entities.tree import EntityRow, EntityTree
from headwater.errors import NotFound
from headwater.kit.clock import FixedClock
from headwater.settings import Settings

from .founding import CHEAP_HASHER, Founded, grow


def _row(entity_id: int, kind: str, parent_id: int | None, *rest: object) -> EntityRow:
    archived, component_type, content, position = rest or (False, None, None, None)
    return EntityRow(entity_id, kind, parent_id, f"{kind} {entity_id}", archived, component_type, content, position)


TREE = EntityTree(
    [
        _row(1, "workspace", None),
        _row(2, "campaign", 9),  # moved to a workspace that is younger
        _row(3, "creative_group", 2),
        _row(5, "creative", 3),
        _row(4, "creative", 3, True, None, None, None),
        _row(6, "component", 5, False, "Choice", "b", 1),
        _row(7, "component", 5, False, "Video", None, 0),
        _row(8, "component", 5, True, "Choice", "gone", 0),
        _row(9, "workspace", None),
        _row(10, "component", 5, False, "Choice", "a", 1),
    ]
)


def test_members_are_the_creatives_below_archived_ones_included() -> None:
    for kind, entity_id in (("workspace", 9), ("campaign", 2), ("creative_group", 3)):
        assert TREE.members(kind, entity_id) == (4, 5)
    assert TREE.members("creative", 4) == (4,)
    assert TREE.creative_ids == {4, 5}
    for kind, entity_id in (("workspace", 1), ("campaign", 9), ("creative", 99), ("component", 6)):
        assert TREE.members(kind, entity_id) == ()


def test_lineage_goes_up_to_the_workspace() -> None:
    assert TREE.lineage(4) == (("creative", 4), ("creative_group", 3), ("campaign", 2), ("workspace", 9))
    assert TREE.lineage(3) == TREE.lineage(99) == ()


def test_components_are_in_order_archived_ones_included() -> None:
    assert [tuple(component) for component in TREE.components(5)] == [
        (7, "Video", "", 0, False),
        (8, "Choice", "gone", 0, True),
        (6, "Choice", "b", 1, False),
        (10, "Choice", "a", 1, False),
    ]
    assert TREE.components(4) == TREE.components(99) == ()
    assert [TREE.component_owner(component_id) for component_id in (6, 8, 5, 99)] == [5, 5, None, None]


def test_names_and_kinds() -> None:
    assert TREE.has("campaign", 2)
    assert not TREE.has("creative", 2)
    assert not TREE.has("campaign", 99)
    assert TREE.name("campaign", 2) == "campaign 2"
    with pytest.raises(KeyError):
        TREE.name("creative", 2)


async def test_a_tree_holds_one_organisation_only(control: Control, nord: Founded, syd: Founded) -> None:
    own, foreign = await grow(control, nord), await grow(control, syd)
    tree = await control.trees.get(nord.scope.organisation_id)
    for kind in own:
        assert tree.has(kind, own[kind])
        assert not tree.has(kind, foreign[kind])
    assert tree.creative_ids == {own["creative"]}
    for unknown in (0, 99):
        with pytest.raises(NotFound):
            await control.trees.get(unknown)


async def test_every_way_of_writing_is_seen_at_once(control: Control, nord: Founded) -> None:
    ids = await grow(control, nord)
    group, organisation_id = ids["creative_group"], nord.scope.organisation_id
    writes = [
        lambda entities: entities.create("creative", NewEntity(name="A", parent_id=group)),
        lambda entities: entities.create_many("creative", [NewEntity(name="B", parent_id=group)]),
        lambda entities: entities.update("creative", ids["creative"], EntityChange(name="C")),
        lambda entities: entities.archive("creative", ids["creative"]),
    ]
    for write in writes:
        before = await control.trees.get(organisation_id)
        assert control.trees.cached(organisation_id) is before
        async with control.unit_of_work() as uow:
            await write(Entities(uow.session, nord.scope))
            assert control.trees.cached(organisation_id) is before
        assert control.trees.cached(organisation_id) is None
        assert await control.trees.get(organisation_id) is not before


async def test_another_process_is_noticed_within_two_seconds(
    control: Control, settings: Settings, clock: FixedClock, nord: Founded
) -> None:
    organisation_id = nord.scope.organisation_id
    before = await control.trees.get(organisation_id)
    beside = provide(settings, clock, CHEAP_HASHER)
    await beside.start()
    async with beside.unit_of_work() as uow:
        made, _ = await Entities(uow.session, nord.scope).create("workspace", NewEntity(name="New"))
    await beside.stop()
    assert await control.trees.get(organisation_id) is before
    clock.advance(timedelta(seconds=2))
    assert control.trees.cached(organisation_id) is None
    assert (await control.trees.get(organisation_id)).has("workspace", made.id)


async def test_listeners_hear_of_changes_here_and_elsewhere(
    control: Control, settings: Settings, clock: FixedClock, nord: Founded, syd: Founded
) -> None:
    changed: list[int] = []
    organisation_id = nord.scope.organisation_id
    await control.trees.get(organisation_id)
    control.trees.on_change(changed.append)
    await grow(control, syd)
    assert set(changed) == {syd.scope.organisation_id}
    changed.clear()
    beside = provide(settings, clock, CHEAP_HASHER)
    await beside.start()
    await grow(beside, nord)
    await beside.stop()
    clock.advance(timedelta(seconds=2))
    await control.trees.get(organisation_id)
    assert changed == [organisation_id]


async def test_an_unchanged_tree_is_kept_and_checked_by_one_small_query(
    control: Control, clock: FixedClock, nord: Founded
) -> None:
    before = await control.trees.get(nord.scope.organisation_id)
    clock.advance(timedelta(seconds=2))
    statements: list[str] = []
    engine = control._database._readers.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert await control.trees.get(nord.scope.organisation_id) is before
    (statement,) = [statement for statement in statements if "BEGIN" not in statement]
    assert statement.startswith("SELECT organisation.entities_version \nFROM organisation \nWHERE organisation.id = ")


async def test_a_tree_in_use_is_checked_ahead_of_time(
    control: Control, settings: Settings, clock: FixedClock, nord: Founded
) -> None:
    organisation_id = nord.scope.organisation_id
    before = await control.trees.get(organisation_id)
    for _ in range(3):
        clock.advance(timedelta(seconds=1))
        assert control.trees.cached(organisation_id) is before
        await control.settle()
    beside = provide(settings, clock, CHEAP_HASHER)
    await beside.start()
    await grow(beside, nord)
    await beside.stop()
    clock.advance(timedelta(seconds=1))
    assert await control.trees.get(organisation_id) is before
    await control.settle()
    after = control.trees.cached(organisation_id)
    assert after is not None
    assert after is not before


async def test_those_who_ask_at_once_share_one_tree(control: Control, nord: Founded) -> None:
    trees = await asyncio.gather(*(control.trees.get(nord.scope.organisation_id) for _ in range(5)))
    assert len({id(tree) for tree in trees}) == 1


async def test_only_so_many_trees_are_kept(
    control: Control, nord: Founded, syd: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.control.read_models._MOST_MODELS", 1)
    first, second = nord.scope.organisation_id, syd.scope.organisation_id
    await control.trees.get(first)
    await control.trees.get(second)
    assert control.trees.cached(first) is None
    assert control.trees.cached(second) is not None


async def test_a_tree_that_is_not_trusted_is_used_again_only_if_its_counter_says_so(
    control: Control, settings: Settings, clock: FixedClock, nord: Founded
) -> None:
    organisation_id = nord.scope.organisation_id
    before = await control.trees.get(organisation_id)
    control.forget()
    assert control.trees.cached(organisation_id) is None
    assert await control.trees.get(organisation_id) is before
    beside = provide(settings, clock, CHEAP_HASHER)
    await beside.start()
    await grow(beside, nord)
    await beside.stop()
    assert await control.trees.get(organisation_id) is before
    control.forget()
    assert await control.trees.get(organisation_id) is not before
