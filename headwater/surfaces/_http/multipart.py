"""The parts of a ``multipart/form-data`` body: files and fields, however they were sent.

Knows nothing of what they mean. The body is whole and bounded when it comes here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from headwater.errors import InvalidRequest

MEDIA_TYPE = "multipart/form-data"
MOST_FILES = 50
MOST_FIELDS = 50


class Part(msgspec.Struct, frozen=True):
    """A file as it was sent, under the field that it was sent in."""

    field: str
    name: str
    data: bytes


class Form(msgspec.Struct, frozen=True):
    """What a form holds; of a field that comes twice the last one counts."""

    files: tuple[Part, ...]
    fields: dict[str, str]


async def read_form(body: bytes, content_type: str) -> Form:
    """The parts of ``body``; ``InvalidRequest`` where it is not of that form."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    if "boundary=" not in content_type:
        raise _unreadable("its 'Content-Type' names no boundary")
    headers = Headers({"content-type": content_type})
    try:
        form = await MultiPartParser(headers, stream(), max_files=MOST_FILES, max_fields=MOST_FIELDS).parse()
    except MultiPartException as error:
        raise _unreadable(error.message) from None
    except (KeyError, ValueError, UnicodeDecodeError):
        raise _unreadable("its parts cannot be told apart") from None
    files, fields = list[Part](), dict[str, str]()
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            files.append(Part(name, value.filename or "", await value.read()))
        else:
            fields[name] = value
    await form.close()
    return Form(tuple(files), fields)


def _unreadable(reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"The body is not a form of parts: {reason.rstrip('.')}.",
        place="body",
        field="body",
        allowed="multipart/form-data as browsers and `curl -F` send it",
    )
