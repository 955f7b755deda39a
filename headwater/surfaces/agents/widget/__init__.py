"""The chat window of deployments to web pages: one script tag, a frame, and the files of its page."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, Final

from headwater.control.deployments.models import Deployment
from headwater.control.deployments.service import find, no_deployment
from headwater.errors import NotFound
from headwater.surfaces._http.endpoint import PUBLIC, Answers, Call, Endpoint, Reply

_PAGE: Final = "/widget/{deployment_id}"
_ASSETS: Final = "/widget/assets"
_HTML, _SCRIPT, _STYLE = ("text/html; charset=utf-8", "text/javascript; charset=utf-8", "text/css; charset=utf-8")
_TAG: Final = "Deployments"
_KEPT: Final = ("cache-control", "max-age=3600")
_GREETING: Final = "Hello! What would you like to know?"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors "
)


async def page(call: Call[Any, bytes]) -> Reply:
    """The page within the frame; browsers show it on the deployment's origins only."""
    async with call.services.control.reading() as session:
        deployment = await find(session, call.path["deployment_id"])
    if deployment.platform != "web":
        raise no_deployment(deployment.id)
    ancestors = " ".join(deployment.config.get("origins") or ["*"])
    headers = (("content-security-policy", _POLICY + ancestors), ("cross-origin-resource-policy", "cross-origin"))
    return Reply(_filled(deployment), media_type=_HTML, headers=headers)


async def loader(_: Call[Any, bytes]) -> Reply:
    """The script of the tag, which pages of others load."""
    headers = (_KEPT, ("cross-origin-resource-policy", "cross-origin"))
    return Reply(_file("loader.js"), media_type=_SCRIPT, headers=headers)


async def script(_: Call[Any, bytes]) -> Reply:
    """The page's script."""
    return Reply(_file("chat.js"), media_type=_SCRIPT, headers=(_KEPT,))


async def style(_: Call[Any, bytes]) -> Reply:
    """The page's style."""
    return Reply(_file("chat.css"), media_type=_STYLE, headers=(_KEPT,))


def _filled(deployment: Deployment) -> bytes:
    config = deployment.config
    return (
        Template(_file("chat.html").decode())
        .substitute(
            title=escape(config.get("title") or "Chat"),
            greeting=escape(config.get("greeting") or _GREETING),
            inbound=escape(f"/api/v1/deployments/{deployment.id}/inbound"),
            assets=_ASSETS,
        )
        .encode()
    )


@cache
def _file(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()


def _served(path: str, handler: Any, summary: str, media_type: str) -> Endpoint:
    answers = {200: Answers("The file.", media_types=(media_type.partition(";")[0],))}
    return Endpoint("GET", path, handler, PUBLIC, summary, _TAG, answers, unchanging=True)


ENDPOINTS = [
    Endpoint(
        "GET",
        _PAGE,
        page,
        PUBLIC,
        "The chat of a web deployment",
        _TAG,
        {200: Answers("A page.", media_types=("text/html",))},
        errors=(NotFound,),
    ),
    _served("/widget.js", loader, "The script that shows the chat on a page", _SCRIPT),
    _served(f"{_ASSETS}/chat.js", script, "A file of the chat", _SCRIPT),
    _served(f"{_ASSETS}/chat.css", style, "A file of the chat", _STYLE),
]
