"""Password hashes: Argon2id, computed in a thread, with the same work for unknown people."""

from __future__ import annotations

import asyncio
import secrets
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """Hashes passwords and verifies them."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await asyncio.to_thread(self._hasher.hash, _encoded(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; without a stored hash as much work is done, and the answer is no."""
        return await asyncio.to_thread(self._verify, stored, password)

    def _verify(self, stored: str | None, password: str) -> bool:
        # Asked for in either case, so that the first unknown address does not pay for it alone.
        nobody = self._nobody
        try:
            fits = self._hasher.verify(nobody if stored is None else stored, _encoded(password))
        except (VerificationError, InvalidHashError):
            return False
        return fits and stored is not None

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_bytes(32))


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
