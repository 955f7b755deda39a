"""Errors of pages as pages: in calm words, with the request's id; who is not signed in goes to sign in."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import structlog

from headwater.console.rendering import HTML, SECURITY, Shell, fill, see_other, shell_of, signed_in
from headwater.errors import HeadwaterError
from headwater.surfaces._http import forms
from headwater.surfaces._http.endpoint import Reply
from headwater.surfaces._http.envelope import FIRST_FORM, ErrorForm, Visit
from headwater.surfaces._http.services import Services

log = structlog.get_logger(__name__)

PATHS: Final = (
    "/",
    "/sign-in",
    "/sign-out",
    "/register",
    "/forgot",
    "/reset",
    "/verify",
    "/invitation",
    "/ads",
    "/creators",
    "/decisions",
    "/agents",
    "/data-sources",
    "/settings",
    "/console",
)
"""Where people look, and below."""
_TITLES: Final = {
    400: "That cannot be shown as asked",
    402: "Your plan does not include this",
    403: "You may not do this",
    404: "There is nothing here",
    405: "This page cannot be used that way",
    409: "That cannot be done now",
    413: "That is larger than this server takes",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "Not available just now",
    504: "That took too long",
}


async def _page(error: HeadwaterError, visit: Visit, services: Services) -> Reply:
    """The error as a page; whoever is signed in keeps the navigation."""
    if error.status == 401:
        return see_other(_sign_in(visit))
    shell = await _shell(visit, services)
    title = _TITLES.get(error.status, "That did not work")
    body = fill("error.html", title=title, shell=shell, message=error.message, request_id=visit.request_id)
    return Reply(body, error.status, HTML, (SECURITY,))


async def _shell(visit: Visit, services: Services) -> Shell:
    plain = Shell(path=visit.path, csrf_token="")
    try:
        scope = await signed_in(services, visit.headers)
        if scope is None:
            return plain
        token = services.control.access.csrf_token(forms.secret_of(visit.headers, scope))
        return await shell_of(services, scope, visit.path, token)
    except Exception:
        # What is broken may be the very thing that knows who asks; that it is broken is to be said all the same.
        log.exception("error_page.without_navigation", path=visit.path)
        return plain


def _sign_in(visit: Visit) -> str:
    if visit.method not in ("GET", "HEAD") or visit.path == "/":
        return "/sign-in"
    return f"/sign-in?next={quote(visit.path + (f'?{visit.query}' if visit.query else ''), safe='/')}"


FORM: Final = ErrorForm(PATHS, FIRST_FORM.body, FIRST_FORM.schema, FIRST_FORM.example, _page)
