"""Login with e-mail and password for a cookie session, and API tokens under their second name."""

from __future__ import annotations

from typing import Any

import msgspec

from headwater.errors import NotFound, PaymentRequired, RateLimitExceeded, Unauthorized
from headwater.surfaces._http import cookies, keys, people
from headwater.surfaces._http.endpoint import ADMIN, PUBLIC, READ, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import LoginBody, Success, UserRow, user_row

_TAG = "Login and tokens"


class Session(msgspec.Struct, frozen=True):
    """A cookie session; the token goes into ``X-CSRF-Token`` of every request that changes something."""

    user: UserRow
    csrf_token: str


class NewToken(keys.KeyRow, frozen=True, kw_only=True):
    """A token as it is answered once, with its secret."""

    token: str


class OneToken(msgspec.Struct, frozen=True):
    """A new token."""

    data: NewToken


class ManyTokens(msgspec.Struct, frozen=True):
    """All tokens."""

    data: list[keys.KeyRow]
    total: int


async def login(call: Call[Any, LoginBody]) -> Reply:
    """Check the password and begin a cookie session."""
    control = call.services.control
    logged_in = await control.users.login(call.body.email, call.body.password, call.client_ip)
    unit = await call.writing()
    secret = await control.users.start_session(unit, logged_in.user)
    seconds = call.services.settings.session_days * 86400
    cookie = cookies.lasting(cookies.SESSION, secret, seconds, secure=call.secure)
    body = Session(user_row(logged_in.user), control.access.csrf_token(secret))
    return Reply(body, headers=(cookie,))


async def logout(call: Call[Any, bytes]) -> Reply:
    """End the cookie session."""
    session = cookies.read(call.headers, cookies.SESSION)
    if session:
        await call.services.control.users.end_session(await call.writing(), session, call.client_ip)
    return Reply(Success(True, "Logged out."), headers=(cookies.lasting(cookies.SESSION, "", 0, secure=call.secure),))


async def list_tokens(call: Call[Any, bytes]) -> Reply:
    """All tokens of the organisation, newest first."""
    rows = await keys.listed(call)
    return Reply(ManyTokens(rows, len(rows)))


async def create_token(call: Call[Any, keys.KeyBody]) -> Reply:
    """A new token; its secret is shown this once."""
    row, secret = await keys.created(call)
    return Reply(OneToken(NewToken(**msgspec.structs.asdict(row), token=secret)), 201)


async def delete_token(call: Call[Any, bytes]) -> Reply:
    """Revoke a token at once."""
    await keys.revoked(call)
    return Reply(status=204)


ENDPOINTS = [
    Endpoint(
        "POST",
        "/v2/login",
        login,
        PUBLIC,
        "Log in with a session cookie",
        _TAG,
        {
            200: Answers(
                "The session cookie is set.",
                Session,
                {"user": people.USER_EXAMPLE, "csrf_token": "6f0d…"},
            )
        },
        body=LoginBody,
        body_example={"email": "your@email.com", "password": "your-password"},
        errors=(Unauthorized, RateLimitExceeded),
    ),
    Endpoint(
        "POST",
        "/v2/logout",
        logout,
        READ,
        "End the session",
        _TAG,
        {200: Answers("The cookie is void.", Success, {"success": True, "message": "Logged out."})},
    ),
    Endpoint(
        "GET",
        "/api/v2/tokens",
        list_tokens,
        ADMIN,
        "List API tokens",
        _TAG,
        {200: Answers("All tokens, newest first.", ManyTokens, {"data": [keys.EXAMPLE], "total": 1})},
    ),
    Endpoint(
        "POST",
        "/api/v2/tokens",
        create_token,
        ADMIN,
        "Create an API token",
        _TAG,
        {201: Answers("The token, shown once.", OneToken, {"data": {**keys.EXAMPLE, "token": "hw_live_…"}})},
        body=keys.KeyBody,
        body_example=keys.BODY_EXAMPLE,
        errors=(PaymentRequired,),
    ),
    Endpoint(
        "DELETE",
        "/api/v2/tokens/{key_id}",
        delete_token,
        ADMIN,
        "Revoke an API token",
        _TAG,
        {204: Answers("Revoked.")},
        errors=(NotFound,),
    ),
]
