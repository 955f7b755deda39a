"""The files that pages load: our own, and the chart library as the chart converter brings it.

A file's name holds a hash of what is in it, so that browsers keep it for ever and
still never show an old one. Nothing is fetched from outside.

>>> path("console.css").startswith("/console/assets/console-")
True
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from headwater.surfaces._http.endpoint import PUBLIC, Answers, Call, Endpoint, Reply

PREFIX: Final = "/console/assets"
_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_OWN: Final = (
    "console.css",
    "figures.css",
    "early.js",
    "console.js",
    "charts.js",
    "builder.js",
    "annotate.js",
    "icon.svg",
)
_VEGA: Final = "vega.js"
_FOR_EVER: Final = ("cache-control", "public, max-age=31536000, immutable")
_VARY: Final = ("vary", "accept-encoding")


@cache
def path(name: str) -> str:
    """Where a file is served."""
    stem, _, extension = name.rpartition(".")
    # The bundle takes a second to make and is the same for a version of the package that makes it.
    content = f"{version('vl-convert-python')} {_SNIPPET}".encode() if name == _VEGA else _own(name)
    return f"{PREFIX}/{stem}-{hashlib.sha256(content).hexdigest()[:12]}.{extension}"


def endpoints() -> list[Endpoint]:
    """A route for each file."""
    return [*(_endpoint(name, partial(_own, name)) for name in _OWN), _endpoint(_VEGA, _vega)]


_SNIPPET: Final = "window.vegaEmbed = vegaEmbed;"


def _endpoint(name: str, content: Callable[[], bytes]) -> Endpoint:
    media_type = _TYPES[name.rpartition(".")[2]]

    @cache
    def zipped() -> bytes:
        return gzip.compress(content(), 6, mtime=0)

    async def handler(call: Call[Any, bytes]) -> Reply:
        """A file, packed for those who say that they unpack."""
        if not _unpacks(call):
            return Reply(await asyncio.to_thread(content), media_type=media_type, headers=(_FOR_EVER, _VARY))
        packed = await asyncio.to_thread(zipped)
        return Reply(packed, media_type=media_type, headers=(_FOR_EVER, _VARY, ("content-encoding", "gzip")))

    answers = {200: Answers("The file.", media_types=(media_type.partition(";")[0],))}
    return Endpoint(
        "GET", path(name), handler, PUBLIC, f"The file {name} of the console", "Console", answers, unchanging=True
    )


def _unpacks(call: Call[Any, Any]) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in call.lines)


@cache
def _own(name: str) -> bytes:
    return files("headwater.console").joinpath("static", name).read_bytes()


@cache
def _vega() -> bytes:
    import vl_convert  # slow to import, and only wanted here

    return str(vl_convert.javascript_bundle(_SNIPPET)).encode()
