"""A credential gives the scope of its owner, as long as it is good and not a moment longer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import select, text, update
from structlog.testing import capture_logs

from headwater.control import Control, provide
from headwater.control.scope_cache import Credential, ScopeCache
from headwater.control.tokens.api_keys import ApiKeys
from headwater.control.tokens.models import ApiKey, CookieSession, RefreshToken
from headwater.control.users.models import User
from headwater.errors import Forbidden, NotFound, Unauthorized, Unavailable
from headwater.kit.clock import FixedClock
from headwater.scope import Role
from headwater.settings import Settings

from .founding import CHEAP_HASHER, Founded, make_key


async def _session(control: Control, founded: Founded) -> str:
    async with control.unit_of_work() as uow:
        return await control.users.start_session(uow, founded.user)


async def _refused(control: Control, *credentials: str | None) -> str:
    with pytest.raises(Unauthorized) as refusal:
        await control.access.authenticate(*credentials)
    return refusal.value.message


async def test_each_credential_gives_its_owners_scope(control: Control, nord: Founded) -> None:
    key_id, secret = await make_key(control, nord.scope, "read", "write")
    cookie = await _session(control, nord)
    by_key = await control.access.authenticate(None, secret, None)
    assert (by_key.credential, by_key.credential_id, by_key.permissions) == ("key", key_id, {"read", "write"})
    assert (await control.access.authenticate(secret, None, None)) == by_key
    by_session = await control.access.authenticate(None, None, cookie)
    assert (by_session.credential, by_session.permissions) == ("session", {"read", "write", "admin"})
    assert nord.scope.credential == "token"
    for scope in (by_key, by_session, nord.scope):
        assert (scope.organisation_id, scope.user_id, scope.role) == (
            nord.user.organisation_id,
            nord.user.id,
            Role.owner,
        )


async def test_the_first_credential_sent_decides_even_when_it_is_bad(
    control: Control, nord: Founded, syd: Founded
) -> None:
    _, key = await make_key(control, syd.scope)
    cookie = await _session(control, nord)
    first = await control.access.authenticate(nord.access_token, key, cookie)
    assert first.organisation_id == nord.scope.organisation_id
    assert (await control.access.authenticate(None, key, cookie)).organisation_id == syd.scope.organisation_id
    await _refused(control, "hw_live_wrong", key, cookie)


async def test_what_was_not_sent_and_what_is_wrong_have_words_of_their_own(control: Control, nord: Founded) -> None:
    cookie = await _session(control, nord)
    assert "X-API-Key" in await _refused(control, None, None, None)
    wrong = [("hw_live_x", None, None), ("a.b.c", None, None), (None, nord.access_token, None), (None, None, "x")]
    # A cookie's secret is good in the cookie only.
    wrong += [(cookie, None, None), (None, cookie, None), ("", None, cookie)]
    assert {await _refused(control, *credentials) for credentials in wrong} == {
        "The credential is unknown, expired or revoked."
    }


async def test_credentials_expire(control: Control, clock: FixedClock, nord: Founded) -> None:
    async with control.unit_of_work() as uow:
        _, key = await ApiKeys(uow.session, nord.scope).create(
            "Short", ["read"], expires_at=clock() + timedelta(minutes=20)
        )
    cookie = await _session(control, nord)
    await control.access.authenticate(None, key, None)
    clock.advance(timedelta(minutes=15) - timedelta(seconds=1))
    assert await control.access.authenticate(nord.access_token, None, None)
    # Known a second ago, but expired now: the cache must not stretch its life.
    clock.advance(timedelta(seconds=1))
    await _refused(control, nord.access_token, None, None)
    clock.advance(timedelta(minutes=5))
    await _refused(control, None, key, None)
    clock.advance(timedelta(days=14) - timedelta(minutes=20, seconds=1))
    assert await control.access.authenticate(None, None, cookie)
    clock.advance(timedelta(seconds=1))
    await _refused(control, None, None, cookie)


@pytest.mark.parametrize("change", [{"alg": "none"}, {"typ": "refresh"}, {"org": 2}, {"sub": "x"}, {"sub": "9"}, {}])
async def test_a_token_that_this_server_did_not_issue_is_refused(
    control: Control, nord: Founded, syd: Founded, change: dict[str, object]
) -> None:
    secret = control._vault.jwt_secret if change else b"another server's secret, of 32 bytes"
    claims = jwt.decode(nord.access_token, options={"verify_signature": False})
    algorithm = str(change.get("alg", "HS256"))
    forged = jwt.encode(claims | change, None if algorithm == "none" else secret, algorithm=algorithm)
    await _refused(control, forged, None, None)


async def test_a_known_credential_costs_no_database_for_two_seconds(
    control: Control, clock: FixedClock, nord: Founded
) -> None:
    _, key = await make_key(control, nord.scope)
    assert control.access.cached(None, key, None) is None
    scope = await control.access.authenticate(None, key, None)
    assert control.access.cached(None, key, None) is scope
    clock.advance(timedelta(seconds=2))
    assert control.access.cached(None, key, None) is None
    assert control.access.cached(None, None, None) is None


async def test_a_credential_in_use_never_runs_out(control: Control, clock: FixedClock, nord: Founded) -> None:
    _, key = await make_key(control, nord.scope)
    await control.access.authenticate(None, key, None)
    for _ in range(5):
        clock.advance(timedelta(seconds=1))
        assert control.access.cached(None, key, None) is not None
        await control.settle()


async def test_those_who_come_at_once_share_one_lookup(
    control: Control, nord: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id, key = await make_key(control, nord.scope)
    looked_up: list[object] = []
    look_up = control.access._look_up

    async def counted(credential: Credential) -> object:
        looked_up.append(credential)
        return await look_up(credential)

    monkeypatch.setattr(control.access, "_look_up", counted)
    scopes = await asyncio.gather(*(control.access.authenticate(None, key, None) for _ in range(5)))
    assert len(looked_up) == 1
    assert all(scope is scopes[0] for scope in scopes)
    control.access.evict(nord.scope.organisation_id)
    before = asyncio.create_task(control.access.authenticate(None, key, None))
    await asyncio.sleep(0)
    async with control.unit_of_work() as uow:
        await ApiKeys(uow.session, nord.scope).revoke(key_id)
    await _refused(control, None, key, None)
    with suppress(Unauthorized):
        await before
    await _refused(control, None, key, None)


async def test_a_caller_who_goes_away_takes_no_lookup_along(control: Control, nord: Founded) -> None:
    _, key = await make_key(control, nord.scope)
    impatient, patient = [asyncio.create_task(control.access.authenticate(None, key, None)) for _ in range(2)]
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).organisation_id == nord.scope.organisation_id


async def test_one_that_another_process_revoked_is_refused_once_it_was_looked_up_again(
    control: Control, settings: Settings, clock: FixedClock, nord: Founded
) -> None:
    key_id, key = await make_key(control, nord.scope)
    await control.access.authenticate(None, key, None)
    beside = provide(settings, clock, CHEAP_HASHER)
    await beside.start()
    async with beside.unit_of_work() as uow:
        await ApiKeys(uow.session, nord.scope).revoke(key_id)
    await beside.stop()
    clock.advance(timedelta(seconds=1))
    assert control.access.cached(None, key, None) is not None
    await control.settle()
    assert control.access.cached(None, key, None) is None


async def test_a_database_that_fails_meanwhile_costs_nobody_their_answer(
    control: Control, clock: FixedClock, nord: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key = await make_key(control, nord.scope)
    await control.access.authenticate(None, key, None)
    with monkeypatch.context() as broken:
        broken.setattr(control.access, "_look_up", _unavailable)
        clock.advance(timedelta(seconds=1))
        assert control.access.cached(None, key, None) is not None
        await control.settle()
        assert control.access.cached(None, key, None) is not None
    clock.advance(timedelta(seconds=1))
    assert control.access.cached(None, key, None) is None
    assert await control.access.authenticate(None, key, None)


async def test_revoking_takes_effect_at_once(control: Control, nord: Founded) -> None:
    key_id, key = await make_key(control, nord.scope)
    await control.access.authenticate(None, key, None)
    async with control.unit_of_work() as uow:
        await ApiKeys(uow.session, nord.scope).revoke(key_id)
        # Not before the commit: until then it is good.
        assert control.access.cached(None, key, None) is not None
    assert control.access.cached(None, key, None) is None
    await _refused(control, None, key, None)


def test_a_scope_looked_up_before_an_eviction_is_not_kept_after_it(clock: FixedClock, nord: Founded) -> None:
    cache = ScopeCache(clock, _not_renewed)
    generation = cache.generation
    cache.evict(nord.scope.organisation_id)
    cache.put(("bearer", "x"), nord.scope, None, generation)
    assert cache.get(("bearer", "x")) is None


def test_clearing_forgets_everybody_also_those_who_are_looked_up_just_now(
    clock: FixedClock, nord: Founded, syd: Founded
) -> None:
    cache = ScopeCache(clock, _not_renewed)
    generation = cache.generation
    cache.put(("bearer", "a"), nord.scope, None, generation)
    cache.put(("bearer", "b"), syd.scope, None, generation)
    cache.clear()
    cache.put(("bearer", "c"), nord.scope, None, generation)
    assert [cache.get(("bearer", secret)) for secret in "abc"] == [None] * 3


def test_the_cache_is_bounded_and_evicts_one_organisation_only(clock: FixedClock, nord: Founded, syd: Founded) -> None:
    cache = ScopeCache(clock, _not_renewed, most=2)
    for secret, scope in (("a", nord.scope), ("b", nord.scope), ("c", syd.scope)):
        cache.put(("bearer", secret), scope, None, cache.generation)
    assert [cache.get(("bearer", secret)) for secret in "abc"] == [None, nord.scope, syd.scope]
    cache.evict(nord.scope.organisation_id)
    assert [cache.get(("bearer", secret)) for secret in "bc"] == [None, syd.scope]


async def test_last_used_is_written_at_most_once_a_minute(control: Control, clock: FixedClock, nord: Founded) -> None:
    key_id, key = await make_key(control, nord.scope)

    async def used_after(seconds: int) -> float | None:
        clock.advance(timedelta(seconds=seconds))
        await control.access.authenticate(None, key, None)
        await control.access.settle()
        async with control.reading() as session:
            last_used = await session.scalar(select(ApiKey.last_used).where(ApiKey.id == key_id))
        return None if last_used is None else (clock() - last_used).total_seconds()

    assert [await used_after(seconds) for seconds in (0, 57, 3, 30)] == [0, 57, 0, 30]


async def test_a_use_that_cannot_be_written_does_not_spoil_the_answer(
    control: Control, settings: Settings, clock: FixedClock, nord: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id, key = await make_key(control, nord.scope)
    monkeypatch.setattr("headwater.control.sqlite._BUSY_MILLISECONDS", 1)
    monkeypatch.setattr("headwater.control.postgres._WAIT_MILLISECONDS", 1)
    impatient = provide(settings, clock, CHEAP_HASHER)
    await impatient.start()
    with capture_logs() as lines:
        async with control.unit_of_work() as uow:
            await uow.session.execute(text("SELECT 1"))
            assert (await impatient.access.authenticate(None, key, None)).credential_id == key_id
            await impatient.access.settle()
    await impatient.stop()
    assert [(line["event"], line["key"]) for line in lines] == [("last_used_not_written", key_id)]
    assert key not in str(lines)


async def test_the_role_is_that_of_the_person_now(control: Control, clock: FixedClock, nord: Founded) -> None:
    _, key = await make_key(control, nord.scope, "admin")
    async with control.unit_of_work() as uow:
        await uow.session.execute(update(User).values(role="viewer"))
    clock.advance(timedelta(seconds=2))
    by_key = await control.access.authenticate(None, key, None)
    assert by_key.role == Role.viewer
    assert not by_key.allows("admin", Role.admin)
    by_token = await control.access.authenticate(nord.access_token, None, None)
    assert by_token.permissions == {"read", "write"}


async def test_a_key_does_not_follow_its_maker_into_another_organisation(
    control: Control, clock: FixedClock, nord: Founded, syd: Founded
) -> None:
    _, key = await make_key(control, nord.scope)
    async with control.unit_of_work() as uow:
        moved = update(User).where(User.id == nord.user.id).values(organisation_id=syd.scope.organisation_id)
        await uow.session.execute(moved)
    clock.advance(timedelta(seconds=2))
    await _refused(control, None, key, None)
    await _refused(control, nord.access_token, None, None)


async def test_csrf_tokens_belong_to_one_session(control: Control, nord: Founded) -> None:
    cookie, other = await _session(control, nord), await _session(control, nord)
    control.access.check_csrf(cookie, control.access.csrf_token(cookie))
    for token in (None, "", "é", cookie, control.access.csrf_token(other)):
        with pytest.raises(Forbidden):
            control.access.check_csrf(cookie, token)


async def test_the_operator_acts_as_the_first_owner(control: Control, nord: Founded) -> None:
    scope = await control.access.operator_scope(nord.scope.organisation_id)
    assert (scope.user_id, scope.role, scope.credential) == (nord.user.id, Role.owner, "operator")
    assert scope.permissions == {"read", "write", "admin"}
    for unknown in (99, -1, 2**70):
        with pytest.raises(NotFound):
            await control.access.operator_scope(unknown)


async def test_no_credential_is_stored_in_clear(control: Control, nord: Founded) -> None:
    _, key = await make_key(control, nord.scope)
    cookie = await _session(control, nord)
    async with control.reading() as session:
        stored = [
            *(await session.scalars(select(ApiKey.secret_hash))),
            *(await session.scalars(select(CookieSession.secret_hash))),
            *(await session.scalars(select(RefreshToken.secret_hash))),
        ]
        prefix = (await session.scalars(select(ApiKey.prefix))).one()
    assert len(stored) == 3
    for secret in (key, cookie, nord.refresh_token):
        assert all(len(value) == 64 and value not in secret and secret not in value for value in stored)
    assert key.startswith(prefix)
    assert len(prefix) < 16


def _not_renewed(_: object) -> None:
    raise AssertionError("Nothing is old here.")


async def _unavailable(_: object) -> None:
    raise Unavailable("The database is locked.")
