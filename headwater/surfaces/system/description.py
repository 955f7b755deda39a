"""The API's description at ``/openapi.json``, and the files of its interactive reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from headwater import __version__
from headwater.surfaces._http.endpoint import PUBLIC, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.envelope import ErrorForms
from headwater.surfaces._http.openapi import describe

_SCRIPT, _STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
_ASSETS = {
    "reference.js": _SCRIPT,
    "reference.css": _STYLE,
    "swagger-ui-bundle.js": _SCRIPT,
    "swagger-ui.css": _STYLE,
}
_FROM_PACKAGE = {"swagger-ui-bundle.js", "swagger-ui.css"}


def endpoints(described: Callable[[], Sequence[Endpoint]], forms: ErrorForms) -> list[Endpoint]:
    """The routes; ``described`` gives all endpoints once they are collected."""

    @cache
    def document() -> bytes:
        return msgspec.json.encode(describe(described(), forms, __version__))

    async def openapi(_: Call[Any, bytes]) -> Reply:
        """The description."""
        return Reply(document())

    def asset(name: str, media_type: str) -> Endpoint:
        async def handler(_: Call[Any, bytes]) -> Reply:
            """A file of the page."""
            return Reply(_asset(name), media_type=media_type, headers=(("cache-control", "max-age=3600"),))

        answers = {200: Answers("The file.", media_types=(media_type.partition(";")[0],))}
        return Endpoint(
            "GET", f"/docs/{name}", handler, PUBLIC, "A file of the reference", "System", answers, unchanging=True
        )

    return [
        Endpoint(
            "GET",
            "/openapi.json",
            openapi,
            PUBLIC,
            "The API description",
            "System",
            {200: Answers("OpenAPI 3.1.", dict[str, Any], {"openapi": "3.1.0"})},
            unchanging=True,
        ),
        *(asset(name, media_type) for name, media_type in _ASSETS.items()),
    ]


@cache
def _asset(name: str) -> bytes:
    if name in _FROM_PACKAGE:
        return _package_folder().joinpath(name).read_bytes()
    return files("headwater.surfaces.system").joinpath("reference", name).read_bytes()


def _package_folder() -> Path:
    """Where the installed Swagger UI lies; the package that brings it is not imported."""
    spec = find_spec("flask_swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The package flask-swagger-ui, which brings the reference page, is not installed.")
    return Path(spec.submodule_search_locations[0]) / "dist"
