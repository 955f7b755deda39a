"""What somebody signs further requests with once it is known who they are."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.tokens.access_tokens import AccessTokens
from headwater.control.tokens.logins import issue_refresh_token
from headwater.control.users.models import User


class Signed(NamedTuple):
    """A short-lived token for requests, and what it is renewed with."""

    access_token: str
    refresh_token: str


class SignOn:
    """Begins logins; refresh tokens are good for so many days."""

    def __init__(self, tokens: AccessTokens, refresh_token_days: int) -> None:
        self._tokens = tokens
        self.refresh_token_days = refresh_token_days

    async def begin(self, session: AsyncSession, user: User) -> Signed:
        """Both tokens of a new login."""
        refresh_token = await issue_refresh_token(session, user.id, self.refresh_token_days)
        return Signed(self.access_token(user), refresh_token)

    def access_token(self, user: User) -> str:
        """Another token for requests."""
        return self._tokens.issue(user.id, user.organisation_id, user.credentials_version)
