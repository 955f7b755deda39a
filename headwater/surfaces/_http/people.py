"""People as every surface shows them, and how they log in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

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


class Success(msgspec.Struct, frozen=True):
    """Something was done that has no other answer."""

    success: bool
    message: str


def user_row(user: User) -> UserRow:
    """The person as answered."""
    return UserRow(str(user.id), user.email, user.full_name, user.role, str(user.organisation_id), user.is_verified)


USER_EXAMPLE = {
    "id": "1",
    "email": "user@example.com",
    "full_name": "John Doe",
    "role": "owner",
    "company_id": "1",
    "is_verified": False,
}
