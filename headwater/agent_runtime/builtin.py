"""The built-in analyst as an agent: asks each of the agent's sources, and says what exactly one of them answers.

Where several answer, the question could mean either, and it asks which; naming a source in the question
decides. Where none does, documents are searched for passages to read, which are no figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from headwater.agent_runtime.turn import Brief, Outcome, Telling, Turn
from headwater.analyst.metric_analyst import MetricAnalyst
from headwater.analyst.reply import Reply
from headwater.analyst.schema_analyst import SchemaAnalyst
from headwater.control.agents.conversations import Said
from headwater.errors import HeadwaterError, InvalidRequest
from headwater.kit.clock import Clock
from headwater.scope import Scope
from headwater.sources.schema import Rows
from headwater.tools.citation import BUILT_IN
from headwater.tools.data import DataTools, Described, Passage
from headwater.tools.metric_question import MetricQuestion, read

_MOST_SUGGESTIONS: Final = 5
_MOST_PASSAGES: Final = 3
_LONGEST_PASSAGE: Final = 600
_NO_SOURCE: Final = "This agent has no data source that I can read."


class _Heard(NamedTuple):
    """What a source made of the question."""

    source: Described
    reply: Reply


class BuiltIn:
    """Answers turns without a model."""

    def __init__(self, metrics: MetricAnalyst, schemas: SchemaAnalyst, data: DataTools, clock: Clock) -> None:
        self._metrics = metrics
        self._schemas = schemas
        self._data = data
        self._clock = clock

    async def run(self, brief: Brief, turn: Turn, scope: Scope, telling: Telling) -> Outcome:
        """The answer; its tokens are none."""
        sources = await self._data.list_data_sources(scope, brief.data_sources)
        chosen, text = _named(turn.text, sources)
        # The name may be a word of the question, too: "the number of orders" of a source Orders.
        heard = await self._heard(turn.text, chosen, scope, turn)
        if text != turn.text and not _answers(heard):
            heard = await self._heard(text, chosen, scope, turn)
        outcome = _said(turn.text, heard)
        if not outcome.answered:
            passages = await self._passages(text, scope, [one.id for one in chosen])
            outcome = outcome if not passages else Outcome(_quoted(passages), answered=False)
        telling("delta", outcome.text)
        return outcome

    async def _heard(self, text: str, sources: Sequence[Described], scope: Scope, turn: Turn) -> list[_Heard]:
        """What each source makes of it. One that fails is passed over if another answers."""
        heard: list[_Heard] = []
        problem: HeadwaterError | None = None
        for source in sources:
            try:
                heard.append(_Heard(source, await self._asked(text, source, scope, turn)))
            except HeadwaterError as error:
                problem = error
        if problem is not None and not _answers(heard):
            raise problem
        return heard

    async def _asked(self, text: str, source: Described, scope: Scope, turn: Turn) -> Reply:
        if source.id == BUILT_IN:
            return await self._metrics.answer(text, scope, _previous(turn.history))
        schema = await self._data.get_schema(source.id, scope)
        if not schema.tables:
            return Reply("declined", f"'{source.name}' has no tables.")

        async def run(query: str) -> Rows:
            return (await self._data.run_sql(source.id, query, {}, scope)).rows

        return await self._schemas.answer(text, source.id, schema, run, self._clock().date(), source.version)

    async def _passages(self, text: str, scope: Scope, sources: Sequence[str]) -> list[Passage]:
        own = [one for one in sources if one != BUILT_IN]
        return await self._data.search_passages(text, scope, own, _MOST_PASSAGES) if own else []


def _named(text: str, sources: Sequence[Described]) -> tuple[Sequence[Described], str]:
    """The sources that the question names, and the question without the name; all where it names none."""
    for source in sorted(sources, key=lambda one: -len(one.name)):
        found = re.search(rf"\b(?:in|from|of)\s+{re.escape(source.name)}\b[,:]?\s*", text, re.IGNORECASE)
        if found is not None:
            return [source], (text[: found.start()] + text[found.end() :]).strip()
    return sources, text


def _answers(heard: Sequence[_Heard]) -> list[_Heard]:
    return [one for one in heard if one.reply.outcome == "answered"]


def _said(question: str, heard: Sequence[_Heard]) -> Outcome:
    answers = _answers(heard)
    if len(answers) == 1:
        source, reply = answers[0]
        return Outcome(reply.text, True, reply.table, reply.citations, (source.id,))
    if answers:
        names = [one.source.name for one in answers]
        ways = tuple(f"{question.rstrip(' ?.!')} in {name}?" for name in names)
        return Outcome(_with("Several data sources could answer this. Which one do you mean?", ways), answered=False)
    if not heard:
        return Outcome(_NO_SOURCE, answered=False)
    # Who understood most of it knows best what is missing.
    nearest = min(heard, key=lambda one: (one.reply.outcome != "ask_back", len(one.reply.unknown))).reply
    return Outcome(_with(nearest.text, nearest.suggestions), answered=False)


def _with(text: str, suggestions: Sequence[str]) -> str:
    listed = "".join(f"\n- {one}" for one in suggestions[:_MOST_SUGGESTIONS])
    return f"{text}\n\nYou could ask:{listed}" if listed else text


def _quoted(passages: Sequence[Passage]) -> str:
    shown = [f"{one.document}, {one.place}: “{one.text[:_LONGEST_PASSAGE].strip()}”" for one in passages]
    return "I have no figures for this. The documents say:\n\n" + "\n\n".join(shown)


def _previous(history: Sequence[Said]) -> MetricQuestion | None:
    """The metric question behind the last answer, where it was one."""
    asked = next((one.asked for one in reversed(history) if one.speaker == "agent"), None)
    if asked is None:
        return None
    try:
        return read(asked)
    except InvalidRequest:
        # It was SQL of another source.
        return None
