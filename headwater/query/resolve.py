"""Names to things: a question's words looked up in the catalogue and the organisation's entities.

Every unknown name is refused with the nearest known one. An id that the
organisation does not have is left out, whether or not another one has it. Knows
nothing of tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from headwater.catalogue.model import Derived, Dimension, EventDataset, Grain, Metric
from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean
from headwater.query.question import EntityKind, Question
from headwater.query.window import Window, count_buckets


class Entities(Protocol):
    """What the engine needs to know of an organisation's entities."""

    def has(self, kind: str, entity_id: int) -> bool:
        """Whether the organisation has it, archived or not."""

    def members(self, kind: str, entity_id: int) -> tuple[int, ...]:
        """Ids of the creatives below it, or of itself when it is a creative."""


class Warning(msgspec.Struct, frozen=True):
    """Something the caller should know of an answer that is right all the same."""

    code: str
    message: str


class Resolved(msgspec.Struct, frozen=True):
    """A question whose every name is known.

    ``pairs`` are (creative, entity): which facts count for which entity.
    """

    dataset: EventDataset
    metrics: tuple[Metric | Derived, ...]
    stored: tuple[Metric, ...]
    entity: EntityKind
    ids: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    window: Window | None
    grain: Grain | None
    breakdown: tuple[Dimension, ...]
    fill_zero: bool
    warnings: tuple[Warning, ...]


def resolve(
    question: Question, catalogue: Mapping[str, EventDataset], entities: Entities, *, max_rows: int
) -> Resolved:
    """``question`` with its names looked up; ``InvalidRequest`` for an unknown name or too large an answer."""
    dataset = catalogue[question.dataset]
    metrics = metrics_named(dataset, question.metrics)
    ids = tuple(dict.fromkeys(question.ids))
    known = tuple(one for one in ids if entities.has(question.entity, one))
    _check_size(question, len(ids), max_rows)
    return Resolved(
        dataset=dataset,
        metrics=metrics,
        stored=_stored(dataset, metrics),
        entity=question.entity,
        ids=(0,) if question.combined and known else known,
        pairs=tuple(
            (creative, 0 if question.combined else one)
            for one in known
            for creative in entities.members(question.entity, one)
        ),
        window=question.window,
        grain=question.grain,
        breakdown=tuple(_dimension(dataset, name) for name in question.breakdown),
        fill_zero=question.fill_zero,
        warnings=_warnings(ids, known),
    )


def metrics_named(dataset: EventDataset, names: tuple[str, ...]) -> tuple[Metric | Derived, ...]:
    """The metrics called ``names``, groups such as ``base`` unfolded, each once, in the order asked."""
    known: dict[str, Metric | Derived] = {metric.name: metric for metric in dataset.metrics}
    known.update({derived.name: derived for derived in dataset.derived})
    found: dict[str, Metric | Derived] = {}
    for name in names:
        for member in dataset.groups.get(name, (name,)):
            if member not in known:
                allowed = [*dataset.groups["base"], *dataset.groups]
                raise InvalidRequest(
                    f"Unknown metric '{member[:64]}'.{did_you_mean(member, allowed)}",
                    field="metric",
                    allowed=allowed,
                )
            found[member] = known[member]
    return tuple(found.values())


def _stored(dataset: EventDataset, metrics: tuple[Metric | Derived, ...]) -> tuple[Metric, ...]:
    """The stored metrics that ``metrics`` are made from, each once."""
    names: dict[str, None] = {}
    for metric in metrics:
        parts = (metric.minuend, metric.subtrahend) if isinstance(metric, Derived) else (metric.name,)
        names.update(dict.fromkeys(parts))
    stored = {metric.name: metric for metric in dataset.metrics}
    return tuple(stored[name] for name in names)


def _dimension(dataset: EventDataset, name: str) -> Dimension:
    known = [dimension.name for dimension in dataset.dimensions]
    if name not in known:
        raise InvalidRequest(
            f"Unknown breakdown '{name[:64]}'.{did_you_mean(name, known)}", field="breakdown", allowed=known
        )
    return dataset.dimension(name)


def _check_size(question: Question, ids: int, max_rows: int) -> None:
    window = question.window
    if question.grain is None or window is None or window.start is None or window.end is None:
        return
    count = count_buckets(window.start, window.end, question.grain)
    if count * ids > max_rows:
        raise InvalidRequest(
            f"{count:,} buckets of one {question.grain} times {ids:,} ids are more than {max_rows:,}."
            " Ask for a shorter window, a coarser time_frame or fewer ids.",
            field="time_frame",
            buckets=count,
            ids=ids,
            allowed=f"at most {max_rows} buckets times ids",
        )


def _warnings(ids: tuple[int, ...], known: tuple[int, ...]) -> tuple[Warning, ...]:
    unknown = len(ids) - len(known)
    if not unknown:
        return ()
    return (Warning("unknown_ids", f"{unknown} of {len(ids)} ids do not exist in this organisation."),)
