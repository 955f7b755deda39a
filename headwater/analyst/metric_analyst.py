"""The metric half of the built-in analyst: a question in words to figures, with no model and no network.

It answers only where every word of the question is accounted for; otherwise it asks back or declines.
It reads figures through the metric tools alone, with the caller's scope, and follows no instruction.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from headwater.analyst.metric_causes import cause
from headwater.analyst.metric_examples import examples
from headwater.analyst.metric_figures import figures, plain
from headwater.analyst.metric_intent import Intent, Unclear
from headwater.analyst.metric_parse import parse
from headwater.analyst.metric_reading import Reading, read
from headwater.analyst.metric_report_sentences import report_sentences
from headwater.analyst.metric_sentences import sentences
from headwater.analyst.reply import Reply
from headwater.catalogue.asked import KIND_LABELS
from headwater.errors import HeadwaterError
from headwater.kit.clock import Clock
from headwater.reports import ReportTable
from headwater.scope import Scope
from headwater.tools.metric_entities import Index, Named
from headwater.tools.metric_question import MOST_ROWS, MetricQuestion
from headwater.tools.metrics import MetricAnswer, MetricTools

_LONGEST: Final = 1000
_MOST_TIED: Final = 20
_MOST_NAMED: Final = 5
_MOST_INDEXES: Final = 32


class MetricAnalyst:
    """Answers questions about the organisation's metrics."""

    def __init__(self, tools: MetricTools, clock: Clock) -> None:
        self._tools = tools
        self._clock = clock
        self._indexes: OrderedDict[int, tuple[Index, tuple[Named, ...], Index]] = OrderedDict()

    async def answer(self, question: str, scope: Scope, previous: MetricQuestion | None = None) -> Reply:
        """The reply; ``previous`` is the question that the last citation holds, to go on from."""
        index = await self._index(scope)
        try:
            if len(question) > _LONGEST:
                raise Unclear(f"Please ask in at most {_LONGEST:,} letters.", declined=True)
            reading, intent = await self._understood(question, index, scope, previous)
            return await self._answered(reading, intent, index, scope)
        except Unclear as unclear:
            return await self._unclear(unclear, index, scope, previous)
        except HeadwaterError as error:
            if error.status >= 500:
                raise
            return await self._unclear(Unclear(error.message), index, scope, previous)

    async def _understood(
        self, question: str, index: Index, scope: Scope, previous: MetricQuestion | None
    ) -> tuple[Reading, Intent]:
        today = await self._tools.today(scope, "ads")
        reading = read(question, index, today)
        intent = parse(reading, index, today, previous)
        there = await self._tools.today(scope, intent.question.family)
        if there != today:
            # Where the organisation is, another day has begun.
            reading = read(question, index, there)
            intent = parse(reading, index, there, previous)
        return reading, intent

    async def _answered(self, reading: Reading, intent: Intent, index: Index, scope: Scope) -> Reply:
        family = intent.question.family
        zone, who = await self._tools.zone(scope, family), _who(intent.question, index)
        if intent.shape == "why":
            found = await cause(intent, self._tools, scope, who, zone)
            return _reply(reading, intent, found.text, found.answers[-1].table, found.answers)
        answer = await self._asked(intent, scope)
        if intent.shape == "report":
            table = _never(answer.table) if intent.never else answer.table
            text = report_sentences(intent.question, table, who, never=intent.never)
            return _reply(reading, intent, text, table, (answer,))
        intent = msgspec.structs.replace(intent, question=answer.question)
        return _reply(reading, intent, sentences(intent, answer, who, zone), answer.table, (answer,))

    async def _asked(self, intent: Intent, scope: Scope) -> MetricAnswer:
        """The answer; of a ranking so many rows that none that is as good as the last is left out."""
        question = intent.question
        if question.limit is None or question.report is not None:
            return await self._tools.ask_metrics(question, scope)
        every = await self._tools.ask_metrics(msgspec.structs.replace(question, limit=MOST_ROWS), scope)
        found, rows = figures(every.table), every.table.rows
        if len(rows) > question.limit and question.order:
            values = [found.cell(row, question.order.by) for row in rows]
            last = values[question.limit - 1]
            tied = sum(value == last for value in values[question.limit :])
            if 0 < tied <= _MOST_TIED:
                question = msgspec.structs.replace(question, limit=question.limit + tied)
        return await self._tools.ask_metrics(question, scope)

    async def _unclear(self, unclear: Unclear, index: Index, scope: Scope, previous: MetricQuestion | None) -> Reply:
        """Asks back or declines; only what would be understood is suggested."""
        suggestions = []
        for one in unclear.suggestions:
            try:
                await self._understood(one, index, scope, previous)
            except Unclear:
                continue
            suggestions.append(one)
        if not suggestions:
            suggestions = list(examples(index))
        outcome = "declined" if unclear.declined else "ask_back"
        return Reply(outcome, unclear.text, suggestions=tuple(suggestions), unknown=unclear.unknown)  # type: ignore[arg-type]

    async def _index(self, scope: Scope) -> Index:
        """The names of entities, domains and DSPs."""
        named, placements = await self._tools.index(scope), await self._tools.placements(scope)
        kept = self._indexes.get(scope.organisation_id)
        if kept is None or kept[0] is not named or kept[1] != placements:
            kept = named, placements, Index((*named.entities, *placements))
            self._indexes[scope.organisation_id] = kept
        self._indexes.move_to_end(scope.organisation_id)
        while len(self._indexes) > _MOST_INDEXES:
            self._indexes.popitem(last=False)
        return kept[2]


def _who(question: MetricQuestion, index: Index) -> str:
    """The names of the entities that the question is about, empty for all."""
    names = {(one.kind, one.id): one.name for one in reversed(index.entities)}
    parts = []
    if question.entity.ids != "all":
        some = [plain(names.get((question.entity.kind, str(one)), str(one))) for one in question.entity.ids]
        parts.append(f"{KIND_LABELS[question.entity.kind].lower()} {_listed(some)}")
    for only in question.only:
        label = KIND_LABELS[only.dimension]
        some = [plain(names.get((only.dimension, one), one)) for one in only.values]
        parts.append(f"{label if label == 'DSP' else label.lower()} {_listed(some)}")
    return " on ".join(parts)


def _listed(names: list[str]) -> str:
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return " and ".join([*names[:_MOST_NAMED], *more])


def _never(table: ReportTable) -> ReportTable:
    """The offers that were considered and never selected."""
    found = figures(table)
    rows = [row for row in table.rows if found.cell(row, "selected") == 0]
    return msgspec.structs.replace(table, rows=rows)


def _reply(reading: Reading, intent: Intent, text: str, table: ReportTable, answers: tuple[MetricAnswer, ...]) -> Reply:
    mended = [f"I read '{written}' as '{meant}'." for written, meant in reading.corrected]
    warnings = dict.fromkeys(warning for answer in answers for warning in answer.warnings)
    said = " ".join((text, *intent.notes, *warnings, *mended))
    return Reply("answered", said, table, tuple(answer.citation for answer in answers))
