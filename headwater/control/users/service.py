"""People: registering, logging in, cookie sessions.

Makes credentials through ``tokens``; who a credential belongs to is found by
``control.access``. Passwords that were forgotten are for ``recovery``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.access import owner_scope
from headwater.control.audit.service import Audit
from headwater.control.db import Change, Database, UnitOfWork, surroundings
from headwater.control.entities.rules import NewEntity
from headwater.control.entities.service import Entities
from headwater.control.members import invitations
from headwater.control.organisations.models import Organisation
from headwater.control.rules import text
from headwater.control.tokens import logins
from headwater.control.tokens.access_tokens import AccessTokens
from headwater.control.tokens.mailed import issue_mailed_token
from headwater.control.users import repository as people
from headwater.control.users.letters import Letters
from headwater.control.users.models import User
from headwater.control.users.passwords import Passwords
from headwater.control.users.rules import checked_email, checked_password, normal_email
from headwater.control.users.throttle import AddressThrottle
from headwater.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthorized
from headwater.kit.clock import Clock
from headwater.mail import Mailer
from headwater.scope import Role, Scope
from headwater.settings import Settings


@dataclass(frozen=True)
class Registered:
    """A new person with a new organisation, and what they sign further requests with."""

    user: User
    organisation: Organisation
    access_token: str
    refresh_token: str


@dataclass(frozen=True)
class LoggedIn:
    """A person who gave the right password, and what they sign further requests with."""

    user: User
    organisation_id: int
    access_token: str
    refresh_token: str


class Users:
    """The people of the server."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        tokens: AccessTokens,
        passwords: Passwords,
        letters: Letters,
        mailer: Mailer,
    ) -> None:
        self._database = database
        self._settings = settings
        self._tokens = tokens
        self._passwords = passwords
        self._letters = letters
        self._mailer = mailer
        self._throttle = AddressThrottle(clock, "Too many failed logins. Try again later.")
        self._one_check = asyncio.Lock()

    async def register(
        self,
        uow: UnitOfWork,
        email: str,
        password: str,
        full_name: str,
        company_name: str,
        ip: str | None = None,
        is_verified: bool = False,
    ) -> Registered:
        """A new user as the owner of a new organisation; the server's first user is its operator.

        Sends a mail that asks to prove the address, unless it needs no proof.
        """
        if self._settings.registration != "open":
            raise Forbidden("This server does not take registrations. Ask its operator for an account.")
        email = checked_email(email)
        checked_password(password)
        full_name = text(full_name, "full_name", longest=255)
        company_name = text(company_name, "company_name", longest=255)
        session, now = uow.session, surroundings(uow.session).clock()
        if await people.by_email(session, email):
            raise Conflict("There is already an account with this e-mail address.", field="email")
        first = await people.is_empty(session)
        organisation = Organisation(name=company_name, plan=self._settings.default_plan, created_at=now)
        session.add(organisation)
        await session.flush()
        user = User(
            organisation_id=organisation.id,
            email=email,
            full_name=full_name,
            password_hash=await self._passwords.hash(password),
            role=Role.owner.name,
            is_verified=is_verified,
            is_operator=first,
            credentials_version=0,
            created_at=now,
        )
        session.add(user)
        await session.flush()
        scope = await owner_scope(session, organisation.id)
        await Entities(session, scope).create("workspace", NewEntity(name=company_name))
        await Audit.record(session, organisation.id, user.id, "register", target=email, ip=ip)
        if not is_verified:
            token = await issue_mailed_token(session, user.id, "email_verification")
            uow.after_commit(lambda: self._mailer.post(self._letters.verification(email, token)))
        return Registered(user, organisation, *await self._sign_on(session, user))

    async def join(
        self, uow: UnitOfWork, invite_token: str, email: str, password: str, full_name: str, ip: str | None = None
    ) -> Registered:
        """A new user of the organisation that invited this address, with the role that was offered."""
        if self._settings.registration == "closed":
            raise Forbidden("This server does not take registrations. Ask its operator for an account.")
        email = checked_email(email)
        checked_password(password)
        full_name = text(full_name, "full_name", longest=255)
        session, now = uow.session, surroundings(uow.session).clock()
        invitation = await invitations.of_token(session, invite_token)
        if invitation is None:
            raise InvalidRequest(
                "'invite_token' is unknown, expired, used or withdrawn. Ask for another invitation.",
                field="invite_token",
            )
        if invitation.email != email:
            raise InvalidRequest("'email' must be the address that the invitation was sent to.", field="email")
        if await people.by_email(session, email):
            raise Conflict("There is already an account with this e-mail address.", field="email")
        await invitations.hold_members_cap(session, invitation.organisation_id)
        organisation = await session.get_one(Organisation, invitation.organisation_id)
        user = User(
            organisation_id=organisation.id,
            email=email,
            full_name=full_name,
            password_hash=await self._passwords.hash(password),
            role=invitation.role,
            # The token came by mail.
            is_verified=True,
            is_operator=False,
            credentials_version=0,
            created_at=now,
        )
        session.add(user)
        await session.delete(invitation)
        await session.flush()
        await Audit.record(session, organisation.id, user.id, "invitation_accepted", target=email, ip=ip)
        return Registered(user, organisation, *await self._sign_on(session, user))

    async def login(self, email: str, password: str, ip: str | None = None) -> LoggedIn:
        """Check a password; unknown addresses and wrong passwords cannot be told apart."""
        email = normal_email(email)
        user = await self._checked(email, password, ip)
        if user is None:
            await self._record_failure(email, ip)
            raise Unauthorized("The e-mail address or the password is wrong.")
        async with self._database.unit_of_work() as uow:
            access_token, refresh_token = await self._sign_on(uow.session, user)
            await Audit.record(uow.session, user.organisation_id, user.id, "login", target=email, ip=ip)
        return LoggedIn(user, user.organisation_id, access_token, refresh_token)

    async def refresh(self, uow: UnitOfWork, refresh_token: str, ip: str | None = None) -> tuple[str, str]:
        """An access token and the next refresh token; ``Unauthorized`` for one that is not, or no longer, good."""
        refused = Unauthorized("The refresh token is unknown, expired, used or revoked. Log in again.")
        family = await logins.rotate_refresh_token(uow.session, refresh_token, self._settings.refresh_token_days)
        user = await uow.session.get(User, family.user_id) if family else None
        if family is None or user is None:
            raise refused
        if family.successor is None:
            await Audit.record(
                uow.session, user.organisation_id, user.id, "refresh_token_reused", target=user.email, ip=ip
            )
            raise uow.standing(refused)
        return self._access_token(user), family.successor

    async def logout(self, uow: UnitOfWork, refresh_token: str, ip: str | None = None) -> None:
        """End the login of a refresh token; one that has ended already, or never was, is no error."""
        family = await logins.end_family(uow.session, refresh_token)
        user = await uow.session.get(User, family.user_id) if family else None
        if user:
            await Audit.record(uow.session, user.organisation_id, user.id, "logout", target=user.email, ip=ip)

    async def me(self, session: AsyncSession, scope: Scope) -> User:
        """The person behind the scope."""
        user = await session.get(User, scope.user_id)
        if user is None or user.organisation_id != scope.organisation_id:
            raise NotFound("The user of this credential no longer exists.")
        return user

    async def start_session(self, uow: UnitOfWork, user: User) -> str:
        """The secret of a new cookie session."""
        return await logins.open_session(uow.session, user.id, self._settings.session_days)

    async def end_session(self, uow: UnitOfWork, secret: str, ip: str | None = None) -> None:
        """End a cookie session; one that has ended already is no error."""
        user_id = await logins.close_session(uow.session, secret)
        user = await uow.session.get(User, user_id) if user_id else None
        if user:
            await Audit.record(uow.session, user.organisation_id, user.id, "session_ended", target=user.email, ip=ip)
            surroundings(uow.session).announce(Change("access", user.organisation_id))

    async def _checked(self, email: str, password: str, ip: str | None) -> User | None:
        # One at a time: guesses sent at once would all be let in before the first of them is counted.
        async with self._one_check:
            self._throttle.check(email, ip)
            async with self._database.reading() as session:
                user = await people.by_email(session, email)
            if await self._passwords.verify(user.password_hash if user else None, password):
                return user
            self._throttle.count(email, ip)
            return None

    async def _record_failure(self, email: str, ip: str | None) -> None:
        async with self._database.unit_of_work() as uow:
            known = await people.by_email(uow.session, email)
            organisation_id, user_id = (known.organisation_id, known.id) if known else (None, None)
            await Audit.record(uow.session, organisation_id, user_id, "login_failed", target=email, ip=ip)

    async def _sign_on(self, session: AsyncSession, user: User) -> tuple[str, str]:
        refresh_token = await logins.issue_refresh_token(session, user.id, self._settings.refresh_token_days)
        return self._access_token(user), refresh_token

    def _access_token(self, user: User) -> str:
        return self._tokens.issue(user.id, user.organisation_id, user.credentials_version)
