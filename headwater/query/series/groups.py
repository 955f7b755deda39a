"""Whose figures an entity's answers are made of, as a fingerprint; made once for each roster.

Answers and kept sums are good for exactly the videos and creators that counted
when they were made, with the posting times that decide what first readings book.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from headwater.query.series.resolve import Roster

_MOST = 10_000


class Fingerprints:
    """The fingerprints of the entities asked about last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], tuple[Roster, str]] = OrderedDict()

    def of(self, roster: Roster, kind: str, number: int) -> tuple[str, str | None]:
        """An entity's fingerprint in this roster, which never changes, and the one that it had when last asked for."""
        known = self._known.get((kind, number))
        former = None if known is None else known[1]
        if known is not None and known[0] is roster:
            return known[1], former
        found = fingerprint(roster, kind, number)
        self._known[kind, number] = (roster, found)
        self._known.move_to_end((kind, number))
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found, former


def fingerprint(roster: Roster, kind: str, number: int) -> str:
    """SHA-256 over the videos that count, when they were posted, and the creators."""
    digest = hashlib.sha256()
    for video in roster.videos(kind, number):
        digest.update(f"{video} {roster.posted_at(video)};".encode())
    digest.update(f"{roster.creators(kind, number)}".encode())
    return digest.hexdigest()
