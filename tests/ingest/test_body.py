"""Bodies unfold to what was sent, whatever the chunks, and never beyond the limit."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from headwater.ingest.body import read_body, zstd

LIMIT = 1_000_000
FOLD = {"identity": bytes, "gzip": gzip.compress, "zstd": zstd.compress}


async def chunked(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


class Counted:
    """Chunks that remember how many were asked for."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size, self.asked = data, size, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.data), self.size):
            self.asked += 1
            yield self.data[start : start + self.size]


@given(
    data=st.binary(max_size=3000) | st.binary(min_size=1, max_size=8).map(lambda part: part * 20_000),
    size=st.integers(1, 5000),
    encoding=st.sampled_from(list(FOLD)),
    parts=st.integers(1, 3),
)
async def test_chunking_and_members_do_not_matter(data: bytes, size: int, encoding: str, parts: int) -> None:
    folded = FOLD[encoding](data) * parts
    size = max(size, len(folded) // 500)
    assert await read_body(chunked(folded, size), encoding, LIMIT) == data * parts


@pytest.mark.parametrize("encoding", [None, "", "identity", "GZIP", " zstd "])
async def test_encoding_names_are_read_leniently(encoding: str | None) -> None:
    folded = FOLD[(encoding or "identity").strip().lower()](b"x")
    assert await read_body(chunked(folded, 10), encoding, LIMIT) == b"x"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
async def test_unknown_encoding_says_what_is_allowed(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaType) as refused:
        await read_body(chunked(b"x", 1), encoding, LIMIT)
    assert refused.value.details == {"field": "Content-Encoding", "allowed": ["identity", "gzip", "zstd"]}


@pytest.mark.parametrize("encoding", FOLD)
async def test_limit_is_inclusive(encoding: str) -> None:
    data = bytes(range(256)) * 40
    assert await read_body(chunked(FOLD[encoding](data), 100), encoding, len(data)) == data
    with pytest.raises(PayloadTooLarge):
        await read_body(chunked(FOLD[encoding](data), 100), encoding, len(data) - 1)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_bomb_is_stopped_while_it_unfolds(encoding: str) -> None:
    bomb = Counted(FOLD[encoding](bytes(200_000_000)), 256)
    with pytest.raises(PayloadTooLarge):
        await read_body(aiter(bomb), encoding, LIMIT)
    assert bomb.asked * bomb.size < len(bomb.data) / 4


async def test_sent_bytes_are_limited_too() -> None:
    empty_members = gzip.compress(b"") * 100
    with pytest.raises(PayloadTooLarge):
        await read_body(chunked(empty_members, 100), "gzip", 500)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda folded: folded[:-1],
        lambda folded: folded[:8],
        lambda folded: b"",
        lambda folded: b"not compressed",
        lambda folded: folded + b"garbage after it",
        lambda folded: folded + folded[:5],
        lambda folded: folded[:-2] + bytes(byte ^ 0xFF for byte in folded[-2:]),
    ],
)
async def test_damage_names_the_header(encoding: str, damage) -> None:
    compress = FOLD["gzip"] if encoding == "gzip" else zstd.compress
    with pytest.raises(InvalidRequest) as refused:
        await read_body(chunked(damage(compress(b"hello " * 50)), 7), encoding, LIMIT)
    assert refused.value.details == {"field": "Content-Encoding"}


async def test_zstd_window_beyond_the_codings_limit_is_refused() -> None:
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    folded = compressor.compress(b"a" * 1000) + compressor.flush()
    with pytest.raises(InvalidRequest):
        await read_body(chunked(folded, 1000), "zstd", LIMIT)


async def test_raw_deflate_is_not_gzip() -> None:
    with pytest.raises(InvalidRequest):
        await read_body(chunked(zlib.compress(b"x"), 10), "gzip", LIMIT)
