"""Everybody's own account: their name and their password (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.errors import NotFound, RateLimitExceeded
from headwater.surfaces._http.endpoint import OWN, READ, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import (
    SIGNED_ON_EXAMPLE,
    USER_EXAMPLE,
    SignedOn,
    UserRow,
    signed_on,
    user_row,
)

_TAG = "Account"


class Profile(msgspec.Struct, frozen=True):
    """The caller."""

    user: UserRow


class ProfileBody(msgspec.Struct, frozen=True):
    """What people change about themselves."""

    full_name: Annotated[str, Meta(min_length=1, max_length=255)]


class PasswordBody(msgspec.Struct, frozen=True):
    """The password so far, and the next one."""

    current_password: Annotated[str, Meta(max_length=4096)]
    password: Annotated[str, Meta(max_length=4096, description="At least 12 characters.")]


async def get_profile(call: Call[Any, bytes]) -> Reply:
    """The person behind the credential."""
    control = call.services.control
    async with control.reading() as session:
        return Reply(Profile(user_row(await control.users.me(session, call.scope))))


async def put_profile(call: Call[Any, ProfileBody]) -> Reply:
    """Another name."""
    user = await call.services.control.users.rename(await call.writing(), call.scope, call.body.full_name)
    return Reply(Profile(user_row(user)))


async def put_password(call: Call[Any, PasswordBody]) -> Reply:
    """Another password, and new tokens."""
    body = call.body
    changed = await call.services.control.users.change_password(
        call.scope, body.current_password, body.password, call.client_ip
    )
    return Reply(signed_on(changed.user, changed.signed))


_EXAMPLE = {"user": USER_EXAMPLE}

ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/v1/auth/me",
        get_profile,
        READ,
        "Who am I",
        "Authentication",
        {200: Answers("The caller.", Profile, _EXAMPLE)},
        errors=(NotFound,),
    ),
    Endpoint(
        "GET",
        "/api/v1/account/profile",
        get_profile,
        READ,
        "Get one's profile",
        _TAG,
        {200: Answers("The person behind the credential.", Profile, _EXAMPLE)},
        errors=(NotFound,),
    ),
    Endpoint(
        "PUT",
        "/api/v1/account/profile",
        put_profile,
        OWN,
        "Change one's name",
        _TAG,
        {200: Answers("The person as changed.", Profile, _EXAMPLE)},
        description="Roles are changed by admins, at the company's users; an address stays as it was proven.",
        body=ProfileBody,
        body_example={"full_name": "John Doe"},
        errors=(NotFound,),
    ),
    Endpoint(
        "PUT",
        "/api/v1/account/password",
        put_password,
        OWN,
        "Change one's password",
        _TAG,
        {200: Answers("The person, with new tokens.", SignedOn, SIGNED_ON_EXAMPLE)},
        description="Ends every login, session and access token of before, also the caller's; API keys stay. A wrong"
        " `current_password` counts like a failed login.",
        body=PasswordBody,
        body_example={"current_password": "SecurePassword123!", "password": "NewSecurePassword123!"},
        errors=(NotFound, RateLimitExceeded),
    ),
]
