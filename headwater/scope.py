"""Who is asking, and what they may see: the one value that every read and write carries.

A ``Scope`` is made by ``control.access`` from a checked credential, by the command
line for its operator, and by nothing else; a query statement cannot be built
without one. It must not know how credentials are stored or checked.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

Permission = Literal["read", "write", "admin"]
ALL_PERMISSIONS: frozenset[Permission] = frozenset(("read", "write", "admin"))


class Role(IntEnum):
    """What a member may do; each role includes those below it."""

    viewer = 1
    editor = 2
    admin = 3
    owner = 4


class Scope(msgspec.Struct, frozen=True):
    """The caller's rights within one organisation.

    ``permissions`` are those of the credential, ``role`` that of the person who
    made it: both must allow an action. ``requests_per_hour`` and ``retention_days``
    come from the plan; ``None`` is unlimited.
    """

    organisation_id: int
    user_id: int
    role: Role
    permissions: frozenset[Permission]
    credential: Literal["key", "token", "session", "operator"]
    credential_id: str = ""
    requests_per_hour: int | None = None
    retention_days: int | None = None

    def allows(self, permission: Permission, role: Role) -> bool:
        """Whether the credential carries ``permission`` and its owner has at least ``role``."""
        return permission in self.permissions and self.role >= role
