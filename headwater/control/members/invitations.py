"""Invitations: who may join an organisation, with which role; the token goes by mail and is good once.

Whether somebody else's company knows the address is told to nobody: it is invited all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Action, Audit
from headwater.control.db import UnitOfWork, surroundings
from headwater.control.members.models import Invitation
from headwater.control.members.rules import given_role, not_above
from headwater.control.plans.service import Plans, hold_cap
from headwater.control.rules import text
from headwater.control.users import repository as people
from headwater.control.users.letters import Letters
from headwater.control.users.models import User
from headwater.control.users.rules import checked_email
from headwater.errors import Conflict, Forbidden, NotFound
from headwater.kit.ids import new_id, new_secret
from headwater.mail import Mailer
from headwater.scope import Role, Scope
from headwater.settings import Settings

LIFETIME: Final = timedelta(days=7)
ID_PREFIX: Final = "invite"
_PURPOSE: Final = "invitation"
_RANDOM_BYTES = 32


class Invitations:
    """Invites people into the organisation of a scope."""

    def __init__(self, settings: Settings, letters: Letters, mailer: Mailer) -> None:
        self._settings = settings
        self._letters = letters
        self._mailer = mailer

    async def invite(
        self, uow: UnitOfWork, scope: Scope, email: str, role: str, full_name: str = "", ip: str | None = None
    ) -> Invitation:
        """Invite an address, and send it the token; an older invitation of the address is void from then on."""
        if self._settings.registration == "closed":
            raise Forbidden("This server takes nobody else. Ask its operator.")
        session, around = uow.session, surroundings(uow.session)
        email, wanted = checked_email(email), given_role(scope, role)
        full_name = text(full_name, "full_name", longest=255) if full_name else ""
        known = await people.by_email(session, email)
        if known is not None and known.organisation_id == scope.organisation_id:
            raise Conflict("Somebody with this e-mail address is a user of the company already.", field="email")
        former = await _of_address(session, scope.organisation_id, email)
        if former is not None:
            not_above(scope, Role[former.role])
            await session.delete(former)
            await session.flush()
        await _hold_cap(session, scope.organisation_id)
        secret = new_secret(_RANDOM_BYTES)
        invitation = Invitation(
            id=new_id(ID_PREFIX),
            organisation_id=scope.organisation_id,
            invited_by=scope.user_id,
            email=email,
            full_name=full_name,
            role=wanted.name,
            secret_hash=around.vault.keyed_hash(_PURPOSE, secret),
            created_at=around.clock(),
            expires_at=around.clock() + LIFETIME,
        )
        session.add(invitation)
        await session.flush()
        await _record(session, scope, "user_invited", invitation, ip)
        host = await session.get(User, scope.user_id)
        by = host.email if host and host.is_verified else None
        uow.after_commit(lambda: self._mailer.post(self._letters.invitation(email, secret, by)))
        return invitation

    async def waiting(self, session: AsyncSession, scope: Scope) -> Sequence[Invitation]:
        """Those of the organisation that can still be accepted, newest first."""
        own = (
            Invitation.organisation_id == scope.organisation_id,
            Invitation.expires_at > surroundings(session).clock(),
        )
        query = select(Invitation).where(*own).order_by(Invitation.created_at.desc(), Invitation.id.desc())
        return (await session.scalars(query)).all()

    async def withdraw(self, uow: UnitOfWork, scope: Scope, invitation_id: str, ip: str | None = None) -> None:
        """Make an invitation void."""
        invitation = await uow.session.get(Invitation, invitation_id)
        if invitation is None or invitation.organisation_id != scope.organisation_id:
            raise NotFound(f"There is no user '{invitation_id[:64]}'.", field="user_id")
        not_above(scope, Role[invitation.role])
        await uow.session.delete(invitation)
        await uow.session.flush()
        await _record(uow.session, scope, "invitation_withdrawn", invitation, ip)


async def of_token(session: AsyncSession, secret: str) -> Invitation | None:
    """The invitation that a token stands for; None where it is unknown, used, withdrawn or expired."""
    around = surroundings(session)
    query = select(Invitation).where(
        Invitation.secret_hash == around.vault.keyed_hash(_PURPOSE, secret), Invitation.expires_at > around.clock()
    )
    return await session.scalar(query)


async def hold_members_cap(session: AsyncSession, organisation_id: int, more: int = 0) -> None:
    """Refuse one more member than the plan allows; ``more`` are those to be counted beside the users."""
    plan = await Plans().of(session, organisation_id)
    users = select(func.count()).select_from(User).where(User.organisation_id == organisation_id)
    hold_cap("max_members", plan.max_members, (await session.scalar(users) or 0) + more)


async def _hold_cap(session: AsyncSession, organisation_id: int) -> None:
    now = surroundings(session).clock()
    opened = select(func.count()).select_from(Invitation)
    opened = opened.where(Invitation.organisation_id == organisation_id, Invitation.expires_at > now)
    await hold_members_cap(session, organisation_id, await session.scalar(opened) or 0)


async def _of_address(session: AsyncSession, organisation_id: int, email: str) -> Invitation | None:
    own = select(Invitation).where(Invitation.organisation_id == organisation_id)
    return await session.scalar(own.where(Invitation.email == email))


async def _record(session: AsyncSession, scope: Scope, action: Action, invitation: Invitation, ip: str | None) -> None:
    await Audit.record(
        session,
        scope.organisation_id,
        scope.user_id,
        action,
        target=invitation.email,
        ip=ip,
        details={"role": invitation.role},
    )
