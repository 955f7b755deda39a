"""A filter in memory that says of a key "surely new" or "perhaps seen": a blocked Bloom filter over Arrow arrays.

A key sets six bits in each of two 64-bit words, so that asking costs two places
in memory whatever the number of keys. It never calls a key new that was added;
of others it takes about two in a million for seen when it holds as many keys as
it was made for. Keys must be spread evenly over 64 bits, as MD5 spreads them. It
must not know where keys come from or lie.

>>> filter_ = KeyFilter(1000)
>>> filter_.add(pa.array([1 << 60, 5], pa.uint64()))
>>> filter_.perhaps(pa.array([5, 6], pa.uint64())).to_pylist()
[True, False]
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

_SLICE_BITS = 6
_SLICES = 1 << _SLICE_BITS
_BITS_PER_KEY = 36
_BITS_PER_WORD = 64
_WORD_BYTES = _BITS_PER_WORD // 8


def _number(value: int) -> pa.Scalar:
    # Arrow takes a plain number for a signed one, and would calculate with signs.
    return pa.scalar(value, pa.uint64())


_SLICE_SHIFT = _number(_BITS_PER_WORD - _SLICE_BITS)
_HALF = _number(32)
# Odd numbers without a pattern (from the digits of pi): one for each word, one for the bits.
_PLACES = (_number(0x243F6A8885A308D3), _number(0x13198A2E03707345))
_MARKS = _number(0xA4093822299F31D1)
_SIX_BITS = tuple(_number(shift) for shift in range(28, 64, 6))


class KeyFilter:
    """Words of bits for ``capacity`` keys. One thread may add while another asks: words only ever gain bits."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        # Keys are told into slices by their first bits, so that adding needs little memory beside the words.
        self._slice_words = max(1, capacity * _BITS_PER_KEY // _BITS_PER_WORD // _SLICES)
        self._bytes = bytearray(self._slice_words * _SLICES * _WORD_BYTES)
        self._words = pa.Array.from_buffers(pa.uint64(), self._slice_words * _SLICES, [None, pa.py_buffer(self._bytes)])

    @staticmethod
    def capacity_of(size: int) -> int:
        """How many keys a filter of ``size`` bytes is good for."""
        return size * 8 // _BITS_PER_KEY

    def perhaps(self, keys: pa.Array) -> pa.Array:
        """For each key, whether it may have been added."""
        marks = _marks(keys)
        first = pc.multiply(pc.shift_right(keys, _SLICE_SHIFT), _number(self._slice_words))
        found = pa.scalar(True)
        for places in self._places(keys):
            found = pc.and_(found, _holds(self._words.take(pc.add(first, places)), marks))
        return found

    def add(self, keys: pa.Array) -> None:
        """From now on these may have been added; many at once cost less each."""
        for number, members in _by_slice(keys):
            start = number * self._slice_words
            words = self._with(self._words.slice(start, self._slice_words), members)
            self._bytes[start * _WORD_BYTES : (start + self._slice_words) * _WORD_BYTES] = words

    def _with(self, words: pa.Array, keys: pa.Array) -> memoryview:
        """A slice's words with the bits of ``keys`` set."""
        marks = _marks(keys)
        both = pa.chunked_array(self._places(keys)).combine_chunks().dictionary_encode()
        places = both.dictionary.cast(pa.int64())
        gained = _gathered(words.take(places), both.indices, pa.concat_arrays([marks] * len(_PLACES)))
        whole = pc.coalesce(_scattered(gained, places, len(words)), words)
        return memoryview(whole.buffers()[1])[: len(whole) * _WORD_BYTES]

    def _places(self, keys: pa.Array) -> list[pa.Array]:
        """Where each key's words lie in its slice."""
        high = (pc.shift_right(pc.multiply(keys, factor), _HALF) for factor in _PLACES)
        return [pc.shift_right(pc.multiply(one, _number(self._slice_words)), _HALF) for one in high]


def _by_slice(keys: pa.Array) -> Iterator[tuple[int, pa.Array]]:
    ordered = keys.sort()
    start = 0
    for found in pc.value_counts(pc.shift_right(ordered, _SLICE_SHIFT)).to_pylist():
        yield found["values"], ordered.slice(start, found["counts"])
        start += found["counts"]


def _gathered(words: pa.Array, at: pa.Array, marks: pa.Array) -> pa.Array:
    """``words`` with each of ``marks`` set in the word that it is ``at``; those that meet in one, one after another."""
    while len(at):
        words = pc.bit_wise_or(words, pc.fill_null(_scattered(marks, at.cast(pa.int64()), len(words)), _number(0)))
        left = pc.invert(_holds(words.take(at), marks))
        at, marks = at.filter(left), marks.filter(left)
    return words


def _scattered(values: pa.Array, at: pa.Array, length: int) -> pa.Array:
    """An array with each value at its place, one of those that meet, and null elsewhere."""
    return pc.call_function("scatter", [values, at], pc.ScatterOptions(max_index=length - 1))


def _holds(words: pa.Array, marks: pa.Array) -> pa.Array:
    return pc.equal(pc.bit_wise_and(words, marks), marks)


def _marks(keys: pa.Array) -> pa.Array:
    """The bits of each key in its words."""
    mixed = pc.multiply(keys, _MARKS)
    bits = _number(0)
    for shift in _SIX_BITS:
        place = pc.bit_wise_and(pc.shift_right(mixed, shift), _number(63))
        bits = pc.bit_wise_or(bits, pc.shift_left(_number(1), place))
    return bits
