"""What processes tell each other has become stale, as it is written into the feed.

>>> decode(encode(Told(b"one", 3, True, [Rows("roster", 7)]))).changes
[Rows(what='roster', organisation_id=7, entity=None)]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec


class Facts(msgspec.Struct, frozen=True, array_like=True, tag="facts"):
    """Facts were added; ``entity_ids`` None stands for any entity of the organisation."""

    organisation_id: int
    dataset: str
    entity_ids: tuple[int, ...] | None = None


class Rows(msgspec.Struct, frozen=True, array_like=True, tag="rows"):
    """Rows of the control plane changed; see ``control.db.Change``."""

    what: Literal["entities", "access", "roster", "annotations", "decisions"]
    organisation_id: int
    entity: tuple[str, int] | None = None


class Sums(msgspec.Struct, frozen=True, array_like=True, tag="sums"):
    """What is kept of facts was made anew or taken away; the tags of answers that are no longer good."""

    tags: tuple[tuple[int, str, int], ...]


class Everything(msgspec.Struct, frozen=True, array_like=True, tag="everything"):
    """Something changed that nobody could be told of."""


Stale = Facts | Rows | Sums | Everything


class Told(msgspec.Struct, frozen=True, array_like=True):
    """One entry: by which process, its how manieth, whether it has happened or is about to, and what."""

    by: bytes
    number: int
    settled: bool
    changes: Sequence[Stale]


encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Told)


def decode(written: bytes) -> Told:
    """What was written; what another version wrote and this one does not know stands for everything."""
    try:
        return _decoder.decode(written)
    except msgspec.DecodeError:
        return Told(b"", 0, True, [Everything()])
