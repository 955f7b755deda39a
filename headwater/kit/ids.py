"""Identifiers: prefixed and sortable by the time they were made, UUIDs, secret ones, and numbers in order of time.

>>> new_id("key").startswith("key_")
True
>>> len(new_secret(32)) >= 43
True
>>> read_uuid("550E8400E29B41D4A716446655440000"), read_uuid("550e")
('550e8400-e29b-41d4-a716-446655440000', None)
"""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable

_SINCE_MS = 1_577_836_800_000
"""2020-01-01 UTC, from which ``Snowflakes`` count milliseconds: 41 bits last until 2089."""
_PROCESS_BITS, _SEQUENCE_BITS = 10, 12

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(number: int) -> str:
    """``number`` in base 62, most significant digit first.

    >>> base62(61), base62(62)
    ('z', '10')
    """
    digits = ""
    while True:
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
        if not number:
            return digits


def read_base62(text: str) -> int | None:
    """The number that a text in base 62 is of; None for other texts.

    >>> read_base62("10"), read_base62("ö"), read_base62("")
    (62, None, None)
    """
    number = 0
    for digit in text:
        value = _BASE62.find(digit)
        if value < 0:
            return None
        number = number * 62 + value
    return number if text else None


def new_id(prefix: str) -> str:
    """An id such as ``key_1xYz…``: 48 bits of milliseconds, then 80 random bits.

    The fixed width keeps text order equal to the order of creation.
    """
    value = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return f"{prefix}_{base62(value).rjust(22, '0')}"


def new_uuid() -> str:
    """A random UUID, in the form in which all are stored and shown."""
    return str(uuid.uuid4())


def read_uuid(text: str) -> str | None:
    """A UUID in any case, with or without hyphens, in the form in which all are stored; None for other texts."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def new_secret(random_bytes: int) -> str:
    """A secret with ``random_bytes`` bytes of randomness, in base 62."""
    return base62(int.from_bytes(secrets.token_bytes(random_bytes))).rjust(random_bytes * 4 // 3 + 1, "0")


class Snowflakes:
    """Numbers of 63 bits that sort by the time they were made, without asking any database.

    41 bits of milliseconds, 10 bits that tell processes apart, 12 bits of sequence. They rise
    strictly, also when the clock steps back or a millisecond has used up its 4,096: then they
    run ahead of the clock until it has caught up. Any thread may take them.

    The 10 bits are drawn, so two processes share them once in 1,024 times and could then take equal
    numbers in one millisecond. Where several serve, what they share numbers them (``renumber``); only
    while it cannot be reached, and for commands beside them, does the drawn number stay.

    >>> numbers = Snowflakes(now_ms=lambda: 1_577_836_800_001, process=5)
    >>> numbers.next() == 1 << 22 | 5 << 12, numbers.take(2) == [1 << 22 | 5 << 12 | 1, 1 << 22 | 5 << 12 | 2]
    (True, True)
    """

    def __init__(self, now_ms: Callable[[], int] | None = None, process: int | None = None) -> None:
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        drawn = secrets.randbits(_PROCESS_BITS) if process is None else process
        self._process = drawn << _SEQUENCE_BITS
        # Millisecond and sequence of the next number, as one number: running over needs no rule.
        self._ticks = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        """A number greater than all before it."""
        return self.take(1)[0]

    def take(self, count: int) -> list[int]:
        """``count`` numbers, rising."""
        with self._lock:
            first = max(self._ticks, (self._now_ms() - _SINCE_MS) << _SEQUENCE_BITS)
            self._ticks = first + count
            process = self._process
        sequences = (1 << _SEQUENCE_BITS) - 1
        above = _PROCESS_BITS + _SEQUENCE_BITS
        return [(tick >> _SEQUENCE_BITS) << above | process | tick & sequences for tick in range(first, first + count)]

    def renumber(self, process: int) -> None:
        """From now on take numbers as the process with this number; of one beyond 1,023 the last 10 bits count."""
        with self._lock:
            self._process = process % (1 << _PROCESS_BITS) << _SEQUENCE_BITS
            # A smaller number within the same millisecond would make numbers fall.
            self._ticks = -(-self._ticks >> _SEQUENCE_BITS) << _SEQUENCE_BITS


SNOWFLAKES = Snowflakes()
"""The numbers of this process."""
