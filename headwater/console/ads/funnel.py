"""How far people came: the funnel of impressions, how far videos were watched, the flow of a conversation. Pure.

It names shares of counts that were asked for elsewhere, and asks nothing.

>>> [step.of_before for step in steps((("Seen", 200), ("Clicked", 50)))]
[None, 25.0]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from headwater.control.entities.tree import Component
from headwater.query.result import Answer

FUNNEL: Final = (
    ("impressions", "Impressions"),
    ("interacted", "Interacted"),
    ("started", "Started the flow"),
    ("continued", "Continued"),
    ("reached_end", "Reached the end"),
)
QUARTILES: Final = (
    ("plays", "Plays"),
    ("watched_25", "Watched 25 %"),
    ("watched_50", "Watched 50 %"),
    ("watched_75", "Watched 75 %"),
    ("watched_100", "Watched to the end"),
)
FLOW: Final = ("component_impressions", "component_continues", "component_drops")


class Step(msgspec.Struct, frozen=True):
    """A step; shares in percent of the first and of the step before, None where that is 0 or there is none."""

    label: str
    count: int
    of_first: float | None
    of_before: float | None


class FlowStep(msgspec.Struct, frozen=True):
    """A component of a flow; ``kept`` and ``lost`` are percent of ``seen``, which is ``width`` percent of the most."""

    component_type: str
    content: str
    seen: int
    continued: int
    dropped: int
    kept: float | None
    lost: float | None
    width: float


def steps(counts: Iterable[tuple[str, int]]) -> tuple[Step, ...]:
    """The steps of labels and counts, in their order."""
    found: list[Step] = []
    for label, count in counts:
        before = found[-1].count if found else None
        first = found[0].count if found else count
        found.append(Step(label, count, share(count, first), None if before is None else share(count, before)))
    return tuple(found)


def flow_steps(answer: Answer, components: Sequence[Component]) -> tuple[FlowStep, ...]:
    """The flow of one creative in the order of its components; an archived one shows while it has events."""
    events = {row[1]: row[2:] for row in answer.rows}
    shown = [one for one in components if not one.archived or one.id in events]
    counts = [events.get(one.id, (0, 0, 0)) for one in shown]
    widest = max((count[0] for count in counts), default=0)
    return tuple(
        FlowStep(
            component.component_type,
            component.content,
            seen,
            continued,
            dropped,
            share(continued, seen),
            share(dropped, seen),
            share(seen, widest) or 0.0,
        )
        for component, (seen, continued, dropped) in zip(shown, counts, strict=True)
    )


def share(part: int, whole: int) -> float | None:
    """Percent; None of nothing.

    >>> share(1, 8), share(1, 0)
    (12.5, None)
    """
    return part * 100 / whole if whole else None
