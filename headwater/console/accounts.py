"""Pages for who has no account yet, or cannot get into it: what is done with links that come by mail.

The token of a link stands behind its ``#``, which no browser sends; a script puts it
into the form, and without scripts it can be copied from the mail.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.console.entry import signed_in
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.errors import HeadwaterError, InvalidRequest
from headwater.surfaces._http.endpoint import PUBLIC, Call, Reply, Typed

_Email = Annotated[str, Meta(max_length=320)]
_Password = Annotated[str, Meta(max_length=4096)]
_Name = Annotated[str, Meta(max_length=255)]
_Token = Annotated[str, Meta(min_length=1, max_length=512)]


class RegisterForm(msgspec.Struct, frozen=True):
    """A new person and their new organisation."""

    company_name: _Name
    full_name: _Name
    email: _Email
    password: _Password


class InvitedForm(msgspec.Struct, frozen=True):
    """A new person of the organisation that invited them."""

    token: _Token
    full_name: _Name
    email: _Email
    password: _Password


class AddressForm(msgspec.Struct, frozen=True):
    """Whom to write to."""

    email: _Email


class ResetForm(msgspec.Struct, frozen=True):
    """A token from a mail, and the password to set."""

    token: _Token
    password: _Password


class TokenForm(msgspec.Struct, frozen=True):
    """A token from a mail."""

    token: _Token


async def register(call: Call[Any, Any]) -> Reply:
    """The form, or that the server takes nobody."""
    return await _register(call, Shown())


async def _register(call: Call[Any, Any], shown: Shown) -> Reply:
    may = call.services.settings.registration == "open"
    return await render(
        call, "register.html", title="Create an account", status=shown.status, shown=shown, may_register=may
    )


async def submit_register(call: Call[Any, RegisterForm]) -> Reply:
    """A new organisation with its owner, who is signed in."""
    body, registration = call.body, call.services.control.registration
    registration.admit(body.email, call.client_ip, invited=False)
    newcomer = await registration.newcomer(body.email, body.password, body.full_name)
    found = await registration.found(await call.writing(), newcomer, body.company_name, call.client_ip)
    return await signed_in(call, found.user, "/")


async def refused_register(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await _register(call, Shown(call.body, error))


async def invitation(call: Call[Any, Any]) -> Reply:
    """The form of who was invited."""
    return await _invitation(call, Shown())


async def _invitation(call: Call[Any, Any], shown: Shown) -> Reply:
    return await render(call, "invitation.html", title="Accept the invitation", status=shown.status, shown=shown)


async def submit_invitation(call: Call[Any, InvitedForm]) -> Reply:
    """A new person of the organisation, who is signed in."""
    body, registration = call.body, call.services.control.registration
    registration.admit(body.email, call.client_ip, invited=True)
    newcomer = await registration.newcomer(body.email, body.password, body.full_name)
    joined = await registration.join(await call.writing(), newcomer, body.token, call.client_ip)
    return await signed_in(call, joined.user, "/")


async def refused_invitation(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    if error.details.get("field") == "invite_token":
        # The API calls it by another name than the page.
        error = InvalidRequest(error.message.replace("'invite_token'", "'token'", 1), field="token")
    return await _invitation(call, Shown(call.body, error))


async def forgot(call: Call[Any, Any]) -> Reply:
    """Asks for an address."""
    return await _forgot(call, Shown())


async def _forgot(call: Call[Any, Any], shown: Shown) -> Reply:
    return await render(call, "forgot.html", title="Choose a new password", status=shown.status, shown=shown)


async def submit_forgot(call: Call[Any, AddressForm]) -> Reply:
    """Send a mail, if somebody has the address; what is said is the same either way."""
    call.services.control.recovery.forgot_password(call.body.email, call.client_ip)
    return done(call, "/sign-in", "If somebody has this address here, a mail with a link is on its way.")


async def refused_forgot(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await _forgot(call, Shown(call.body, error))


async def reset(call: Call[Any, Any]) -> Reply:
    """Asks for the password to set."""
    return await _reset(call, Shown())


async def _reset(call: Call[Any, Any], shown: Shown) -> Reply:
    return await render(call, "reset.html", title="Choose a new password", status=shown.status, shown=shown)


async def submit_reset(call: Call[Any, ResetForm]) -> Reply:
    """Set the password; whoever did it signs in with it."""
    recovery = call.services.control.recovery
    hashed = await recovery.new_password_hash(call.body.token, call.body.password)
    await recovery.reset_password(await call.writing(), call.body.token, hashed, call.client_ip)
    return done(call, "/sign-in", "The password is set. Sign in with it.")


async def refused_reset(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await _reset(call, Shown(call.body, error))


async def verify(call: Call[Any, Any]) -> Reply:
    """A button, so that what looks into mails beforehand uses no link up."""
    return await _verify(call, Shown())


async def _verify(call: Call[Any, Any], shown: Shown) -> Reply:
    return await render(call, "verify.html", title="Verify your e-mail address", status=shown.status, shown=shown)


async def submit_verify(call: Call[Any, TokenForm]) -> Reply:
    """Take the address for proven."""
    await call.services.control.recovery.verify_email(await call.writing(), call.body.token, call.client_ip)
    return done(call, "/sign-in", "Your e-mail address is verified.")


async def refused_verify(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await _verify(call, Shown(call.body, error))


ENDPOINTS = [
    page("/register", register, PUBLIC, "Create an account"),
    form("/register", submit_register, PUBLIC, "Create an account", RegisterForm, refused_register),
    page("/invitation", invitation, PUBLIC, "Accept an invitation"),
    form("/invitation", submit_invitation, PUBLIC, "Accept an invitation", InvitedForm, refused_invitation),
    page("/forgot", forgot, PUBLIC, "Forgotten password"),
    form("/forgot", submit_forgot, PUBLIC, "Ask for a new password", AddressForm, refused_forgot),
    page("/reset", reset, PUBLIC, "Choose a new password"),
    form("/reset", submit_reset, PUBLIC, "Set a new password", ResetForm, refused_reset),
    page("/verify", verify, PUBLIC, "Verify an e-mail address"),
    form("/verify", submit_verify, PUBLIC, "Verify an e-mail address", TokenForm, refused_verify),
]
