"""Random identifiers: prefixed and sortable by the time they were made, UUIDs, or secret.

>>> new_id("key").startswith("key_")
True
>>> len(new_secret(32)) >= 43
True
>>> read_uuid("550E8400E29B41D4A716446655440000"), read_uuid("550e")
('550e8400-e29b-41d4-a716-446655440000', None)
"""

from __future__ import annotations

import secrets
import time
import uuid

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
