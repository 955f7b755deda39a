"""How people come onto the server: with a company of their own, or invited into one.

``newcomer`` checks and hashes what is slow to hash; what it gives is put into the
transaction that makes the rows, so that nobody waits for somebody else's hash.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.access import owner_scope
from headwater.control.audit.service import Audit
from headwater.control.billing.ledger import Ledger
from headwater.control.db import UnitOfWork, surroundings
from headwater.control.entities.rules import NewEntity
from headwater.control.entities.service import Entities
from headwater.control.members import invitations
from headwater.control.organisations.models import Organisation
from headwater.control.rules import text
from headwater.control.tokens.mailed import issue_mailed_token
from headwater.control.tokens.sign_on import Signed, SignOn
from headwater.control.users import repository as people
from headwater.control.users.letters import Letters
from headwater.control.users.models import User
from headwater.control.users.passwords import Passwords
from headwater.control.users.rules import checked_email, checked_password
from headwater.control.users.throttle import AddressThrottle
from headwater.errors import Conflict, Forbidden, InvalidRequest
from headwater.mail import Mailer
from headwater.scope import Role
from headwater.settings import Settings


@dataclass(frozen=True)
class Newcomer:
    """Somebody who may get an account: everything about them is checked but whether the address is free."""

    email: str
    full_name: str
    password_hash: str


@dataclass(frozen=True)
class Registered:
    """A new person with their organisation, and what they sign further requests with."""

    user: User
    organisation: Organisation
    signed: Signed


class Registration:
    """New accounts."""

    def __init__(
        self,
        settings: Settings,
        throttle: AddressThrottle,
        passwords: Passwords,
        sign_on: SignOn,
        letters: Letters,
        mailer: Mailer,
    ) -> None:
        self._settings = settings
        self._passwords = passwords
        self._sign_on = sign_on
        self._letters = letters
        self._mailer = mailer
        self._throttle = throttle

    async def admit(self, email: str, ip: str, *, invited: bool) -> None:
        """Refuse whom the server does not take, and too many attempts; the operator is not asked."""
        if self._settings.registration == "closed" or not (invited or self._settings.registration == "open"):
            raise Forbidden("This server does not take registrations. Ask its operator for an account.")
        await self._throttle.take(checked_email(email), ip)

    async def newcomer(self, email: str, password: str, full_name: str) -> Newcomer:
        """Somebody with an address, a password and a name that will do."""
        email = checked_email(email)
        checked_password(password)
        full_name = text(full_name, "full_name", longest=255)
        return Newcomer(email, full_name, await self._passwords.hash(password))

    async def found(
        self, uow: UnitOfWork, newcomer: Newcomer, company_name: str, ip: str | None = None, is_verified: bool = False
    ) -> Registered:
        """A new user as the owner of a new organisation; the server's first user is its operator.

        Sends a mail that asks to prove the address, unless it needs no proof.
        """
        company_name = text(company_name, "company_name", longest=255)
        session, now = uow.session, surroundings(uow.session).clock()
        await _hold_free(session, newcomer.email)
        first = await people.is_empty(session)
        organisation = Organisation(name=company_name, plan=self._settings.default_plan, created_at=now)
        session.add(organisation)
        await session.flush()
        user = _user(newcomer, organisation.id, Role.owner.name, uow)
        user.is_verified, user.is_operator = is_verified, first
        session.add(user)
        await session.flush()
        scope = await owner_scope(session, organisation.id)
        await Entities(session, scope).create("workspace", NewEntity(name=company_name))
        await Ledger(session, organisation.id).bring_up_to_date()
        await Audit.record(session, organisation.id, user.id, "register", target=user.email, ip=ip)
        if not is_verified:
            token = await issue_mailed_token(session, user.id, "email_verification")
            uow.after_commit(lambda: self._mailer.post(self._letters.verification(user.email, token)))
        return Registered(user, organisation, await self._sign_on.begin(session, user))

    async def join(self, uow: UnitOfWork, newcomer: Newcomer, invite_token: str, ip: str | None = None) -> Registered:
        """A new user of the organisation that invited this address, with the role that was offered."""
        session = uow.session
        invitation = await invitations.of_token(session, invite_token)
        if invitation is None:
            raise InvalidRequest(
                "'invite_token' is unknown, expired, used or withdrawn. Ask for another invitation.",
                field="invite_token",
            )
        if invitation.email != newcomer.email:
            raise InvalidRequest("'email' must be the address that the invitation was sent to.", field="email")
        await _hold_free(session, newcomer.email)
        await invitations.hold_members_cap(session, invitation.organisation_id)
        organisation = await session.get_one(Organisation, invitation.organisation_id)
        user = _user(newcomer, organisation.id, invitation.role, uow)
        # The token came by mail.
        user.is_verified = True
        session.add(user)
        await session.delete(invitation)
        await session.flush()
        await Audit.record(session, organisation.id, user.id, "invitation_accepted", target=user.email, ip=ip)
        return Registered(user, organisation, await self._sign_on.begin(session, user))


def _user(newcomer: Newcomer, organisation_id: int, role: str, uow: UnitOfWork) -> User:
    return User(
        organisation_id=organisation_id,
        email=newcomer.email,
        full_name=newcomer.full_name,
        password_hash=newcomer.password_hash,
        role=role,
        is_verified=False,
        is_operator=False,
        credentials_version=0,
        created_at=surroundings(uow.session).clock(),
    )


async def _hold_free(session: AsyncSession, email: str) -> None:
    if await people.by_email(session, email):
        raise Conflict("There is already an account with this e-mail address.", field="email")
