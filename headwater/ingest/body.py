"""Read a request's body whole, unfolding ``Content-Encoding``, never beyond its limit.

The limit holds for the bytes sent and for the bytes unfolded, and is looked at
piece by piece, so that a compression bomb is stopped while it unfolds. It must
not know what the body means.
"""

from __future__ import annotations

import sys
import zlib
from asyncio import sleep
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from headwater.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

ENCODINGS = ("identity", "gzip", "zstd")

_PIECE = 256 * 1024
# RFC 9659: what a decoder of the content coding must offer, and may limit itself to.
_ZSTD_WINDOW = 8 * 1024 * 1024


class _Member(Protocol):
    """One gzip member or zstd frame being unfolded."""

    def unfold(self, data: memoryview) -> tuple[bytes, memoryview]:
        """A bounded piece of output, and the input that is still to be given."""

    @property
    def complete(self) -> bool:
        """Whether the end of the member was read and all of it given out."""


class _GzipMember:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    def unfold(self, data: memoryview) -> tuple[bytes, memoryview]:
        piece = self._stream.decompress(data, _PIECE)
        return piece, memoryview(self._stream.unconsumed_tail or self._stream.unused_data)

    @property
    def complete(self) -> bool:
        return self._stream.eof


class _ZstdMember:
    def __init__(self) -> None:
        window_log = _ZSTD_WINDOW.bit_length() - 1
        self._stream = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: window_log})

    def unfold(self, data: memoryview) -> tuple[bytes, memoryview]:
        piece = self._stream.decompress(data, _PIECE)
        return piece, memoryview(self._stream.unused_data)

    @property
    def complete(self) -> bool:
        return self._stream.eof


_MEMBERS: dict[str, Callable[[], _Member]] = {"gzip": _GzipMember, "zstd": _ZstdMember}


class _Unfolder:
    """Unfolds a run of members; what follows the last one must be another, whole."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._open = _MEMBERS[encoding]
        self._member: _Member | None = None
        self._members = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        data = memoryview(chunk)
        piece = b""
        # A full piece may have left output behind although all input is taken.
        while data or (self._member is not None and len(piece) >= _PIECE):
            if self._member is None:
                self._member = self._open()
                self._members += 1
            try:
                piece, data = self._member.unfold(data)
            except (zlib.error, zstd.ZstdError):
                raise self._refusal("is corrupt") from None
            if self._member.complete:
                self._member = None
            yield piece

    def finish(self) -> None:
        if self._member is not None or not self._members:
            raise self._refusal("ends too early")

    def _refusal(self, fault: str) -> InvalidRequest:
        message = f"Content-Encoding is {self._encoding}, but the body {fault}."
        return InvalidRequest(message, field="Content-Encoding")


async def read_body(chunks: AsyncIterator[bytes], encoding: str | None, limit: int) -> bytes:
    """The body's bytes, unfolded; ``encoding`` is the ``Content-Encoding`` header."""
    unfolder = _unfolder(encoding)
    body = bytearray()
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise _too_large(limit)
        if unfolder is None:
            body += chunk
            continue
        for piece in unfolder.feed(chunk):
            body += piece
            if len(body) > limit:
                raise _too_large(limit)
            # A small chunk may unfold for long: let others run between the pieces.
            if len(piece) >= _PIECE:
                await sleep(0)
    if unfolder is not None:
        unfolder.finish()
    return bytes(body)


def _unfolder(encoding: str | None) -> _Unfolder | None:
    name = (encoding or "identity").strip().lower()
    if name not in ENCODINGS:
        allowed = ", ".join(ENCODINGS)
        message = f"Content-Encoding is not supported; allowed: {allowed}."
        raise UnsupportedMediaType(message, field="Content-Encoding", allowed=list(ENCODINGS))
    return None if name == "identity" else _Unfolder(name)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {limit} bytes; send smaller batches.", limit=limit)
