"""Security events leave a line in the log, whole and without secrets."""

from __future__ import annotations

import pytest

from headwater.control import Control
from headwater.control.tokens.api_keys import ApiKeys
from headwater.errors import Unauthorized

from .founding import PASSWORD, Founded, make_key


async def _events(control: Control, by: Founded) -> list[tuple[str, int | None, str, str | None]]:
    async with control.reading() as session:
        rows, total = await control.audit.list(session, by.scope, 100, 0)
    assert total == len(rows)
    return [(row.action, row.user_id, row.target, row.ip) for row in rows]


async def test_each_event_is_recorded_newest_first(control: Control, nord: Founded) -> None:
    email, user_id = nord.user.email, nord.user.id
    await control.users.login(email, PASSWORD, "10.0.0.1")
    with pytest.raises(Unauthorized):
        await control.users.login(email, "wrong password!", "10.0.0.2")
    key_id, _ = await make_key(control, nord.scope)
    async with control.unit_of_work() as uow:
        await ApiKeys(uow.session, nord.scope).revoke(key_id)
        cookie = await control.users.start_session(uow, nord.user)
        await control.users.end_session(uow, cookie, "10.0.0.3")
        await control.plans.set(uow, "nord", "growth")
    assert await _events(control, nord) == [
        ("plan_changed", None, "growth", None),
        ("session_ended", user_id, email, "10.0.0.3"),
        ("key_revoked", user_id, key_id, None),
        ("key_created", user_id, key_id, None),
        ("login_failed", user_id, email, "10.0.0.2"),
        ("login", user_id, email, "10.0.0.1"),
        ("register", user_id, email, None),
    ]


async def test_what_is_rolled_back_was_not_done_and_is_not_recorded(control: Control, nord: Founded) -> None:
    async def fail_after_revoking(key_id: str) -> None:
        async with control.unit_of_work() as uow:
            await ApiKeys(uow.session, nord.scope).revoke(key_id)
            raise LookupError

    key_id, key = await make_key(control, nord.scope)
    with pytest.raises(LookupError):
        await fail_after_revoking(key_id)
    assert (await _events(control, nord))[0][0] == "key_created"
    assert (await control.access.authenticate(None, key, None)).credential_id == key_id


async def test_hostile_texts_are_cut_to_one_line(control: Control, nord: Founded) -> None:
    async with control.unit_of_work() as uow:
        await control.audit.record(
            uow.session, nord.scope.organisation_id, None, "login", "a\nb" + "c" * 300, "\x00" * 99
        )
    action, _, target, ip = (await _events(control, nord))[0]
    assert (action, target[:3], len(target), ip) == ("login", "a b", 255, "")
