"""Files and documents of people's own as a data source."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.console.sources.listing import PATH
from headwater.control.sources.service import LONGEST_NAME
from headwater.errors import HeadwaterError, InvalidRequest
from headwater.sources.files.kinds import ALLOWED
from headwater.surfaces._http import sources
from headwater.surfaces._http.endpoint import WRITE, Call, Reply, Typed
from headwater.surfaces._http.multipart import MOST_FILES

_HERE: Final = f"{PATH}/upload"
_MEBIBYTE: Final = 2**20


class UploadForm(msgspec.Struct, frozen=True):
    """The name; the files come beside it."""

    source_name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]


async def new(call: Call[Any, bytes]) -> Reply:
    """The form."""
    return await _page(call, Shown())


async def upload(call: Call[Any, UploadForm]) -> Reply:
    """Read the files."""
    if not call.files:
        raise InvalidRequest("Choose at least one file.", field="file")
    if any(one.field != "file" or not one.name for one in call.files):
        raise InvalidRequest("Each file needs a name.", field="file")
    taken = await sources.upload(call, call.body.source_name, call.files)
    return done(call, f"{PATH}/{taken.source.id}", f"{taken.source.source_name} is ready to be asked.")


async def again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again; browsers let no page fill files in."""
    return await _page(call, Shown(call.body, error))


async def _page(call: Call[Any, Any], shown: Shown) -> Reply:
    most = sources.upload_limit(call.services)
    return await render(
        call,
        "sources/upload.html",
        title="Upload files",
        status=shown.status,
        crumbs=[("Data sources", PATH)],
        shown=shown,
        most_bytes=most,
        most_mebibytes=most / _MEBIBYTE,
        most_files=MOST_FILES,
        kinds=ALLOWED,
    )


ENDPOINTS = [
    page(_HERE, new, WRITE, "Upload files"),
    form(_HERE, upload, WRITE, "Upload files", UploadForm, again, max_files=sources.upload_limit),
]
