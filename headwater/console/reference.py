"""The interactive reference of the API, on which whoever is signed in tries calls as themselves.

Calls go with the cookie of the session, as those of every page do; what changes something carries the
page's token, which a script of another site can neither read nor guess. So no key has to be made,
copied or kept in a browser for it; whoever wants to try a key gives it to the page, which forgets it.
"""

from __future__ import annotations

from typing import Any, Final

from headwater.console.pages import page
from headwater.console.rendering import HTML, Shell, fill, shell_of, signed_in
from headwater.surfaces._http import forms
from headwater.surfaces._http.endpoint import PUBLIC, Call, Reply

_SECURITY: Final = (
    "content-security-policy",
    # Swagger UI sets inline styles; scripts stay ours alone.
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)


async def reference(call: Call[Any, bytes]) -> Reply:
    """The page that draws the description."""
    scope = await signed_in(call.services, call.headers)
    shell = Shell(path=call.at, csrf_token="")
    if scope is not None:
        token = call.services.control.access.csrf_token(forms.secret_of(call.headers, scope))
        shell = await shell_of(call.services, scope, call.at, token)
    return Reply(fill("reference.html", shell=shell), media_type=HTML, headers=(_SECURITY,))


ENDPOINTS = [page("/docs", reference, PUBLIC, "The interactive reference")]
