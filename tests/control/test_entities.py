"""Entities: made, changed, moved, archived, listed, nested, and made in bulk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headwater.control import Control
from headwater.control.entities.kinds import KINDS, Kind
from headwater.control.entities.models import Entity
from headwater.control.entities.nested import TreeNode
from headwater.control.entities.rules import EntityChange, NewEntity
from headwater.control.entities.service import Entities
from headwater.errors import Conflict, InvalidRequest, NotFound
from headwater.kit.clock import FixedClock

from .founding import Founded, grow


async def _create(control: Control, by: Founded, kind: Kind, **fields: Any) -> tuple[Entity, bool]:
    async with control.unit_of_work() as uow:
        return await Entities(uow.session, by.scope).create(kind, NewEntity(**fields))


async def _update(control: Control, by: Founded, kind: Kind, entity_id: int, **fields: Any) -> Entity:
    async with control.unit_of_work() as uow:
        return await Entities(uow.session, by.scope).update(kind, entity_id, EntityChange(**fields))


async def _get(control: Control, by: Founded, kind: Kind, entity_id: int) -> Entity:
    async with control.reading() as session:
        return await Entities(session, by.scope).get(kind, entity_id)


async def _list(control: Control, by: Founded, kind: Kind, **how: Any) -> tuple[list[int], int]:
    async with control.reading() as session:
        rows, total = await Entities(session, by.scope).list(kind, **how)
    return [row.id for row in rows], total


async def test_an_entity_is_read_back_as_it_was_made(control: Control, clock: FixedClock, nord: Founded) -> None:
    made, created = await _create(
        control, nord, "campaign", name=" Winter ☃ ", parent_id=nord.workspace_id, external_id=" c-1 "
    )
    assert created
    row = await _get(control, nord, "campaign", made.id)
    assert (row.name, row.parent_id, row.external_id, row.archived) == ("Winter ☃", nord.workspace_id, "c-1", False)
    assert (row.created_at, row.updated_at) == (clock(), clock())
    assert (row.component_type, row.content, row.position) == (None, None, None)


async def test_ids_are_unique_across_kinds_and_organisations(control: Control, nord: Founded, syd: Founded) -> None:
    ids = [*(await grow(control, nord)).values(), *(await grow(control, syd)).values()]
    assert len(set(ids)) == 10


async def test_an_external_id_that_exists_updates_its_row(control: Control, clock: FixedClock, nord: Founded) -> None:
    ids = await grow(control, nord)
    fields = {"parent_id": ids["creative"], "component_type": "Choice", "content": "Yes?", "external_id": "x"}
    first, _ = await _create(control, nord, "component", name="Question", position=4, **fields)
    await _update(control, nord, "component", first.id, archived=True)
    clock.advance(timedelta(hours=1))
    second, created = await _create(control, nord, "component", external_id=" x", content="No?")
    assert (second.id, created) == (first.id, False)
    row = await _get(control, nord, "component", first.id)
    # Only what was given changes: a repeated import does not bring back what people have archived.
    assert (row.name, row.content, row.position, row.archived) == ("Question", "No?", 4, True)
    assert row.updated_at - row.created_at == timedelta(hours=1)


async def test_an_external_id_belongs_to_one_kind_of_one_organisation(
    control: Control, nord: Founded, syd: Founded
) -> None:
    for founded in (nord, syd):
        _, created = await _create(control, founded, "workspace", name="W", external_id="x")
        assert created
        _, created = await _create(
            control, founded, "campaign", name="C", parent_id=founded.workspace_id, external_id="x"
        )
        assert created


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("workspace", {}, "name"),
        ("workspace", {"name": "  "}, "name"),
        ("workspace", {"name": "x" * 256}, "name"),
        ("workspace", {"name": "a\nb"}, "name"),
        ("workspace", {"name": "a\ud800"}, "name"),
        ("workspace", {"name": "W", "external_id": ""}, "external_id"),
        ("workspace", {"name": "W", "external_id": "x" * 256}, "external_id"),
        ("workspace", {"name": "W", "parent_id": 1}, "parent_id"),
        ("workspace", {"name": "W", "content": "x"}, "content"),
        ("campaign", {"name": "C"}, "workspace_id"),
        ("creative_group", {"name": "C"}, "campaign_id"),
        ("creative", {"name": "C"}, "creative_group_id"),
        ("creative", {"name": "C", "position": 1}, "position"),
        ("component", {"component_type": "Choice"}, "creative_id"),
        ("component", {"name": "C", "parent_id": 1}, "component_type"),
        ("component", {"component_type": "x" * 65, "parent_id": 1}, "component_type"),
        ("component", {"component_type": "Choice", "parent_id": 1, "content": "x" * 10_001}, "content"),
        ("component", {"component_type": "Choice", "parent_id": 1, "content": "\x00"}, "content"),
        ("component", {"component_type": "Choice", "parent_id": 1, "position": -1}, "position"),
        ("component", {"component_type": "Choice", "parent_id": 1, "position": 2**31}, "position"),
    ],
)
async def test_what_breaks_a_rule_is_named_alone_and_in_bulk(
    control: Control, nord: Founded, kind: Kind, fields: dict[str, Any], field: str
) -> None:
    async with control.unit_of_work() as uow:
        entities = Entities(uow.session, nord.scope)
        with pytest.raises(InvalidRequest) as alone:
            await entities.create(kind, NewEntity(**fields))
        with pytest.raises(InvalidRequest) as in_bulk:
            await entities.create_many(kind, [NewEntity(**fields)])
    assert alone.value.details["field"] == in_bulk.value.details["field"] == field


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("campaign", "workspace_id"),
        ("creative_group", "campaign_id"),
        ("creative", "creative_group_id"),
        ("component", "creative_id"),
    ],
)
async def test_a_parent_must_exist_here_and_be_of_the_kind_above(
    control: Control, nord: Founded, syd: Founded, kind: Kind, field: str
) -> None:
    own, foreign = await grow(control, nord), await grow(control, syd)
    above = KINDS[KINDS.index(kind) - 1]
    for parent_id in (foreign[above], own[kind], 999, 0, -1, 2**64):
        component_type = "Choice" if kind == "component" else None
        new = NewEntity(name="X", parent_id=parent_id, component_type=component_type)
        async with control.unit_of_work() as uow:
            entities = Entities(uow.session, nord.scope)
            attempts = (
                entities.create(kind, new),
                entities.create_many(kind, [new]),
                entities.update(kind, own[kind], EntityChange(parent_id=parent_id)),
                entities.list(kind, parent_id=parent_id),
            )
            for attempt in attempts:
                with pytest.raises(NotFound) as refusal:
                    await attempt
                assert refusal.value.details["field"] == field


async def test_a_change_leaves_alone_what_it_does_not_name(control: Control, clock: FixedClock, nord: Founded) -> None:
    made, _ = await _create(control, nord, "campaign", name="C", parent_id=nord.workspace_id, external_id="x")
    clock.advance(timedelta(minutes=1))
    changed = await _update(control, nord, "campaign", made.id, name=" D ")
    assert (changed.name, changed.external_id, changed.updated_at) == ("D", "x", clock())
    assert (await _update(control, nord, "campaign", made.id, external_id=None)).external_id is None
    assert (await _update(control, nord, "campaign", made.id, archived=True)).archived
    assert not (await _update(control, nord, "campaign", made.id, archived=False)).archived


async def test_a_clash_of_external_ids_is_refused(control: Control, nord: Founded) -> None:
    await _create(control, nord, "workspace", name="A", external_id="x")
    other, _ = await _create(control, nord, "workspace", name="B", external_id="y")
    with pytest.raises(Conflict) as refusal:
        await _update(control, nord, "workspace", other.id, external_id="x ")
    assert refusal.value.details["field"] == "external_id"
    assert (await _update(control, nord, "workspace", other.id, external_id="y")).external_id == "y"


async def test_an_entity_moves_with_all_below_it(control: Control, nord: Founded) -> None:
    ids = await grow(control, nord)
    other, _ = await _create(control, nord, "workspace", name="Other")
    await _update(control, nord, "campaign", ids["campaign"], parent_id=other.id)
    tree = await control.trees.get(nord.scope.organisation_id)
    assert tree.members("workspace", other.id) == (ids["creative"],)
    assert tree.members("workspace", nord.workspace_id) == ()


async def test_components_are_named_and_placed_by_themselves(control: Control, nord: Founded) -> None:
    ids = await grow(control, nord)
    at = {"parent_id": ids["creative"], "component_type": "Choice"}
    made = [
        (await _create(control, nord, "component", **at, **fields))[0]
        for fields in ({"content": "Which\none? " + "x" * 300}, {"position": 7}, {"content": " "})
    ]
    assert [component.position for component in made] == [1, 7, 8]
    assert [component.name[:11] for component in made] == ["Which one? ", "Choice", "Choice"]
    assert len(made[0].name) == 255
    renamed = await _update(control, nord, "component", made[0].id, content="Now this")
    assert renamed.name == "Now this"
    await _update(control, nord, "component", made[0].id, name="My own")
    assert (await _update(control, nord, "component", made[0].id, content="And this")).name == "My own"


async def test_archiving_takes_out_of_lists_but_not_out_of_reach(control: Control, nord: Founded) -> None:
    ids = await grow(control, nord)
    async with control.unit_of_work() as uow:
        await Entities(uow.session, nord.scope).archive("campaign", ids["campaign"])
    assert await _list(control, nord, "campaign") == ([], 0)
    assert await _list(control, nord, "campaign", archived=True) == ([ids["campaign"]], 1)
    assert (await _get(control, nord, "campaign", ids["campaign"])).archived


async def test_lists_are_newest_first_and_paged(control: Control, nord: Founded) -> None:
    other, _ = await _create(control, nord, "workspace", name="Other")
    made = [
        (await _create(control, nord, "campaign", name=f"C{n}", parent_id=parent))[0].id
        for n, parent in enumerate([nord.workspace_id, other.id, nord.workspace_id])
    ]
    assert await _list(control, nord, "campaign") == (made[::-1], 3)
    assert await _list(control, nord, "campaign", limit=1, offset=1) == ([made[1]], 3)
    assert await _list(control, nord, "campaign", parent_id=nord.workspace_id) == ([made[2], made[0]], 2)
    assert await _list(control, nord, "workspace") == ([other.id, nord.workspace_id], 2)


def _ids(nodes: Any) -> Any:
    return {node.id: _ids(node.children) for node in nodes}


async def _tree(control: Control, by: Founded, workspace_ids: list[int] | None = None) -> list[TreeNode]:
    async with control.reading() as session:
        return [*await Entities(session, by.scope).tree(workspace_ids)]


async def test_the_tree_nests_what_is_visible_in_order_of_id(control: Control, nord: Founded, syd: Founded) -> None:
    ids = await grow(control, nord)
    await grow(control, syd)
    hidden = await grow(control, nord)
    await _update(control, nord, "campaign", hidden["campaign"], archived=True)
    other, _ = await _create(control, nord, "workspace", name="Other")
    whole = {
        nord.workspace_id: {ids["campaign"]: {ids["creative_group"]: {ids["creative"]: {}}}},
        other.id: {},
    }
    assert _ids(await _tree(control, nord)) == whole
    assert _ids(await _tree(control, nord, [other.id])) == {other.id: {}}
    assert _ids(await _tree(control, nord, [])) == {}
    first = (await _tree(control, nord))[0].children[0]
    assert (first.kind, first.name) == ("campaign", "A campaign")
    for unknown in (syd.workspace_id, ids["campaign"], 2**64):
        with pytest.raises(NotFound) as refusal:
            await _tree(control, nord, [nord.workspace_id, unknown])
        assert refusal.value.details["field"] == "workspaces[]"


async def test_bulk_keeps_order_and_makes_nothing_twice(control: Control, nord: Founded) -> None:
    ids = await grow(control, nord)
    group = ids["creative_group"]
    old, _ = await _create(control, nord, "creative", name="Old", parent_id=group, external_id="old")
    new = [NewEntity(name=f"N{n}", parent_id=group, external_id=f"x{n}") for n in range(2500)]
    new[100] = NewEntity(name="Renamed", parent_id=group, external_id="old")
    new[200] = NewEntity(name="Twice", parent_id=group, external_id=" x0 ")
    new[300] = NewEntity(name="Without", parent_id=group)
    async with control.unit_of_work() as uow:
        made = await Entities(uow.session, nord.scope).create_many("creative", new)
    assert (made[100], made[200]) == (old.id, made[0])
    assert len(set(made)) == 2499
    async with control.unit_of_work() as uow:
        entities = Entities(uow.session, nord.scope)
        names = [(await entities.get("creative", made[n])).name for n in (0, 1, 100, 300, 2499)]
        assert names == ["N0", "N1", "Old", "Without", "N2499"]
        again = await entities.create_many("creative", [new[2499], new[1]])
        assert list(again) == [made[2499], made[1]]
        known = await entities.by_external_id("creative", ["x1", "nothing", "old"])
        assert known == {"x1": made[1], "old": old.id}
        assert await entities.create_many("creative", []) == []


async def test_bulk_places_components_after_those_that_are_there(control: Control, nord: Founded) -> None:
    ids = await grow(control, nord)
    other, _ = await _create(control, nord, "creative", name="Other", parent_id=ids["creative_group"])
    at = [ids["creative"], other.id, ids["creative"], ids["creative"]]
    positions = [None, None, 5, None]
    new = [
        NewEntity(parent_id=parent_id, component_type="Choice", position=position)
        for parent_id, position in zip(at, positions, strict=True)
    ]
    async with control.unit_of_work() as uow:
        entities = Entities(uow.session, nord.scope)
        made = await entities.create_many("component", new)
        rows = [await entities.get("component", entity_id) for entity_id in made]
    assert [row.position for row in rows] == [1, 0, 5, 6]
    assert [row.parent_id for row in rows] == at
