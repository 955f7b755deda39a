"""People who have an account: logging in, cookie sessions, their own name and password.

Makes credentials through ``tokens``; who a credential belongs to is found by
``control.access``. Passwords that were forgotten are for ``recovery``, new accounts
for ``registration``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Audit
from headwater.control.db import Change, Database, UnitOfWork, surroundings
from headwater.control.rules import text
from headwater.control.tokens import logins
from headwater.control.tokens.sign_on import Signed, SignOn
from headwater.control.users import repository as people
from headwater.control.users.letters import Letters
from headwater.control.users.models import User
from headwater.control.users.passwords import Passwords
from headwater.control.users.rules import checked_password, normal_email
from headwater.control.users.throttle import AddressThrottle
from headwater.errors import InvalidRequest, NotFound, Unauthorized
from headwater.mail import Mailer
from headwater.scope import Scope


@dataclass(frozen=True)
class LoggedIn:
    """A person who gave the right password, and what they sign further requests with."""

    user: User
    signed: Signed


class Users:
    """The people of the server."""

    def __init__(
        self,
        database: Database,
        throttle: AddressThrottle,
        passwords: Passwords,
        sign_on: SignOn,
        session_days: int,
        letters: Letters,
        mailer: Mailer,
    ) -> None:
        self._database = database
        self._session_days = session_days
        self._passwords = passwords
        self._sign_on = sign_on
        self._letters = letters
        self._mailer = mailer
        self._throttle = throttle
        self._one_check = asyncio.Lock()

    async def login(self, email: str, password: str, ip: str | None = None) -> LoggedIn:
        """Check a password; unknown addresses and wrong passwords cannot be told apart."""
        email = normal_email(email)
        user = await self._checked(email, password, ip)
        if user is None:
            await self._record_failure(email, ip)
            raise Unauthorized("The e-mail address or the password is wrong.")
        async with self._database.unit_of_work() as uow:
            signed = await self._sign_on.begin(uow.session, user)
            await Audit.record(uow.session, user.organisation_id, user.id, "login", target=email, ip=ip)
        return LoggedIn(user, signed)

    async def refresh(self, uow: UnitOfWork, refresh_token: str, ip: str | None = None) -> Signed:
        """The next tokens; ``Unauthorized`` for a refresh token that is not, or no longer, good."""
        refused = Unauthorized("The refresh token is unknown, expired, used or revoked. Log in again.")
        family = await logins.rotate_refresh_token(uow.session, refresh_token, self._sign_on.refresh_token_days)
        user = await uow.session.get(User, family.user_id) if family else None
        if family is None or user is None:
            raise refused
        if family.successor is None:
            await Audit.record(
                uow.session, user.organisation_id, user.id, "refresh_token_reused", target=user.email, ip=ip
            )
            raise uow.standing(refused)
        return Signed(self._sign_on.access_token(user), family.successor)

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

    async def rename(self, uow: UnitOfWork, scope: Scope, full_name: str) -> User:
        """Give the person behind the scope another name."""
        user = await self.me(uow.session, scope)
        user.full_name = text(full_name, "full_name", longest=255)
        await uow.session.flush()
        return user

    async def change_password(self, scope: Scope, current: str, new: str, ip: str | None = None) -> LoggedIn:
        """Give the person behind the scope another password, and a login; every one before it ends.

        Wrong guesses at the current one count like those at the login.
        """
        checked_password(new)
        async with self._database.reading() as session:
            email = (await self.me(session, scope)).email
        if await self._checked(email, current, ip) is None:
            await self._record_failure(email, ip)
            raise InvalidRequest("'current_password' is wrong.", field="current_password")
        password_hash = await self._passwords.hash(new)
        async with self._database.unit_of_work() as uow:
            user = await self.me(uow.session, scope)
            user.password_hash = password_hash
            await logins.end_all_logins(uow.session, user)
            signed = await self._sign_on.begin(uow.session, user)
            await Audit.record(uow.session, user.organisation_id, user.id, "password_changed", target=email, ip=ip)
            surroundings(uow.session).announce(Change("access", user.organisation_id))
            uow.after_commit(lambda: self._mailer.post(self._letters.password_changed(email)))
        return LoggedIn(user, signed)

    async def start_session(self, uow: UnitOfWork, user: User) -> str:
        """The secret of a new cookie session."""
        return await logins.open_session(uow.session, user.id, self._session_days)

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
            await self._throttle.check(email, ip)
            async with self._database.reading() as session:
                user = await people.by_email(session, email)
            if await self._passwords.verify(user.password_hash if user else None, password):
                return user
            await self._throttle.count(email, ip)
            return None

    async def _record_failure(self, email: str, ip: str | None) -> None:
        async with self._database.unit_of_work() as uow:
            known = await people.by_email(uow.session, email)
            organisation_id, user_id = (known.organisation_id, known.id) if known else (None, None)
            await Audit.record(uow.session, organisation_id, user_id, "login_failed", target=email, ip=ip)
