"""Getting back in, and proving an address: what is done with tokens that go by mail.

What asks for a mail does the same whether the address is known or not, and its answer
waits for none of it: looking up, writing and sending happen in the background.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Action, Audit
from headwater.control.db import Change, Database, UnitOfWork, surroundings
from headwater.control.tokens import mailed
from headwater.control.tokens.logins import end_all_logins
from headwater.control.users import repository as people
from headwater.control.users.letters import Letters
from headwater.control.users.models import User
from headwater.control.users.passwords import Passwords
from headwater.control.users.rules import checked_email, checked_password
from headwater.control.users.throttle import AddressThrottle
from headwater.errors import InvalidRequest
from headwater.mail import Mailer, Message


class Recovery:
    """Forgotten passwords and unproven addresses."""

    def __init__(
        self, database: Database, throttle: AddressThrottle, passwords: Passwords, letters: Letters, mailer: Mailer
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._letters = letters
        self._mailer = mailer
        self._throttle = throttle

    async def forgot_password(self, email: str, ip: str | None = None) -> None:
        """Send a token for a new password, if somebody has this address."""
        email = checked_email(email)
        await self._throttle.take(email, ip)
        self._mailer.post_when(self._reset_letter(email, ip))

    async def resend_verification(self, email: str, ip: str | None = None) -> None:
        """Send another token that proves this address, if somebody has it and has not proven it."""
        email = checked_email(email)
        await self._throttle.take(email, ip)
        self._mailer.post_when(self._verification_letter(email, ip))

    async def new_password_hash(self, token: str, password: str) -> str:
        """The hash of a password that a token may set; takes its time, so ask before the unit of work begins."""
        checked_password(password)
        async with self._database.reading() as session:
            if not await mailed.is_good(session, "password_reset", token):
                raise _refused()
        return await self._passwords.hash(password)

    async def reset_password(self, uow: UnitOfWork, token: str, password_hash: str, ip: str | None = None) -> None:
        """Set the password, and end everything that the user was signed in with but API keys."""
        session = uow.session
        user = await _bearer(session, "password_reset", token)
        user.password_hash = password_hash
        # Only who reads the mail of this address could have the token.
        user.is_verified = True
        await mailed.drop_mailed_tokens(session, user.id, "email_verification")
        await end_all_logins(session, user)
        await _record(session, user, "password_reset", user.email, ip)
        surroundings(session).announce(Change("access", user.organisation_id))
        uow.after_commit(lambda: self._mailer.post(self._letters.password_changed(user.email)))

    async def verify_email(self, uow: UnitOfWork, token: str, ip: str | None = None) -> None:
        """Take the address of the token's user for proven."""
        user = await _bearer(uow.session, "email_verification", token)
        user.is_verified = True
        await _record(uow.session, user, "email_verified", user.email, ip)

    async def _reset_letter(self, email: str, ip: str | None) -> Message | None:
        async with self._database.unit_of_work() as uow:
            user = await people.by_email(uow.session, email)
            await _record(uow.session, user, "password_reset_requested", email, ip)
            if user is None:
                return None
            token = await mailed.issue_mailed_token(uow.session, user.id, "password_reset")
        return self._letters.password_reset(email, token)

    async def _verification_letter(self, email: str, ip: str | None) -> Message | None:
        async with self._database.unit_of_work() as uow:
            user = await people.by_email(uow.session, email)
            await _record(uow.session, user, "verification_requested", email, ip)
            if user is None or user.is_verified:
                return None
            token = await mailed.issue_mailed_token(uow.session, user.id, "email_verification")
        return self._letters.verification(email, token)


async def _bearer(session: AsyncSession, purpose: mailed.Purpose, token: str) -> User:
    user_id = await mailed.use_mailed_token(session, purpose, token)
    user = await session.get(User, user_id) if user_id else None
    if user is None:
        raise _refused()
    return user


def _refused() -> InvalidRequest:
    return InvalidRequest(
        "'token' is unknown, expired or used. Ask for another.", field="token", allowed="the newest token that was sent"
    )


async def _record(session: AsyncSession, user: User | None, action: Action, target: str, ip: str | None) -> None:
    organisation_id, user_id = (user.organisation_id, user.id) if user else (None, None)
    await Audit.record(session, organisation_id, user_id, action, target=target, ip=ip)
