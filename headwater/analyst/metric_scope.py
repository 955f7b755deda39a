"""The entities that a question is about: one kind of them, and what they are restricted to. Pure."""

from __future__ import annotations

from typing import Final, cast

import msgspec

from headwater.analyst.metric_intent import Unclear
from headwater.analyst.metric_names import Names
from headwater.catalogue.asked import KIND_LABELS, Family, Kind
from headwater.tools.metric_entities import Named
from headwater.tools.metric_question import Breakdown, Entities, Only

_DEFAULT: Final[dict[Family, Kind]] = {"ads": "creative", "creators": "video", "decisions": "offer"}
_FILTERS: Final[dict[Family, tuple[str, ...]]] = {"ads": ("domain", "dsp"), "creators": (), "decisions": ("channel",)}
_FOLLOWERS: Final = frozenset({"followers", "followers_change"})


class Chosen(msgspec.Struct, frozen=True):
    """``beside`` is the kind of several entities that are asked about together, to be shown one by one."""

    entity: Entities
    only: tuple[Only, ...] = ()
    beside: Breakdown | None = None


def chosen(names: Names, metrics: tuple[str, ...], kind: str | None) -> Chosen:
    """The entities; without one those of ``kind``, or all of the family. Raises ``Unclear``."""
    by_kind: dict[str, list[Named]] = {}
    for one in names.entities.values():
        if one not in by_kind.setdefault(one.kind, []):
            by_kind[one.kind].append(one)
    filters = _FILTERS[names.family]
    mains = [of for of in by_kind if of not in filters]
    if names.family == "decisions" and not mains and by_kind:
        mains = list(by_kind)
    if len(mains) > 1:
        told = " and ".join(f"{KIND_LABELS[of].lower()} '{by_kind[of][0].name}'" for of in mains)
        raise Unclear(f"{told} are of different kinds; ask about one of them.")
    only = tuple(
        Only(of, tuple(one.id for one in some))  # type: ignore[arg-type]
        for of, some in by_kind.items()
        if of not in mains
    )
    beside = next((of for of, some in by_kind.items() if len(some) > 1), None)
    entity = _entities(mains[0], by_kind[mains[0]]) if mains else _all(names, metrics, kind)
    return Chosen(entity, only, cast("Breakdown | None", beside))


def _entities(kind: str, some: list[Named]) -> Entities:
    ids = tuple(int(one.id) if one.id.isdigit() else one.id for one in some)
    return Entities(cast(Kind, kind), ids)


def _all(names: Names, metrics: tuple[str, ...], kind: str | None) -> Entities:
    if kind is not None and kind not in ("domain", "dsp"):
        return Entities(cast(Kind, kind))
    if names.family == "creators" and _FOLLOWERS & set(metrics):
        return Entities("creator")
    return Entities(_DEFAULT[names.family])
