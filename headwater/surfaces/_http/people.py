"""People as every surface shows them, and how they log in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from headwater.control.tokens.sign_on import Signed
from headwater.control.users.models import User


class LoginBody(msgspec.Struct, frozen=True):
    """Who wants to log in."""

    email: Annotated[str, Meta(max_length=320)]
    password: Annotated[str, Meta(max_length=4096)]


class UserRow(msgspec.Struct, frozen=True):
    """A person; ids are texts here."""

    id: str
    email: str
    full_name: str
    role: str
    company_id: str
    is_verified: bool


class SignedOn(msgspec.Struct, frozen=True):
    """A person with an access token (15 minutes) and a refresh token (30 days)."""

    user: UserRow
    token: str
    refresh_token: str


class Success(msgspec.Struct, frozen=True):
    """Something was done that has no other answer."""

    success: bool
    message: str


def user_row(user: User) -> UserRow:
    """The person as answered."""
    return UserRow(str(user.id), user.email, user.full_name, user.role, str(user.organisation_id), user.is_verified)


def signed_on(user: User, signed: Signed) -> SignedOn:
    """The person with their tokens."""
    return SignedOn(user_row(user), signed.access_token, signed.refresh_token)


USER_EXAMPLE = {
    "id": "1",
    "email": "user@example.com",
    "full_name": "John Doe",
    "role": "owner",
    "company_id": "1",
    "is_verified": False,
}
SIGNED_ON_EXAMPLE = {"user": USER_EXAMPLE, "token": "eyJhbGciOi…", "refresh_token": "4hVn…"}
