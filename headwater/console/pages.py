"""How a page and a form are declared: as endpoints, with who may use them, like every route of the API.

page("/settings/members", members, READ, "Members")
form("/settings/members", invite, ADMIN, "Invite somebody", InviteForm, refused=members_again)
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headwater.surfaces._http.endpoint import Access, Answers, Endpoint, Handler, Refused
from headwater.surfaces._http.services import Services

_TAG = "Console"


def page(
    path: str, handler: Handler, access: Access | None, summary: str, query: type[msgspec.Struct] | None = None
) -> Endpoint:
    """A page that is looked at; its filters are the ``query``."""
    return Endpoint(
        "GET",
        path,
        handler,
        access,
        summary,
        _TAG,
        {200: Answers("The page.", media_types=("text/html",))},
        query=query,
    )


class Nothing(msgspec.Struct, frozen=True):
    """A form that is but a button."""


def form(
    path: str,
    handler: Handler,
    access: Access | None,
    summary: str,
    fields: type[msgspec.Struct] = Nothing,
    refused: Refused | None = None,
    max_files: Callable[[Services], int] | None = None,
) -> Endpoint:
    """What a form is sent to; ``handler`` answers where to go on, ``refused`` shows the form again.

    Without ``refused`` what is wrong is said on a page of its own. One with files says how many
    bytes they may be, by ``max_files``.
    """
    return Endpoint(
        "POST",
        path,
        handler,
        access,
        summary,
        _TAG,
        {303: Answers("Go on.", media_types=("text/html",))},
        form=fields,
        refused=refused,
        takes_files=max_files is not None,
        max_body=max_files,
        own_idempotency=True,
    )
