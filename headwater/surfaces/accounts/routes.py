"""Register, log in, who am I, API keys (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    RateLimitExceeded,
    Unauthorized,
)
from headwater.surfaces._http import keys
from headwater.surfaces._http.endpoint import ADMIN, PUBLIC, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import (
    SIGNED_ON_EXAMPLE,
    LoginBody,
    SignedOn,
    Success,
    signed_on,
)
from headwater.surfaces.accounts import billing, companies, outlets, payments, profile, recovery, webhooks

_AUTH, _KEYS = "Authentication", "API keys"


class RegisterBody(msgspec.Struct, frozen=True):
    """A new person, and either their new company or the invitation into one."""

    email: Annotated[str, Meta(max_length=320)]
    password: Annotated[str, Meta(max_length=4096, description="At least 12 characters.")]
    full_name: Annotated[str, Meta(min_length=1, max_length=255)]
    company_name: (
        Annotated[str, Meta(min_length=1, max_length=255, description="Required unless there is an `invite_token`.")]
        | None
    ) = None
    invite_token: Annotated[str, Meta(min_length=1, max_length=512, description="As the invitation has it.")] | None = (
        None
    )


class RefreshBody(msgspec.Struct, frozen=True):
    """A refresh token, as login or the last refresh answered it."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=512)]


class Refreshed(msgspec.Struct, frozen=True):
    """A new access token, and the refresh token to use next."""

    token: str
    refresh_token: str


class NewKey(keys.KeyRow, frozen=True, kw_only=True):
    """A key as it is answered once, with its secret."""

    key: str


class OneKey(msgspec.Struct, frozen=True):
    """A new key."""

    api_key: NewKey


class AllKeys(msgspec.Struct, frozen=True):
    """All keys."""

    api_keys: list[keys.KeyRow]


async def register(call: Call[Any, RegisterBody]) -> Reply:
    """A new company with its owner, or a new user of the company that invited them."""
    body, registration = call.body, call.services.control.registration
    await registration.admit(body.email, call.client_ip, invited=body.invite_token is not None)
    if body.invite_token is None and body.company_name is None:
        raise InvalidRequest("'company_name' is required.", field="company_name")
    newcomer = await registration.newcomer(body.email, body.password, body.full_name)
    unit = await call.writing()
    if body.invite_token is not None:
        registered = await registration.join(unit, newcomer, body.invite_token, call.client_ip)
    else:
        registered = await registration.found(unit, newcomer, body.company_name or "", call.client_ip)
    return Reply(signed_on(registered.user, registered.signed), 201)


async def login(call: Call[Any, LoginBody]) -> Reply:
    """Check the password and hand out tokens."""
    logged_in = await call.services.control.users.login(call.body.email, call.body.password, call.client_ip)
    return Reply(signed_on(logged_in.user, logged_in.signed))


async def refresh(call: Call[Any, RefreshBody]) -> Reply:
    """A new access token for a refresh token, which is used up."""
    users = call.services.control.users
    return Reply(Refreshed(*await users.refresh(await call.writing(), call.body.refresh_token, call.client_ip)))


async def logout(call: Call[Any, RefreshBody]) -> Reply:
    """End the login that a refresh token belongs to."""
    await call.services.control.users.logout(await call.writing(), call.body.refresh_token, call.client_ip)
    return Reply(Success(True, "Logged out successfully"))


async def list_keys(call: Call[Any, bytes]) -> Reply:
    """All keys of the company, newest first."""
    return Reply(AllKeys(await keys.listed(call)))


async def create_key(call: Call[Any, keys.KeyBody]) -> Reply:
    """A new key; its secret is shown this once."""
    row, secret = await keys.created(call)
    return Reply(OneKey(NewKey(**msgspec.structs.asdict(row), key=secret)), 201)


async def delete_key(call: Call[Any, bytes]) -> Reply:
    """Revoke a key at once."""
    await keys.revoked(call)
    return Reply(Success(True, "API key deleted"))


ENDPOINTS = [
    Endpoint(
        "POST",
        "/api/v1/auth/register",
        register,
        PUBLIC,
        "Register a company and its owner",
        _AUTH,
        {201: Answers("The owner, with tokens.", SignedOn, SIGNED_ON_EXAMPLE)},
        description="The first person of a fresh server is its operator as well. With an `invite_token` from a mail"
        " the person joins the company that invited them, with the role that it offered; `email` is then the"
        " address that the mail went to.",
        body=RegisterBody,
        body_example={
            "email": "user@example.com",
            "password": "SecurePassword123!",
            "full_name": "John Doe",
            "company_name": "Example Corp",
        },
        errors=(Conflict, Forbidden, PaymentRequired),
    ),
    Endpoint(
        "POST",
        "/api/v1/auth/login",
        login,
        PUBLIC,
        "Log in for tokens",
        _AUTH,
        {200: Answers("The person, with tokens.", SignedOn, SIGNED_ON_EXAMPLE)},
        body=LoginBody,
        body_example={"email": "user@example.com", "password": "SecurePassword123!"},
        errors=(Unauthorized, RateLimitExceeded),
    ),
    Endpoint(
        "POST",
        "/api/v1/auth/refresh",
        refresh,
        PUBLIC,
        "Exchange a refresh token",
        _AUTH,
        {
            200: Answers(
                "An access token, and the next refresh token.",
                Refreshed,
                {"token": "eyJhbGciOi…", "refresh_token": "7kPw…"},
            )
        },
        description="Each refresh token is good once. One that comes a second time ends the whole login, since it"
        " was copied: its successors are refused from then on. Access tokens that were answered before run out by"
        " themselves.",
        body=RefreshBody,
        body_example={"refresh_token": "4hVn…"},
        errors=(Unauthorized,),
    ),
    Endpoint(
        "POST",
        "/api/v1/auth/logout",
        logout,
        PUBLIC,
        "Log out",
        _AUTH,
        {200: Answers("Logged out.", Success, {"success": True, "message": "Logged out successfully"})},
        description="Ends the login that the refresh token belongs to; one that has ended already is no error.",
        body=RefreshBody,
        body_example={"refresh_token": "4hVn…"},
    ),
    *recovery.ENDPOINTS,
    Endpoint(
        "GET",
        "/api/v1/account/api-keys",
        list_keys,
        ADMIN,
        "List API keys",
        _KEYS,
        {200: Answers("All keys, newest first.", AllKeys, {"api_keys": [keys.EXAMPLE]})},
    ),
    Endpoint(
        "POST",
        "/api/v1/account/api-keys",
        create_key,
        ADMIN,
        "Create an API key",
        _KEYS,
        {201: Answers("The key, shown once.", OneKey, {"api_key": {**keys.EXAMPLE, "key": "hw_live_…"}})},
        body=keys.KeyBody,
        body_example=keys.BODY_EXAMPLE,
        errors=(PaymentRequired,),
    ),
    Endpoint(
        "DELETE",
        "/api/v1/account/api-keys/{key_id}",
        delete_key,
        ADMIN,
        "Delete an API key",
        _KEYS,
        {200: Answers("Revoked.", Success, {"success": True, "message": "API key deleted"})},
        errors=(NotFound,),
    ),
    *profile.ENDPOINTS,
    *companies.ENDPOINTS,
    *outlets.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *billing.ENDPOINTS,
    *payments.ENDPOINTS,
]
