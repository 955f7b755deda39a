"""Pages for who has no account yet, or cannot get into it: what is done with links that come by mail.

The token of a link stands behind its ``#``, which no browser sends; a script puts it
into the form, and without scripts it can be copied from the mail.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from headwater.console.entry import signed_in
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.errors import HeadwaterError
from headwater.surfaces._http.endpoint import PUBLIC, Call, Endpoint, Handler, Reply, Typed

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

    token: _Token = field(name="invite_token")
    """Called as the API calls it, whose errors name it."""
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
    await registration.admit(body.email, call.client_ip, invited=False)
    newcomer = await registration.newcomer(body.email, body.password, body.full_name)
    found = await registration.found(await call.writing(), newcomer, body.company_name, call.client_ip)
    return await signed_in(call, found.user, "/")


async def refused_register(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await _register(call, Shown(call.body, error))


async def submit_invitation(call: Call[Any, InvitedForm]) -> Reply:
    """A new person of the organisation, who is signed in."""
    body, registration = call.body, call.services.control.registration
    await registration.admit(body.email, call.client_ip, invited=True)
    newcomer = await registration.newcomer(body.email, body.password, body.full_name)
    joined = await registration.join(await call.writing(), newcomer, body.token, call.client_ip)
    return await signed_in(call, joined.user, "/")


async def submit_forgot(call: Call[Any, AddressForm]) -> Reply:
    """Send a mail, if somebody has the address; what is said is the same either way."""
    await call.services.control.recovery.forgot_password(call.body.email, call.client_ip)
    return done(call, "/sign-in", "If somebody has this address here, a mail with a link is on its way.")


async def submit_reset(call: Call[Any, ResetForm]) -> Reply:
    """Set the password; whoever did it signs in with it."""
    recovery = call.services.control.recovery
    hashed = await recovery.new_password_hash(call.body.token, call.body.password)
    await recovery.reset_password(await call.writing(), call.body.token, hashed, call.client_ip)
    return done(call, "/sign-in", "The password is set. Sign in with it.")


async def submit_verify(call: Call[Any, TokenForm]) -> Reply:
    """Take the address for proven."""
    await call.services.control.recovery.verify_email(await call.writing(), call.body.token, call.client_ip)
    return done(call, "/sign-in", "Your e-mail address is verified.")


async def show(call: Call[Any, Any], template: str, title: str) -> Reply:
    """A form that needs nothing but its own fields; that of a mailed link is a button, so that no reader uses it up."""
    return await _shown(call, template, title, Shown())


async def show_again(call: Call[Any, Typed], error: HeadwaterError, template: str, title: str) -> Reply:
    """The form again."""
    return await _shown(call, template, title, Shown(call.body, error))


async def _shown(call: Call[Any, Any], template: str, title: str, shown: Shown) -> Reply:
    return await render(call, template, title=title, status=shown.status, shown=shown)


def _asking(
    path: str, title: str, submit: Handler, summary: str, fields: type[msgspec.Struct]
) -> tuple[Endpoint, Endpoint]:
    """A page and the form on it."""
    template = f"{path[1:]}.html"
    again = partial(show_again, template=template, title=title)
    return (
        page(path, partial(show, template=template, title=title), PUBLIC, title),
        form(path, submit, PUBLIC, summary, fields, again),
    )


ENDPOINTS = [
    page("/register", register, PUBLIC, "Create an account"),
    form("/register", submit_register, PUBLIC, "Create an account", RegisterForm, refused_register),
    *_asking("/invitation", "Accept the invitation", submit_invitation, "Accept an invitation", InvitedForm),
    *_asking("/forgot", "Choose a new password", submit_forgot, "Ask for a new password", AddressForm),
    *_asking("/reset", "Choose a new password", submit_reset, "Set a new password", ResetForm),
    *_asking("/verify", "Verify your e-mail address", submit_verify, "Verify an e-mail address", TokenForm),
]
