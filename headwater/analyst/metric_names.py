"""Which of several metrics, kinds and entities a question means: those that can be measured together. Pure.

A question is about one family: ad events, creators or decisions. What is left with two meanings is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from headwater.analyst.metric_figures import plain
from headwater.analyst.metric_intent import Unclear
from headwater.analyst.metric_lexicon import LEXICON, About, Kind, Metric, normal
from headwater.analyst.metric_reading import Amount, Entity, Item, Reading
from headwater.catalogue.asked import ASKED, DEFAULTS, FAMILY_OF, KIND_LABELS, Asked, Family
from headwater.tools.metric_entities import Index, Named

_KEYS: Final = {phrase: meaning.keys for phrase, meaning in LEXICON.items() if isinstance(meaning, Metric)}
_FAMILIES: Final[tuple[Family, ...]] = ("ads", "creators", "decisions")
_ABOUT: Final = {"ads": "ad events", "creators": "creators", "decisions": "offers"}
_MOST_OFFERED: Final = 6
_DEFAULTS: Final = {normal(phrase): key for phrase, key in DEFAULTS.items()}


class Names(msgspec.Struct, frozen=True):
    """The family, and what each item of a name stands for, by the item's place.

    ``apposed`` are the places of kinds that only say what the entity beside them is.
    """

    family: Family
    metrics: dict[int, str]
    kinds: dict[int, str]
    entities: dict[int, Named]
    apposed: frozenset[int]


def names(reading: Reading, index: Index, fallback: Family | None = None) -> Names:
    """What the names mean; ``fallback`` is the family of the question before. Raises ``Unclear``."""
    items = with_ids(reading.items, index)
    beside = _beside(items)
    family = _family(reading, items, beside, fallback)
    metrics = {at: _metric(reading, item, family) for at, item in enumerate(items) if isinstance(item.meaning, Metric)}
    entities = {
        at: _entity(reading, item, family, beside.get(at))
        for at, item in enumerate(items)
        if isinstance(item.meaning, Entity)
    }
    kinds, apposed = {}, set()
    for at, item in enumerate(items):
        if not isinstance(item.meaning, Kind):
            continue
        kinds[at] = next(kind for kind in item.meaning.kinds if FAMILY_OF[kind] == family)
        near = [entities[place] for place in (at - 1, at + 1) if place in entities]
        if any(one.kind == kinds[at] for one in near) and _in_singular(item):
            apposed.add(at)
    return Names(family, metrics, kinds, entities, frozenset(apposed))


def with_ids(items: Sequence[Item], index: Index) -> tuple[Item, ...]:
    """With "creative 27" as the creative that has this id."""
    found: list[Item] = []
    for item in items:
        before = found[-1] if found else None
        if before and isinstance(before.meaning, Kind) and isinstance(item.meaning, Amount):
            named = tuple(
                one
                for one in index.entities
                if one.kind in before.meaning.kinds and one.id == item.text and not item.meaning.ordinal
            )
            if named and _in_singular(before):
                item = msgspec.structs.replace(item, meaning=Entity(named, whole=True))
        found.append(item)
    return tuple(found)


def _in_singular(item: Item) -> bool:
    return normal(item.text) == item.text.casefold().strip()


def _beside(items: Sequence[Item]) -> dict[int, tuple[str, ...]]:
    """By an entity's place, the kinds that the word before or behind it says it is."""
    found: dict[int, tuple[str, ...]] = {}
    for at, item in enumerate(items):
        if not isinstance(item.meaning, Entity):
            continue
        for place in (at - 1, at + 1):
            if not 0 <= place < len(items):
                continue
            meaning = items[place].meaning
            if isinstance(meaning, Kind) and _in_singular(items[place]):
                found.setdefault(at, meaning.kinds)
    return found


def _families(item: Item, said: tuple[str, ...] | None) -> set[Family]:
    """The families that an item can belong to; all for what is in none."""
    meaning = item.meaning
    if isinstance(meaning, Metric):
        return {family for family, _ in meaning.keys}
    if isinstance(meaning, Kind):
        return {FAMILY_OF[kind] for kind in meaning.kinds}
    if isinstance(meaning, About):
        return {"decisions"}
    if isinstance(meaning, Entity):
        every = (*meaning.entities, *meaning.others)
        fitting = [one for one in every if said is None or one.kind in said]
        return {FAMILY_OF[one.kind] for one in fitting or every}
    return set(_FAMILIES)


def _family(
    reading: Reading, items: Sequence[Item], beside: dict[int, tuple[str, ...]], fallback: Family | None
) -> Family:
    by_item = [_families(item, beside.get(at)) for at, item in enumerate(items)]
    viable = [family for family in _FAMILIES if all(family in some for some in by_item)]
    if len(viable) == 1:
        return viable[0]
    if not viable:
        raise _contradiction(items, by_item)
    named = [item for item, some in zip(items, by_item, strict=True) if len(some) < len(_FAMILIES)]
    if fallback in viable:
        return fallback
    exact = [
        {FAMILY_OF[one.kind] for one in item.meaning.entities} for item in items if isinstance(item.meaning, Entity)
    ]
    narrowed = [family for family in viable if all(family in some for some in exact)]
    if len(narrowed) == 1 and any(isinstance(item.meaning, Metric) for item in items):
        return narrowed[0]
    for item in items:
        if isinstance(item.meaning, Metric) and (default := _DEFAULTS.get(item.phrase)) and default[0] in viable:
            return default[0]
    if not named:
        raise Unclear("I do not see which metric you mean.")
    item = next((one for one in items if isinstance(one.meaning, Metric)), named[0])
    if isinstance(item.meaning, Metric):
        raise _which_metric(reading, item, [key for key in item.meaning.keys if key[0] in viable])
    if isinstance(item.meaning, Entity):
        raise _which_entity(reading, item, item.meaning.entities)
    raise Unclear(f"'{item.text}' may be of {' or of '.join(_ABOUT[one] for one in viable)}. Which metric do you mean?")


def _contradiction(items: Sequence[Item], by_item: Sequence[set[Family]]) -> Unclear:
    told = [
        f"'{item.text}' is of {' or '.join(_ABOUT[family] for family in _FAMILIES if family in some)}"
        for item, some in zip(items, by_item, strict=True)
        if len(some) < len(_FAMILIES)
    ]
    return Unclear(f"These are not measured together: {'; '.join(told)}. Ask about one at a time.")


def _metric(reading: Reading, item: Item, family: Family) -> str:
    keys = [key for key in item.meaning.keys if key[0] == family] if isinstance(item.meaning, Metric) else []
    default = _DEFAULTS.get(item.phrase)
    if default in keys:
        keys = [default]
    if len(keys) > 1:
        raise _which_metric(reading, item, keys)
    return keys[0][1]


def _which_metric(reading: Reading, item: Item, keys: Sequence[tuple[Family, str]]) -> Unclear:
    labels = [_unmistakable(ASKED[key]) for key in keys]
    listed = f"{', '.join(labels[:-1])} or {labels[-1]}"
    return Unclear(
        f"'{item.text}' could mean {listed}. Which do you mean?",
        tuple(replaced(reading.question, item, label) for label in labels),
    )


def _unmistakable(metric: Asked) -> str:
    """What a metric is called where its label could mean others, too."""
    names = (metric.label.lower(), *metric.synonyms)
    return next((name for name in names if len(_KEYS[normal(name)]) == 1), names[0])


def _entity(reading: Reading, item: Item, family: Family, said: tuple[str, ...] | None) -> Named:
    if not isinstance(item.meaning, Entity):
        raise TypeError("Only an entity names one.")
    # Those called just so first, and those of the kind that was said before others.
    for some in (item.meaning.entities, item.meaning.others):
        fitting = [one for one in some if FAMILY_OF[one.kind] == family and (said is None or one.kind in said)]
        if fitting:
            break
    else:
        every = (*item.meaning.entities, *item.meaning.others)
        fitting = [one for one in every if FAMILY_OF[one.kind] == family]
    chosen = list({(one.kind, one.id): one for one in fitting}.values())
    if len(chosen) != 1:
        raise _which_entity(reading, item, chosen)
    return chosen[0]


def _which_entity(reading: Reading, item: Item, some: Sequence[Named]) -> Unclear:
    offered = some[:_MOST_OFFERED]
    more = f" and {len(some) - len(offered)} more" if len(some) > len(offered) else ""
    doubled = len({(one.kind, one.name) for one in some}) < len(some)
    listed = ", ".join(
        f"{KIND_LABELS[one.kind].lower()} '{plain(one.name)}'{f' ({one.id})' if doubled else ''}" for one in offered
    )
    return Unclear(
        f"'{item.text}' could be {listed}{more}. Which do you mean?",
        tuple(replaced(reading.question, item, called(one, by_id=doubled)) for one in offered),
    )


def called(entity: Named, *, by_id: bool = False) -> str:
    """An entity so that it is understood as nothing else."""
    kind = KIND_LABELS[entity.kind].lower()
    return f"{kind} {entity.id}" if by_id and entity.id.isdigit() else f'{kind} "{entity.name}"'


def replaced(question: str, item: Item, text: str) -> str:
    """The question with an item's words written otherwise; a kind that stood before it is not said twice."""
    before, after = question[: item.start].rstrip('"“'), question[item.end :].lstrip('"”')
    head, _, last = before.rstrip().rpartition(" ")
    if last and text.lower().startswith(f"{last.lower()} "):
        before = f"{head} " if head else ""
    return f"{before}{text}{after}".strip()
