"""Everybody's own name, password and proof of address."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.console.entry import signed_in
from headwater.console.pages import Nothing, form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.errors import HeadwaterError
from headwater.surfaces._http.endpoint import OWN, READ, Call, Reply, Typed

_HERE = "/settings/profile"


class NameForm(msgspec.Struct, frozen=True):
    """What people are called."""

    full_name: Annotated[str, Meta(max_length=255)]


class PasswordForm(msgspec.Struct, frozen=True):
    """The password so far, and the next one."""

    current_password: Annotated[str, Meta(max_length=4096)]
    password: Annotated[str, Meta(max_length=4096)]


async def profile(call: Call[Any, Any]) -> Reply:
    """The forms."""
    return await _page(call, Shown())


async def _page(call: Call[Any, Any], shown: Shown) -> Reply:
    control = call.services.control
    async with control.reading() as session:
        user = await control.users.me(session, call.scope)
    return await render(
        call, "settings/profile.html", title="Profile", status=shown.status, shown=shown, person=user, own=OWN
    )


async def rename(call: Call[Any, NameForm]) -> Reply:
    """Another name."""
    await call.services.control.users.rename(await call.writing(), call.scope, call.body.full_name)
    return done(call, _HERE, "Your name is changed.")


async def change_password(call: Call[Any, PasswordForm]) -> Reply:
    """Another password; every session ends, and this browser gets a new one."""
    body, users = call.body, call.services.control.users
    changed = await users.change_password(call.scope, body.current_password, body.password, call.client_ip)
    return await signed_in(call, changed.user, _HERE, toast="Your password is changed.")


async def resend(call: Call[Any, Nothing]) -> Reply:
    """Another mail that proves the address."""
    control = call.services.control
    async with control.reading() as session:
        user = await control.users.me(session, call.scope)
    await control.recovery.resend_verification(user.email, call.client_ip)
    return done(call, _HERE, "A mail with a link is on its way.")


async def refused(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The page again."""
    return await _page(call, Shown(call.body, error))


ENDPOINTS = [
    page(_HERE, profile, READ, "Profile"),
    form(_HERE, rename, OWN, "Change the name", NameForm, refused),
    form(f"{_HERE}/password", change_password, OWN, "Change the password", PasswordForm, refused),
    form(f"{_HERE}/verification", resend, OWN, "Ask for another mail that proves the address", Nothing, refused),
]
