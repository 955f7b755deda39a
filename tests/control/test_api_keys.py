"""API keys: what may be given, how many, and what is shown."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from headwater.control import Control
from headwater.control.tokens.api_keys import ApiKeys
from headwater.errors import Forbidden, InvalidRequest, NotFound, PaymentRequired
from headwater.kit.clock import FixedClock
from headwater.scope import Permission, Role, Scope

from .founding import Founded, make_key


async def test_a_key_is_shown_once_and_listed_newest_first(control: Control, clock: FixedClock, nord: Founded) -> None:
    async with control.unit_of_work() as uow:
        keys = ApiKeys(uow.session, nord.scope)
        first, first_secret = await keys.create(" Nightly import ")
        clock.advance(timedelta(seconds=1))
        second, _ = await keys.create("Dashboards", ["write", "read"], clock() + timedelta(days=1))
    assert first_secret.startswith("hw_live_")
    assert len(first_secret) >= len("hw_live_") + 43
    assert first.id.startswith("key_")
    async with control.reading() as session:
        listed = await ApiKeys(session, nord.scope).list()
    assert [key.id for key in listed] == [second.id, first.id]
    newest, oldest = listed
    assert (newest.permissions, newest.expires_at) == (["read", "write"], clock() + timedelta(days=1))
    assert (oldest.name, oldest.permissions, oldest.expires_at) == ("Nightly import", ["read"], None)
    assert (oldest.created_at, oldest.last_used) == (clock() - timedelta(seconds=1), None)


@pytest.mark.parametrize(
    ("role", "own", "wanted", "refused"),
    [
        (Role.owner, {"read", "write", "admin"}, ["admin"], None),
        (Role.viewer, {"read", "write"}, ["read"], None),
        (Role.viewer, {"read", "write"}, ["read", "write"], "write"),
        (Role.editor, {"read", "write", "admin"}, ["admin"], "admin"),
        (Role.owner, {"read"}, ["write"], "write"),
    ],
)
async def test_nobody_gives_what_they_do_not_have(
    control: Control, nord: Founded, role: Role, own: set[Permission], wanted: list[str], refused: str | None
) -> None:
    scope = msgspec.structs.replace(nord.scope, role=role, permissions=frozenset(own))
    if refused is None:
        await make_key(control, scope, *wanted)
        return
    with pytest.raises(Forbidden, match=refused):
        await make_key(control, scope, *wanted)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": " "}),
        ("permissions", {"permissions": []}),
        ("permissions", {"permissions": ["read", "reed"]}),
        ("expires_at", {"expires_at": timedelta(0)}),
    ],
)
async def test_what_breaks_a_rule_is_named(
    control: Control, clock: FixedClock, nord: Founded, field: str, fields: dict[str, object]
) -> None:
    given: dict[str, object] = {"name": "A key", "permissions": ["read"]} | fields
    if isinstance(given.get("expires_at"), timedelta):
        given["expires_at"] = clock()
    async with control.unit_of_work() as uow:
        with pytest.raises(InvalidRequest) as refusal:
            await ApiKeys(uow.session, nord.scope).create(**given)
    assert refusal.value.details["field"] == field


async def test_a_misspelt_permission_is_answered_with_the_right_one(control: Control, nord: Founded) -> None:
    with pytest.raises(InvalidRequest, match="Did you mean 'write'") as refusal:
        await make_key(control, nord.scope, "writ")
    assert refusal.value.details["allowed"] == ["read", "write", "admin"]


async def _cap_at_two(control: Control, scope: Scope) -> None:
    async with control.unit_of_work() as uow:
        await control.plans.set(uow, str(scope.organisation_id), "free")


async def test_the_plan_caps_keys_that_can_still_be_used(
    control: Control, clock: FixedClock, nord: Founded, syd: Founded
) -> None:
    await _cap_at_two(control, nord.scope)
    await make_key(control, nord.scope)
    async with control.unit_of_work() as uow:
        await ApiKeys(uow.session, nord.scope).create("Short", ["read"], clock() + timedelta(hours=1))
    with pytest.raises(PaymentRequired) as refusal:
        await make_key(control, nord.scope)
    assert refusal.value.details == {"cap": "max_api_keys", "limit": 2}
    for _ in range(3):
        await make_key(control, syd.scope)
    clock.advance(timedelta(hours=1))
    await make_key(control, nord.scope)


async def test_a_revoked_key_is_gone_and_makes_room(control: Control, nord: Founded) -> None:
    await _cap_at_two(control, nord.scope)
    key_id, _ = await make_key(control, nord.scope)
    await make_key(control, nord.scope)
    async with control.unit_of_work() as uow:
        keys = ApiKeys(uow.session, nord.scope)
        await keys.revoke(key_id)
        assert key_id not in {key.id for key in await keys.list()}
        with pytest.raises(NotFound):
            await keys.revoke(key_id)
    await make_key(control, nord.scope)
