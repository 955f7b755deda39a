"""How a request's body comes in: piece by piece, neither too large nor too slowly.

A sender may pause for the server's ``body_timeout`` in all, and a second more for each
half kilobyte that came: whoever sends, however slowly, is waited for, and whoever only holds
a connection open is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Final

from starlette.requests import ClientDisconnect, Request

from headwater.errors import InvalidRequest, PayloadTooLarge, RequestTimeout

_SLOWEST: Final = 500
"""Bytes a second."""


async def chunks(request: Request, patience: float) -> AsyncIterator[bytes]:
    """The pieces as they come; ``RequestTimeout`` after ``patience`` seconds without enough of them."""
    stream = aiter(request.stream())
    waited, size = 0.0, 0
    try:
        while True:
            asked = monotonic()
            async with asyncio.timeout(patience + size / _SLOWEST - waited):
                chunk = await anext(stream, None)
            if chunk is None:
                return
            # What the reader does with a piece is not the sender's delay.
            waited += monotonic() - asked
            size += len(chunk)
            yield chunk
    except TimeoutError:
        raise RequestTimeout(
            f"The body came too slowly: {size:,} bytes after {patience + size / _SLOWEST:.0f} seconds. Send it again,"
            " in smaller parts where the connection is slow.",
            field="body",
            allowed=f"at least {_SLOWEST} bytes a second after the first {patience:g} seconds",
        ) from None
    except ClientDisconnect:
        raise InvalidRequest("The connection closed before the whole body came.", field="body") from None


async def read(request: Request, patience: float, limit: int) -> bytes:
    """The whole body, of at most ``limit`` bytes."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks(request, patience):
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        parts.append(chunk)
    return b"".join(parts)


def too_large(limit: int) -> PayloadTooLarge:
    """The refusal of a body over ``limit`` bytes."""
    return PayloadTooLarge(f"The body is larger than {limit:,} bytes.", field="body", allowed=limit)
