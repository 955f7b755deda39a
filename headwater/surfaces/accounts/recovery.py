"""Forgotten passwords and unproven addresses (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.errors import RateLimitExceeded
from headwater.surfaces._http.endpoint import PUBLIC, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import Success

_TAG = "Authentication"
_ALIKE = "Known and unknown addresses are answered alike; whether a mail went shows in no answer."

Token = Annotated[str, Meta(min_length=1, max_length=512, description="As the mail has it.")]


class AddressBody(msgspec.Struct, frozen=True):
    """Whom to write to."""

    email: Annotated[str, Meta(max_length=320)]


class ResetBody(msgspec.Struct, frozen=True):
    """A token from a mail, and the password to set."""

    token: Token
    password: Annotated[str, Meta(max_length=4096, description="At least 12 characters.")]


class TokenBody(msgspec.Struct, frozen=True):
    """A token from a mail."""

    token: Token


async def forgot_password(call: Call[Any, AddressBody]) -> Reply:
    """Send a token for a new password."""
    await call.services.control.recovery.forgot_password(call.body.email, call.client_ip)
    return Reply(Success(True, "Password reset email sent"))


async def reset_password(call: Call[Any, ResetBody]) -> Reply:
    """Set a new password with the token."""
    recovery = call.services.control.recovery
    hashed = await recovery.new_password_hash(call.body.token, call.body.password)
    await recovery.reset_password(await call.writing(), call.body.token, hashed, call.client_ip)
    return Reply(Success(True, "Password reset successfully"))


async def verify_email(call: Call[Any, TokenBody]) -> Reply:
    """Prove an address with the token."""
    await call.services.control.recovery.verify_email(await call.writing(), call.body.token, call.client_ip)
    return Reply(Success(True, "Email verified successfully"))


async def resend_verification(call: Call[Any, AddressBody]) -> Reply:
    """Send another token that proves the address."""
    await call.services.control.recovery.resend_verification(call.body.email, call.client_ip)
    return Reply(Success(True, "Verification email sent"))


def _done(message: str) -> dict[str, object]:
    return {"success": True, "message": message}


ENDPOINTS = [
    Endpoint(
        "POST",
        "/api/v1/auth/password/forgot",
        forgot_password,
        PUBLIC,
        "Ask for a new password",
        _TAG,
        {200: Answers("A mail goes out if the address is known.", Success, _done("Password reset email sent"))},
        description=f"The mailed token is good once, for one hour. {_ALIKE}",
        body=AddressBody,
        body_example={"email": "user@example.com"},
        errors=(RateLimitExceeded,),
    ),
    Endpoint(
        "POST",
        "/api/v1/auth/password/reset",
        reset_password,
        PUBLIC,
        "Set a new password",
        _TAG,
        {200: Answers("The password is set.", Success, _done("Password reset successfully"))},
        description="Ends every login, cookie session and access token of the person; API keys stay.",
        body=ResetBody,
        body_example={"token": "9aXc…", "password": "NewSecurePassword123!"},
    ),
    Endpoint(
        "POST",
        "/api/v1/auth/verify-email",
        verify_email,
        PUBLIC,
        "Prove an e-mail address",
        _TAG,
        {200: Answers("The address is proven.", Success, _done("Email verified successfully"))},
        body=TokenBody,
        body_example={"token": "9aXc…"},
    ),
    Endpoint(
        "POST",
        "/api/v1/auth/verify-email/resend",
        resend_verification,
        PUBLIC,
        "Ask for another verification mail",
        _TAG,
        {
            200: Answers(
                "A mail goes out if the address is known and not proven.", Success, _done("Verification email sent")
            )
        },
        description=f"The mailed token is good once, for 24 hours. {_ALIKE}",
        body=AddressBody,
        body_example={"email": "user@example.com"},
        errors=(RateLimitExceeded,),
    ),
]
