"""A template as an answer: the shell around it, the filters, the headers that keep a page safe.

    return await render(call, "members.html", title="Members", members=found)

A template extends ``shell.html`` (signed in) or ``plain.html`` (not), takes its parts
from ``parts.html`` and gets, besides what is passed, ``shell`` and ``may(permission,
role)``. Everything is escaped. Reads who the caller is, and nothing else.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from headwater.console import assets, charts, navigation, words
from headwater.control.organisations.service import OrganisationSettings
from headwater.errors import Unauthorized
from headwater.kit.ids import new_secret
from headwater.scope import Scope
from headwater.surfaces._http import cookies, forms
from headwater.surfaces._http.endpoint import Access, Call, Headers, Reply
from headwater.surfaces._http.services import Services

HTML: Final = "text/html; charset=utf-8"
SECURITY: Final = (
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
)
TOAST: Final = "headwater_toast"
_VISITOR_BYTES: Final = 32
_VISITOR_SECONDS: Final = 86400
_LONGEST_TOAST: Final = 300
# What may stand in an address as it is (RFC 3986), and the sign of what is already written otherwise.
_OF_ADDRESSES: Final = "/?#&=%+:,;@!$'()*[]"


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """What every page shows or sends besides its own: ``zone`` is where its times are."""

    path: str
    csrf_token: str
    toast: str = ""
    zone: str = "UTC"
    user: str = ""
    email: str = ""
    role: str = ""
    organisation: str = ""
    main: tuple[navigation.Entry, ...] = ()
    settings: tuple[navigation.Entry, ...] = ()


def prepare() -> None:
    """Read every template and what makes charts, which would keep the first visitor of each page waiting."""
    environment = _environment()
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)
    import_module("altair")


async def render(
    call: Call[Any, Any],
    template: str,
    *,
    title: str,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    **context: object,
) -> Reply:
    """The page; what stands in ``context`` is the template's."""
    secret = forms.secret_of(call.headers, call.caller)
    set_cookies: list[tuple[str, str]] = []
    if not secret and call.caller is None:
        secret = new_secret(_VISITOR_BYTES)
        set_cookies.append(cookies.lasting(cookies.VISITOR, secret, _VISITOR_SECONDS, secure=call.secure))
    toast = unquote(cookies.read(call.headers, TOAST) or "")[:_LONGEST_TOAST]
    if toast:
        set_cookies.append(cookies.lasting(TOAST, "", 0, secure=call.secure))
    csrf_token = call.services.control.access.csrf_token(secret)
    if call.caller is None:
        shell = Shell(path=call.at, csrf_token=csrf_token, toast=toast)
    else:
        shell = await shell_of(call.services, call.caller, call.at, csrf_token, toast)

    def may(access: Access) -> bool:
        return call.caller is not None and call.caller.allows(*access)

    body = fill(template, title=title, shell=shell, may=may, **context)
    return Reply(body, status, HTML, (SECURITY, *set_cookies, *headers))


def fill(template: str, **context: object) -> bytes:
    """A template with everything that it needs, for pages that know no caller."""
    return _environment().get_template(template).render(**context).encode()


def see_other(path: str, *headers: tuple[str, str]) -> Reply:
    """Go on to another page, which is asked for by GET: what answers a form that was taken."""
    return Reply(status=303, media_type=HTML, headers=(("location", quote(path, _OF_ADDRESSES)), SECURITY, *headers))


def done(call: Call[Any, Any], path: str, toast: str = "", *headers: tuple[str, str]) -> Reply:
    """Go on to another page, which says once what was done."""
    said = (cookies.lasting(TOAST, quote(toast), 60, secure=call.secure),) if toast else ()
    return see_other(path, *said, *headers)


async def signed_in(services: Services, headers: Headers) -> Scope | None:
    """Whose session a browser has, on pages that ask for none; None where it has none that is good."""
    session = cookies.read(headers, cookies.SESSION)
    if not session:
        return None
    try:
        return await services.control.access.authenticate(None, None, session)
    except Unauthorized:
        return None


async def shell_of(services: Services, scope: Scope, path: str, csrf_token: str, toast: str = "") -> Shell:
    """What surrounds a page of somebody who is signed in."""
    control = services.control
    async with control.reading() as session:
        user = await control.users.me(session, scope)
        organisation = await OrganisationSettings(session, scope).get()
    return Shell(
        path=path,
        csrf_token=csrf_token,
        toast=toast,
        zone=organisation.analytics_tz,
        user=user.full_name,
        email=user.email,
        role=scope.role.name,
        organisation=organisation.name,
        main=tuple(navigation.shown(navigation.MAIN, scope)),
        settings=tuple(navigation.shown(navigation.SETTINGS, scope)),
    )


@pass_context
def _moment(context: Context, at: Any) -> str:
    return words.moment(at, context["shell"].zone)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("headwater.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for word in (words.number, words.compact, words.percent, words.delta, words.money, words.day):
        environment.filters[word.__name__] = word
    environment.filters["moment"] = _moment
    environment.globals["asset"] = assets.path
    environment.globals["dark_chart"] = msgspec.json.encode(charts.DARK).decode()
    return environment
