"""What a store should answer, worked out fact by fact: the slow and obvious way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from headwater.query.question import Question
from headwater.query.window import floor
from headwater.storage.port import Row

from .facts import Event

EVERY_TIME = {"creative_actions", "seconds_to_active", "seconds_total_active", "seconds_in_view"}
OF_A_COMPONENT = {"component_impression": "component_impressions", "component_continue": "component_continues"}


class Kept:
    """The facts of one organisation that count, in order of arrival."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._records: set[str] = set()
        self._happenings: set[tuple[object, ...]] = set()

    def arrive(self, events: Iterable[Event]) -> int:
        """Take ``events``; how many of them are new."""
        new = [event for event in events if self._is_new(event)]
        self.events += new
        return len(new)

    def _is_new(self, event: Event) -> bool:
        if event.record_id:
            if event.record_id in self._records:
                return False
            self._records.add(event.record_id)
        if not event.session_id or event.event in EVERY_TIME:
            return True
        component = event.component_id if event.event in OF_A_COMPONENT else 0
        happening = (event.creative_id, event.event, component, event.session_id)
        if happening in self._happenings:
            return False
        self._happenings.add(happening)
        return True

    def answer(self, question: Question) -> list[Row]:
        """Rows as the engine gives them, for questions about creatives."""
        sums: dict[Row, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for event in self.events:
            if event.creative_id in question.ids and _within(question, event):
                metric = OF_A_COMPONENT.get(event.event, event.event)
                added = event.value if event.event.startswith("seconds_") else 1
                sums[_key(question, event)][metric] += added
        rows = [(*key, *(_in_unit(name, sums[key][name]) for name in question.metrics)) for key in sorted(sums)]
        return [row for row in rows if any(row[-len(question.metrics) :])]


def _within(question: Question, event: Event) -> bool:
    start, end = (question.window.start, question.window.end) if question.window else (None, None)
    return (start is None or start <= event.ts) and (end is None or event.ts < end)


def _key(question: Question, event: Event) -> Row:
    time = (floor(event.ts, question.grain),) if question.grain else ()
    columns = {"component": event.component_id, "domain": event.domain, "dsp": event.dsp, "creative": event.creative_id}
    return (event.creative_id, *time, *(columns[name] for name in question.breakdown))


def _in_unit(metric: str, total: int) -> float:
    return total / 1_000_000 if metric.startswith("seconds_") else total
