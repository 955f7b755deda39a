"""The members of the scope's organisation: found, given other roles, removed. One owner always stays."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Action, Audit
from headwater.control.db import Change, surroundings
from headwater.control.letters import contains
from headwater.control.members.models import Invitation
from headwater.control.members.rules import given_role, not_above
from headwater.control.report_schedules.recipients import forget_member
from headwater.control.saved_reports.models import SavedReport
from headwater.control.tokens.logins import end_all_logins
from headwater.control.tokens.models import ApiKey
from headwater.control.users.models import User
from headwater.errors import Conflict, NotFound
from headwater.scope import Role, Scope


class Members:
    """The members of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope
        self._own = User.organisation_id == scope.organisation_id

    async def list(self, search: str = "") -> Sequence[User]:
        """All, or those with these letters in their name or address; newest first."""
        query = select(User).where(self._own).order_by(User.created_at.desc(), User.id.desc())
        if search := search.strip():
            query = query.where(or_(*(contains(column, search) for column in (User.full_name, User.email))))
        return (await self._session.scalars(query)).all()

    async def change_role(self, user_id: int, role: str, ip: str | None = None) -> User:
        """Give somebody another role."""
        user = await self._member(user_id)
        wanted = given_role(self._scope, role)
        if user.role == Role.owner.name and wanted is not Role.owner:
            await self._hold_last_owner(user)
        former, user.role = user.role, wanted.name
        # Nobody gives a role above their own, and a token that is still on its way would.
        above = [role.name for role in Role if role > wanted]
        await self._session.execute(
            delete(Invitation).where(Invitation.invited_by == user.id, Invitation.role.in_(above))
        )
        await self._session.flush()
        await self._record("role_changed", user, ip, {"from": former, "to": user.role})
        return user

    async def remove(self, user_id: int, ip: str | None = None) -> None:
        """Take somebody out, with everything they signed in with and their invitations; what they made stays."""
        user = await self._member(user_id)
        if user.role == Role.owner.name:
            await self._hold_last_owner(user)
        await end_all_logins(self._session, user)
        await self._session.execute(delete(ApiKey).where(ApiKey.user_id == user.id))
        # A report belongs to somebody; the organisation's first owner takes over those of who leaves.
        others = select(User.id).where(self._own, User.id != user.id, User.role == Role.owner.name)
        heir = others.order_by(User.id).limit(1).scalar_subquery()
        await self._session.execute(
            update(SavedReport).where(SavedReport.created_by == user.id).values(created_by=heir)
        )
        await forget_member(self._session, user.organisation_id, user.email)
        await self._record("member_removed", user, ip, {"role": user.role})
        await self._session.delete(user)
        await self._session.flush()

    async def _member(self, user_id: int) -> User:
        user = await self._session.scalar(select(User).where(self._own, User.id == user_id))
        if user is None:
            raise NotFound(f"There is no user '{user_id}'.", field="user_id")
        not_above(self._scope, Role[user.role])
        return user

    async def _hold_last_owner(self, user: User) -> None:
        others = select(func.count()).select_from(User).where(self._own, User.role == Role.owner.name)
        if not await self._session.scalar(others.where(User.id != user.id)):
            raise Conflict("This is the company's last owner. Make somebody else an owner first.", field="user_id")

    async def _record(self, action: Action, user: User, ip: str | None, details: dict[str, object]) -> None:
        await Audit.record(
            self._session, user.organisation_id, self._scope.user_id, action, user.email, ip=ip, details=details
        )
        surroundings(self._session).announce(Change("access", user.organisation_id))
