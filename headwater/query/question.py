"""What is asked, in the catalogue's and the caller's words; nothing about how to answer it."""

from __future__ import annotations

from typing import Literal

import msgspec

from headwater.catalogue.model import Grain
from headwater.query.window import Window

EntityKind = Literal["creative", "creative_group", "campaign", "workspace"]


class Question(msgspec.Struct, frozen=True):
    """One question about one dataset.

    ``ids`` are entities of ``entity`` kind; without ``window`` the answer is over
    all time; without ``grain`` it is one total per entity; ``breakdown`` splits by
    dimensions of the dataset. ``fill_zero`` keeps rows in which every metric is 0
    and adds the buckets without facts. ``combined`` makes one total of all entities,
    under the entity 0.
    """

    dataset: str
    metrics: tuple[str, ...]
    entity: EntityKind
    ids: tuple[int, ...]
    window: Window | None = None
    grain: Grain | None = None
    breakdown: tuple[str, ...] = ()
    fill_zero: bool = False
    combined: bool = False
