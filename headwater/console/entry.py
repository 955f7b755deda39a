"""Signing in and out: the cookie session that every other page asks for."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console import rendering
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render, see_other
from headwater.control.users.models import User
from headwater.errors import HeadwaterError
from headwater.surfaces._http import cookies
from headwater.surfaces._http.endpoint import PUBLIC, READ, Call, Reply, Typed

# A browser takes a backslash for a slash, and leaves tabs and line ends out.
_LOCAL: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*").fullmatch


class Onwards(msgspec.Struct, frozen=True):
    """Where to go once signed in."""

    next: str = "/"


class SignInForm(Onwards, frozen=True, kw_only=True):
    """Who wants to sign in."""

    email: Annotated[str, Meta(max_length=320)]
    password: Annotated[str, Meta(max_length=4096)]


def local(path: str) -> str:
    """A path of this server to go on to; anything else is the first page.

    >>> local("/ads?days=7"), local("//evil.example"), local("/\\\\evil.example"), local("https://evil.example")
    ('/ads?days=7', '/', '/', '/')
    """
    return path if _LOCAL(path) else "/"


async def sign_in(call: Call[Onwards, bytes]) -> Reply:
    """The form; whoever is signed in already goes on."""
    if await rendering.signed_in(call.services, call.headers) is not None:
        return see_other(local(call.query.next))
    return await _form(call, Shown(), local(call.query.next))


async def submit(call: Call[Any, SignInForm]) -> Reply:
    """Check the password and begin a session."""
    form = call.body
    found = await call.services.control.users.login(form.email, form.password, call.client_ip)
    return await signed_in(call, found.user, local(form.next))


async def refused(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again, without the password."""
    shown = Shown(call.body, error)
    return await _form(call, shown, local(shown.value("next", "/")))


async def signed_in(call: Call[Any, Any], user: User, path: str, toast: str = "") -> Reply:
    """Go on to ``path`` with a session of this user; ``toast`` is said there."""
    secret = await call.services.control.users.start_session(await call.writing(), user)
    seconds = call.services.settings.session_days * 86400
    return done(
        call,
        path,
        toast,
        cookies.lasting(cookies.SESSION, secret, seconds, secure=call.secure),
        cookies.lasting(cookies.VISITOR, "", 0, secure=call.secure),
    )


async def sign_out(call: Call[Any, Any]) -> Reply:
    """End the session."""
    session = cookies.read(call.headers, cookies.SESSION)
    if session:
        await call.services.control.users.end_session(await call.writing(), session, call.client_ip)
    return see_other("/sign-in", cookies.lasting(cookies.SESSION, "", 0, secure=call.secure))


async def _form(call: Call[Any, Any], shown: Shown, path: str) -> Reply:
    return await render(
        call,
        "sign_in.html",
        title="Sign in",
        status=shown.status,
        shown=shown,
        next=path,
        may_register=call.services.settings.registration == "open",
    )


ENDPOINTS = [
    page("/sign-in", sign_in, PUBLIC, "Sign in", Onwards),
    form("/sign-in", submit, PUBLIC, "Sign in", SignInForm, refused),
    form("/sign-out", sign_out, READ, "Sign out"),
]
