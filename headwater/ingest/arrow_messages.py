"""How much an Arrow stream will take once unfolded, read off its messages without unfolding them.

Arrow believes the length that stands before each compressed buffer and allocates
it; nothing else stops a stream of a kilobyte from taking a terabyte. This reads the
few fields of the message header (a FlatBuffers table, ``format/Message.fbs``) that
tell, and nothing more.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pyarrow as pa

_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_UNCOMPRESSED = -1


def unfolded_bytes(stream: bytes) -> int:
    """Bytes of all message bodies after decompression; ArrowInvalid when it is no Arrow stream."""
    try:
        return sum(_unfolded(message) for message in pa.ipc.MessageReader.open_stream(pa.BufferReader(stream)))
    except struct.error:
        raise pa.ArrowInvalid("damaged message") from None


def _unfolded(message: pa.ipc.Message) -> int:
    body = message.body
    buffers = list(_compressed_buffers(message.metadata.to_pybytes()))
    if body is None or not buffers:
        return 0 if body is None else int(body.size)
    data = memoryview(body)
    return sum(_buffer_length(data, offset, length) for offset, length in buffers)


def _buffer_length(body: memoryview, offset: int, length: int) -> int:
    if length == 0:
        return 0
    (claimed,) = struct.unpack_from("<q", body, offset)
    if claimed < _UNCOMPRESSED:
        raise pa.ArrowInvalid("damaged buffer")
    return length if claimed == _UNCOMPRESSED else int(claimed)


def _compressed_buffers(header: bytes) -> Iterator[tuple[int, int]]:
    """Offset and length of each buffer, if the message is a batch with compressed ones."""
    (root,) = struct.unpack_from("<I", header, 0)
    kind_at, batch_at = _slot(header, root, 1), _slot(header, root, 2)
    kind = header[kind_at] if kind_at else 0
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH) or not batch_at:
        return
    batch = _follow(header, batch_at)
    if kind == _DICTIONARY_BATCH:
        data_at = _slot(header, batch, 1)
        if not data_at:
            return
        batch = _follow(header, data_at)
    buffers_at, compression_at = _slot(header, batch, 2), _slot(header, batch, 3)
    if buffers_at and compression_at:
        vector = _follow(header, buffers_at)
        (count,) = struct.unpack_from("<I", header, vector)
        for number in range(count):
            yield struct.unpack_from("<qq", header, vector + 4 + 16 * number)


def _slot(header: bytes, table: int, number: int) -> int:
    """Where field ``number`` of the FlatBuffers table lies, or 0 when it is absent."""
    (back,) = struct.unpack_from("<i", header, table)
    (size,) = struct.unpack_from("<H", header, table - back)
    if 4 + 2 * number >= size:
        return 0
    (offset,) = struct.unpack_from("<H", header, table - back + 4 + 2 * number)
    return table + offset if offset else 0


def _follow(header: bytes, at: int) -> int:
    (offset,) = struct.unpack_from("<I", header, at)
    return int(at + offset)
