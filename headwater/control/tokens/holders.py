"""Who stands behind a credential: one query each, answering with plain values.

Looks up only; whether the credential still holds is for ``control.access`` to judge.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.organisations.models import Organisation
from headwater.control.plans.models import Plan
from headwater.control.tokens.models import ApiKey, CookieSession
from headwater.control.users.models import User
from headwater.scope import Permission, Role


class Holder(msgspec.Struct, frozen=True):
    """A person, their organisation's limits, and what the credential itself says."""

    user_id: int
    organisation_id: int
    role: Role
    requests_per_hour: int | None
    retention_days: int | None
    credential_id: str = ""
    expires_at: datetime | None = None
    permissions: frozenset[Permission] = frozenset()
    last_used: datetime | None = None


async def of_key(session: AsyncSession, secret_hash: str) -> Holder | None:
    """The holder of an API key."""
    found = await _first(
        session,
        _people(ApiKey.id, ApiKey.expires_at, ApiKey.permissions, ApiKey.last_used)
        .join(ApiKey, ApiKey.user_id == User.id)
        # A key speaks for the organisation it was made in, or for none.
        .where(ApiKey.secret_hash == secret_hash, ApiKey.organisation_id == User.organisation_id),
    )
    if found is None:
        return None
    person, (key_id, expires_at, permissions, last_used) = found
    return Holder(*person, key_id, expires_at, frozenset(permissions), last_used)


async def of_session(session: AsyncSession, secret_hash: str) -> Holder | None:
    """The holder of a cookie session."""
    found = await _first(
        session,
        _people(CookieSession.id, CookieSession.expires_at)
        .join(CookieSession, CookieSession.user_id == User.id)
        .where(CookieSession.secret_hash == secret_hash),
    )
    if found is None:
        return None
    person, (session_id, expires_at) = found
    return Holder(*person, str(session_id), expires_at)


async def of_user(session: AsyncSession, user_id: int, organisation_id: int, credentials_version: int) -> Holder | None:
    """The holder of an access token: a user of this organisation, all of whose logins have not been ended since."""
    same = (User.organisation_id == organisation_id, User.credentials_version == credentials_version)
    found = await _first(session, _people().where(User.id == user_id, *same))
    return None if found is None else Holder(*found[0])


async def of_member(session: AsyncSession, user_id: int, organisation_id: int) -> Holder | None:
    """Somebody who belongs to this organisation now, whatever they signed in with."""
    found = await _first(session, _people().where(User.id == user_id, User.organisation_id == organisation_id))
    return None if found is None else Holder(*found[0])


async def of_organisation(session: AsyncSession, organisation_id: int) -> Holder | None:
    """The first owner of an organisation, for whom its operator acts."""
    owners = _people().where(User.organisation_id == organisation_id, User.role == Role.owner.name)
    found = await _first(session, owners.order_by(User.id).limit(1))
    return None if found is None else Holder(*found[0])


_Person = tuple[int, int, Role, int | None, int | None]


def _people(*more: Any) -> Select[Any]:
    columns = (User.id, User.organisation_id, User.role, Plan.requests_per_hour, Plan.retention_days, *more)
    return (
        select(*columns)
        .select_from(User)
        .join(Organisation, Organisation.id == User.organisation_id)
        .join(Plan, Plan.name == Organisation.plan)
    )


async def _first(session: AsyncSession, query: Select[Any]) -> tuple[_Person, tuple[Any, ...]] | None:
    row = (await session.execute(query)).first()
    if row is None:
        return None
    user_id, organisation_id, role, requests_per_hour, retention_days, *more = row
    return (user_id, organisation_id, Role[role], requests_per_hour, retention_days), tuple(more)
