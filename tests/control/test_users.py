"""Registering, logging in and cookie sessions."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from headwater.control import Control, provide
from headwater.control.entities.service import Entities
from headwater.control.organisations.models import Organisation
from headwater.control.tokens.models import CookieSession, RefreshToken
from headwater.control.users.models import User
from headwater.control.users.registration import Registered
from headwater.errors import Conflict, Forbidden, InvalidRequest, NotFound, RateLimitExceeded, Unauthorized
from headwater.kit.clock import FixedClock
from headwater.scope import Role
from headwater.settings import Settings

from .founding import CHEAP_HASHER, PASSWORD, Founded, found, register


async def _register(control: Control, **given: str) -> Registered:
    fields = {"email": "ada@nord.example", "password": PASSWORD, "full_name": "Ada", "company_name": "Nord"} | given
    return await register(control, **fields)


async def test_registering_makes_an_owner_an_organisation_and_a_workspace(control: Control) -> None:
    made = await _register(control, email="  Ada@Nord.Example ", company_name=" Nord ")
    assert (made.user.email, made.user.role, made.organisation.name) == ("ada@nord.example", "owner", "Nord")
    assert made.organisation.plan == "enterprise"
    assert made.organisation.analytics_tz == "UTC"
    scope = await control.access.authenticate(made.signed.access_token, None, None)
    async with control.reading() as session:
        workspaces, total = await Entities(session, scope).list("workspace")
        assert (total, workspaces[0].name) == (1, "Nord")
        assert (await control.users.me(session, scope)).full_name == "Ada"


async def test_only_the_first_user_of_a_server_is_its_operator(control: Control) -> None:
    first = await _register(control)
    second = await _register(control, email="bo@syd.example")
    assert (first.user.is_operator, second.user.is_operator) == (True, False)


async def test_an_address_can_be_taken_once_in_any_spelling(control: Control) -> None:
    await _register(control)
    with pytest.raises(Conflict) as refusal:
        await _register(control, email="ADA@nord.example")
    assert refusal.value.details["field"] == "email"
    async with control.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Organisation)) == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("password", "elevenchars", "at least 12"),
        ("password", "x" * 1025, "at most 1024"),
        ("email", "nobody", "e-mail address"),
        ("email", "a b@nord.example", "e-mail address"),
        ("email", "@nord.example", "e-mail address"),
        ("email", "a@nord..example", "e-mail address"),
        ("email", "a" * 250 + "@b.example", "1 to 254"),
        ("full_name", "   ", "1 to 255"),
        ("company_name", "No\x00rd", "control characters"),
    ],
)
async def test_what_breaks_a_rule_is_named(control: Control, field: str, value: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refusal:
        await _register(control, **{field: value})
    assert refusal.value.details["field"] == field


@pytest.mark.parametrize(("registration", "takes"), [("open", {True, False}), ("invite", {True}), ("closed", set())])
async def test_a_server_takes_those_whom_its_operator_lets_in(
    tmp_path: Path, registration: str, takes: set[bool]
) -> None:
    control = provide(Settings(data_dir=str(tmp_path), registration=registration), hasher=CHEAP_HASHER)
    for invited in (True, False):
        with nullcontext() if invited in takes else pytest.raises(Forbidden):
            await control.registration.admit("ada@nord.example", "10.0.0.1", invited=invited)


async def test_registrations_are_limited_per_address_and_per_ip(control: Control) -> None:
    for number in range(50):
        await control.registration.admit(f"{number % 10}@nord.example", "10.0.0.1", invited=False)
    with pytest.raises(RateLimitExceeded):
        await control.registration.admit("new@nord.example", "10.0.0.1", invited=False)
    for number in range(10):
        await control.registration.admit("ada@nord.example", f"10.0.1.{number}", invited=True)
    with pytest.raises(RateLimitExceeded):
        await control.registration.admit(" ADA@nord.example", "10.0.2.1", invited=True)


async def test_logging_in_gives_a_good_token_and_a_refresh_token(control: Control, nord: Founded) -> None:
    entered = await control.users.login(" OWNER@nord.example", PASSWORD, "10.0.0.1")
    assert (entered.user.id, entered.user.organisation_id) == (nord.user.id, nord.scope.organisation_id)
    assert (await control.access.authenticate(entered.signed.access_token, None, None)).user_id == nord.user.id
    async with control.reading() as session:
        families = (await session.scalars(select(RefreshToken.family_id))).all()
    assert len(set(families)) == 2


async def test_a_wrong_password_and_an_unknown_address_cannot_be_told_apart(control: Control, nord: Founded) -> None:
    messages = set()
    for email, password in ((nord.user.email, "wrong password!"), ("nobody@nord.example", PASSWORD)):
        with pytest.raises(Unauthorized) as refusal:
            await control.users.login(email, password, "10.0.0.1")
        messages.add((refusal.value.message, str(refusal.value.details)))
    assert len(messages) == 1


async def test_an_unknown_address_costs_a_verification_too(settings: Settings) -> None:
    verified: list[str | bytes] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            verified.append(hash)
            return super().verify(hash, password)

    control = provide(settings, hasher=Watched(time_cost=1, memory_cost=8, parallelism=1))
    await control.start()
    nord = await found(control, "nord")
    for email in (nord.user.email, "nobody@nord.example"):
        with pytest.raises(Unauthorized):
            await control.users.login(email, "wrong password!", None)
    await control.stop()
    assert len(verified) == 2
    # The same work: the two hashes have the same parameters.
    assert len({str(stored).split("$")[3] for stored in verified}) == 1


async def _fail(control: Control, email: str, ip: str | None) -> None:
    with pytest.raises(Unauthorized):
        await control.users.login(email, "wrong password!", ip)


async def test_ten_failures_shut_an_address_for_fifteen_minutes(
    control: Control, clock: FixedClock, nord: Founded, syd: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The limiter's library reads the machine's time; it shall read ours.
    monkeypatch.setattr("limits.storage.memory.time", SimpleNamespace(time=lambda: clock().timestamp()))
    for attempt in range(10):
        await _fail(control, nord.user.email, f"10.0.0.{attempt}")
        assert await control.users.login(syd.user.email, PASSWORD, f"10.0.0.{attempt}")
        clock.advance(timedelta(seconds=1))
    with pytest.raises(RateLimitExceeded) as refusal:
        await control.users.login(nord.user.email, PASSWORD, "10.0.0.99")
    assert refusal.value.retry_after == 15 * 60 - 10
    assert await control.users.login(syd.user.email, PASSWORD, "10.0.0.99")
    clock.advance(timedelta(seconds=15 * 60 - 9))
    assert await control.users.login(nord.user.email, PASSWORD, "10.0.0.99")


async def test_fifty_failures_shut_an_ip(control: Control, nord: Founded) -> None:
    for attempt in range(50):
        await _fail(control, f"nobody{attempt}@nord.example", "10.0.0.1")
    with pytest.raises(RateLimitExceeded):
        await control.users.login(nord.user.email, PASSWORD, "10.0.0.1")
    assert await control.users.login(nord.user.email, PASSWORD, "10.0.0.2")


async def test_successes_do_not_count(control: Control, nord: Founded) -> None:
    for _ in range(11):
        assert await control.users.login(nord.user.email, PASSWORD, "10.0.0.1")


async def test_guesses_sent_at_once_are_counted_one_by_one(control: Control, nord: Founded) -> None:
    attempts = (control.users.login(nord.user.email, "wrong password!", None) for _ in range(20))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(Unauthorized) == 10
    assert [type(outcome) for outcome in outcomes].count(RateLimitExceeded) == 10


async def test_an_ended_session_is_refused_at_once(control: Control, nord: Founded) -> None:
    async with control.unit_of_work() as uow:
        cookie = await control.users.start_session(uow, nord.user)
    await control.access.authenticate(None, None, cookie)
    for _ in range(2):  # ending it twice is no error
        async with control.unit_of_work() as uow:
            await control.users.end_session(uow, cookie)
    with pytest.raises(Unauthorized):
        await control.access.authenticate(None, None, cookie)


async def test_expired_sessions_do_not_pile_up(control: Control, clock: FixedClock, nord: Founded) -> None:
    for _ in range(3):
        async with control.unit_of_work() as uow:
            await control.users.start_session(uow, nord.user)
        clock.advance(timedelta(days=14))
    async with control.reading() as session:
        assert await session.scalar(select(func.count()).select_from(CookieSession)) == 1


async def test_me_is_gone_with_the_user(control: Control, nord: Founded, syd: Founded) -> None:
    async with control.unit_of_work() as uow:
        user = await uow.session.get(User, nord.user.id)
        assert user is not None
        user.organisation_id, user.role = syd.scope.organisation_id, Role.viewer.name
    async with control.reading() as session:
        with pytest.raises(NotFound):
            await control.users.me(session, nord.scope)
