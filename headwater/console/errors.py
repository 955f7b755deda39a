"""Errors of pages as pages: in calm words, with the request's id; who is not signed in goes to sign in."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from headwater.console.rendering import HTML, SECURITY, Shell, fill, see_other
from headwater.errors import HeadwaterError
from headwater.surfaces._http.endpoint import Reply
from headwater.surfaces._http.envelope import FIRST_FORM, ErrorForm, Visit

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
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "Not available just now",
    504: "That took too long",
}


def _page(error: HeadwaterError, visit: Visit) -> Reply:
    """The error as a page."""
    if error.status == 401:
        return see_other(_sign_in(visit))
    shell = Shell(path=visit.path, csrf_token="")
    title = _TITLES.get(error.status, "That did not work")
    body = fill("error.html", title=title, shell=shell, message=error.message, request_id=visit.request_id)
    return Reply(body, error.status, HTML, (SECURITY,))


def _sign_in(visit: Visit) -> str:
    if visit.method not in ("GET", "HEAD") or visit.path == "/":
        return "/sign-in"
    return f"/sign-in?next={quote(visit.path + (f'?{visit.query}' if visit.query else ''), safe='/')}"


FORM: Final = ErrorForm(PATHS, FIRST_FORM.body, FIRST_FORM.schema, FIRST_FORM.example, _page)
