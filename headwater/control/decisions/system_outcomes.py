"""Outcome types that every organisation has: ids for those of the catalogue, and their place in the list. Pure.

They stand behind an organisation's own, which are newer than anything of the system. So that one
cursor leads through both, they are numbered downwards from 0, where rows have numbers from 1.

>>> [one.id for one in after(None, 2)[0]], after(None, 2)[1]
(['out_impression', 'out_click'], -1)
>>> [one.id for one in after(-13, 5)[0]], after(-13, 5)[1]
(['out_not_presented'], None)
>>> after(None, 0)
([], 1)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from headwater.catalogue.decisions import SYSTEM_OUTCOMES, Outcome

SINCE: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""When they were made: before any organisation."""


class SystemOutcome(msgspec.Struct, frozen=True):
    """An outcome type that cannot be changed; ``number`` is its place in the list."""

    number: int
    id: str
    name: str
    outcome: Outcome


SYSTEM: Final = tuple(
    SystemOutcome(-place, f"out_{one.key}", one.key.replace("_", " ").capitalize(), one)
    for place, one in enumerate(SYSTEM_OUTCOMES)
)
_IN_FRONT: Final = 1
BY_ID: Final[Mapping[str, SystemOutcome]] = {one.id: one for one in SYSTEM}


def after(before: int | None, most: int) -> tuple[list[SystemOutcome], int | None]:
    """Those behind ``before`` in the list, ``most`` at most, and where the next page begins, if there is more."""
    rest = [one for one in SYSTEM if before is None or one.number < before]
    found = rest[:most]
    if len(rest) == len(found):
        return found, None
    return found, found[-1].number if found else _IN_FRONT
