"""Kept answers: given again within a day, to the holder of the key, and readable by nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from headwater.control import Control
from headwater.control.idempotency.models import KeptAnswer
from headwater.control.idempotency.service import Remembered
from headwater.errors import Conflict
from headwater.kit.clock import FixedClock

KEY = "order-4711"
BODY = b'{"token": "hw_live_secret"}'


async def _remember(control: Control, owner: str = "1", status: int = 201) -> None:
    async with control.unit_of_work() as uow:
        await control.idempotency.remember(
            uow.session, owner, KEY, "POST /tokens", "f1", status, {"Location": "/tokens/1"}, BODY
        )


async def _find(control: Control, owner: str = "1", key: str = KEY) -> Remembered | None:
    async with control.reading() as session:
        return await control.idempotency.find(session, owner, key)


async def test_an_answer_comes_back_whole(control: Control) -> None:
    assert await _find(control) is None
    await _remember(control)
    found = await _find(control)
    assert found == Remembered("POST /tokens", "f1", 201, {"Location": "/tokens/1"}, BODY)
    assert found.matches("POST /tokens", "f1")
    assert not found.matches("POST /tokens", "f2")
    assert not found.matches("POST /users", "f1")


async def test_a_key_belongs_to_its_owner(control: Control) -> None:
    await _remember(control)
    assert await _find(control, owner="2") is None
    assert await _find(control, key="other") is None
    await _remember(control, owner="2")


async def test_after_a_day_it_is_forgotten_and_can_be_replaced(control: Control, clock: FixedClock) -> None:
    await _remember(control)
    clock.advance(timedelta(hours=24) - timedelta(microseconds=1))
    assert await _find(control) is not None
    clock.advance(timedelta(microseconds=1))
    async with control.unit_of_work() as uow:
        # Read and replaced in one transaction, as a request does.
        assert await control.idempotency.find(uow.session, "1", KEY) is None
        await control.idempotency.remember(uow.session, "1", KEY, "POST /users", "f2", 200, {}, b"")
    found = await _find(control)
    assert found is not None
    assert (found.route, found.status) == ("POST /users", 200)


async def test_what_is_too_old_does_not_pile_up(control: Control, clock: FixedClock) -> None:
    for owner in "123":
        await _remember(control, owner)
        clock.advance(timedelta(hours=24))
    async with control.reading() as session:
        assert await session.scalar(select(func.count()).select_from(KeptAnswer)) == 1


async def test_the_second_of_two_that_run_at_once_is_refused(control: Control) -> None:
    await _remember(control)
    with pytest.raises(Conflict) as refusal:
        await _remember(control, status=200)
    assert refusal.value.retry_after is not None
    found = await _find(control)
    assert found is not None
    assert found.status == 201


async def test_neither_key_nor_answer_is_stored_in_clear(control: Control) -> None:
    await _remember(control)
    async with control.reading() as session:
        row = (await session.scalars(select(KeptAnswer))).one()
    stored = b" ".join([row.key_hash.encode(), row.route.encode(), row.fingerprint.encode(), row.response])
    assert KEY.encode() not in stored
    assert b"hw_live" not in stored
    assert b"Location" not in stored
