"""Metric questions for agents, MCP clients and the analyst: find the words, find the entities, ask, explain.

The only way from a ``MetricQuestion`` to figures. It goes through the engines that the surfaces use,
with the caller's scope, and cites each answer by the question that makes it again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
from rapidfuzz import fuzz

from headwater.catalogue.asked import ASKED, FAMILY_OF, KIND_LABELS, Asked, of_family
from headwater.control import Control
from headwater.control.creators.roster import Roster
from headwater.control.decisions.book import Book
from headwater.control.entities.tree import EntityTree
from headwater.errors import InvalidRequest
from headwater.kit.clock import Clock
from headwater.kit.suggest import did_you_mean
from headwater.kit.zones import local_date
from headwater.query.decisions.dashboard import DashboardQuestion
from headwater.query.decisions.run import DecisionsEngine
from headwater.query.run import Engine
from headwater.query.series.run import SeriesEngine
from headwater.query.series.totals import TotalsEngine
from headwater.query.window import floor
from headwater.reports import ReportTable
from headwater.scope import Scope
from headwater.tools import metric_reports
from headwater.tools.citation import BUILT_IN, Citation
from headwater.tools.metric_ads import UNKNOWN, AdFacts
from headwater.tools.metric_creators import CreatorFacts
from headwater.tools.metric_days import check, split, window
from headwater.tools.metric_decisions import DecisionFacts
from headwater.tools.metric_entities import Found, Index, Named, all_named
from headwater.tools.metric_parts import Key, Line, Measured, checked, lines, needed, summed, values
from headwater.tools.metric_question import MOST_ROWS, Entities, Granularity, MetricQuestion, Period, canonical
from headwater.tools.metric_table import period_words, starting_big, table
from headwater.tools.metric_words import explained

_MOST_INDEXES: Final = 32
_CUTOFF: Final = 60.0
_MOST_FOUND: Final = 50


class MetricAnswer(msgspec.Struct, frozen=True):
    """``question`` as it was resolved, what it gave, and how to get that again."""

    question: MetricQuestion
    table: ReportTable
    citation: Citation
    warnings: tuple[str, ...] = ()
    truncated: bool = False


class Term(msgspec.Struct, frozen=True):
    """Something that can be asked for or broken down by; ``kind`` says which."""

    kind: str
    family: str
    name: str
    label: str
    description: str
    unit: str = ""
    synonyms: tuple[str, ...] = ()


class Explained(msgspec.Struct, frozen=True):
    """What a question means in words, and each stop on the way to its statement."""

    question: MetricQuestion
    meaning: str
    stages: tuple[tuple[str, str], ...]


class MetricTools:
    """The verbs. Every one takes the caller's scope and sees nothing beyond it."""

    def __init__(
        self,
        control: Control,
        engine: Engine,
        series: SeriesEngine,
        totals: TotalsEngine,
        decisions: DecisionsEngine,
        clock: Clock,
    ) -> None:
        self._control = control
        self._engine = engine
        self._series = series
        self._totals = totals
        self._decisions = decisions
        self._clock = clock
        self._indexes: OrderedDict[int, tuple[EntityTree, Roster, Book, Index]] = OrderedDict()

    async def search_catalogue(self, text: str, scope: Scope, limit: int = 10) -> tuple[Term, ...]:
        """Metrics and kinds to break down by, the nearest to ``text`` first; all of them for an empty text."""
        del scope  # The catalogue is everybody's.
        terms = [*map(_term, ASKED.values()), *_dimensions()]
        if not text.strip():
            return tuple(terms[:limit])
        names = [" | ".join((one.label, one.name.replace("_", " "), *one.synonyms)) for one in terms]
        scores = [
            (max(fuzz.WRatio(text.lower(), name.lower()) for name in joined.split(" | ")), -at)
            for at, joined in enumerate(names)
        ]
        ranked = sorted((score for score in scores if score[0] >= _CUTOFF), reverse=True)
        return tuple(terms[-at] for _, at in ranked[:limit])

    async def find_entities(
        self, text: str, scope: Scope, kind: str | None = None, limit: int = 10
    ) -> tuple[Found, ...]:
        """Entities whose names are nearest to ``text``; only the organisation's own."""
        _hold_kind(kind)
        index = await self.index(scope)
        return index.search(text, kind=kind, limit=min(limit, _MOST_FOUND))

    async def list_entities(self, scope: Scope, kind: str | None, limit: int) -> list[Named]:
        """The organisation's entities, or those of a kind."""
        _hold_kind(kind)
        known = (await self.index(scope)).entities
        return [one for one in known if kind in (None, one.kind)][:limit]

    async def index(self, scope: Scope) -> Index:
        """The names of the organisation's entities."""
        organisation = scope.organisation_id
        tree = await self._control.trees.get(organisation)
        roster = await self._control.rosters.get(organisation)
        book = await self._control.books.get(organisation)
        kept = self._indexes.get(organisation)
        if kept is None or kept[:3] != (tree, roster, book):
            kept = (tree, roster, book, Index(all_named(tree, roster, book)))
            self._indexes[organisation] = kept
        self._indexes.move_to_end(organisation)
        while len(self._indexes) > _MOST_INDEXES:
            self._indexes.popitem(last=False)
        return kept[3]

    async def placements(self, scope: Scope) -> tuple[Named, ...]:
        """The domains and DSPs that the organisation's impressions ran on, most impressions first."""
        found: list[Named] = []
        for dimension in ("domain", "dsp"):
            asked = MetricQuestion(Entities("creative"), ("impressions",), breakdown=dimension, limit=MOST_ROWS)
            names = [str(row[0]) for row in (await self.ask_metrics(asked, scope)).table.rows]
            found += [Named(dimension, name, name) for name in names if name != UNKNOWN]
        return tuple(found)

    async def zone(self, scope: Scope, family: str) -> str:
        """The zone whose days a family's periods are made of."""
        return (await self._control.rosters.get(scope.organisation_id)).zone if family == "creators" else "UTC"

    async def today(self, scope: Scope, family: str) -> date:
        """The present day in that zone."""
        return local_date(self._clock().replace(tzinfo=None), await self.zone(scope, family))

    async def ask_metrics(self, question: MetricQuestion, scope: Scope) -> MetricAnswer:
        """The figures.

        Raises ``InvalidRequest`` for an unknown metric (with the nearest one) or what cannot be asked,
        ``NotFound`` for an id that is not the organisation's, and ``RetentionExceeded``.
        """
        metrics = _checked(question)
        question = await self._resolved(question, scope)
        if question.report is not None:
            return await self._report(question, scope)
        main = await self._measured(question, metrics, question.period, scope)
        before = None
        if question.compare is not None:
            before = await self._measured(question, metrics, question.compare, scope)
        found = lines(question, metrics, main, before)
        limit = question.limit or MOST_ROWS
        made = table(question, metrics, found[:limit], await self.zone(scope, question.family))
        warnings = _warnings(question, found, await self.today(scope, question.family))
        return _cited(question, made, warnings, truncated=len(found) > limit)

    async def explain_question(self, question: MetricQuestion, scope: Scope) -> Explained:
        """What the question means, and how it would be answered, of ad events and decisions by which statements."""
        metrics = _checked(question)
        question = await self._resolved(question, scope)
        stages = [("Question", canonical(question))]
        facts = await self._facts(question, scope)
        if isinstance(facts, DecisionFacts):
            asked = self._dashboard(question, facts)[0] if question.report else None
            if asked is None and question.period:
                asked = DashboardQuestion("offer_performance_grouped", facts.days(question.period), group_by="channel")
            stages += [("SQL", sql) for sql in (await facts.explain(asked) if asked else ())]
        if isinstance(facts, CreatorFacts):
            stages.append(("Plan", "what each video and creator gained in the period, then summed over those meant"))
        if isinstance(facts, AdFacts):
            explanation = await facts.explain(question, needed(metrics))
            parts = (part.rollup.name if part.rollup else "raw events" for part in explanation.plan.parts)
            stages += [("Plan", ", ".join(parts)), ("SQL", explanation.statement.sql)]
        return Explained(question, explained(question, metrics, await self.zone(scope, question.family)), tuple(stages))

    async def _resolved(self, question: MetricQuestion, scope: Scope) -> MetricQuestion:
        """With ids as they are kept; every one is the organisation's."""
        ids = question.entity.ids
        if question.period is None and question.family != "ads" and not question.report:
            raise InvalidRequest("'period' is required: only ad events can be asked about all time.", field="period")
        if ids == "all":
            return question
        found = (await self._facts(question, scope)).resolved(ids, question.entity.kind)
        return msgspec.structs.replace(question, entity=Entities(question.entity.kind, found))

    async def _facts(self, question: MetricQuestion, scope: Scope) -> AdFacts | CreatorFacts | DecisionFacts:
        organisation = scope.organisation_id
        today = await self.today(scope, question.family)
        if question.family == "ads":
            return AdFacts(self._engine, await self._control.trees.get(organisation), scope)
        if question.family == "creators":
            # Before the roster is read, as are the book's below.
            generation = self._series.roster_generation(scope)
            roster = await self._control.rosters.get(organisation)
            return CreatorFacts(self._totals, roster, generation, scope, today)
        generation = self._decisions.entities_generation(scope)
        book = await self._control.books.get(organisation)
        return DecisionFacts(self._decisions, book, generation, scope, today)

    async def _measured(
        self, question: MetricQuestion, metrics: Sequence[Asked], period: Period | None, scope: Scope
    ) -> Measured:
        facts = await self._facts(question, scope)
        if isinstance(facts, CreatorFacts):
            found = await facts.measured(question, metrics, period) if period else {}
            named = question.breakdown in (None, question.entity.kind) and question.entity.ids != "all"
            return {key: of for key, of in found.items() if named or not question.breakdown or any(of.values())}
        names = needed(metrics)
        if isinstance(facts, AdFacts):
            parts = await facts.sums(question, names, period)
        else:
            parts = await facts.sums(question, names, period) if period else []
        sums = summed(parts)
        for key in _expected(question, period, await self.index(scope)):
            sums.setdefault(key, dict.fromkeys(names, 0))
        return {key: values(metrics, of) for key, of in sums.items()}

    async def _report(self, question: MetricQuestion, scope: Scope) -> MetricAnswer:
        facts = await self._facts(question, scope)
        if not isinstance(facts, DecisionFacts):
            raise TypeError("Reports are of decisions.")
        asked, chosen = self._dashboard(question, facts)
        book = await self._control.books.get(scope.organisation_id)
        subtitle = f"{starting_big(period_words(question.period))} (UTC)"
        found = await facts.ask(asked)
        made = metric_reports.table(question.report or "budgets", found, book, chosen, subtitle)
        limit = question.limit or MOST_ROWS
        cut = msgspec.structs.replace(made, rows=made.rows[:limit])
        return _cited(question, cut, metric_reports.warnings(found), truncated=len(made.rows) > limit)

    def _dashboard(
        self, question: MetricQuestion, facts: DecisionFacts
    ) -> tuple[DashboardQuestion, frozenset[str] | None]:
        report, ids = question.report or "budgets", question.entity.ids
        if question.entity.kind != "offer" or question.only or question.breakdown or question.having:
            raise InvalidRequest("A 'report' is of offers, without breakdown and filters.", field="report")
        chosen = None if ids == "all" else frozenset(map(str, ids))
        if report == "budgets":
            return DashboardQuestion("budget_burn"), chosen
        if question.period is None:
            raise InvalidRequest("'period' is required.", field="period")
        days = max(facts.days(question.period, to_now=True), 1)
        if report != "why_not_ranked":
            return DashboardQuestion(metric_reports.TYPES[report], days, days), chosen
        if chosen is None or len(chosen) != 1:
            raise InvalidRequest("'why_not_ranked' is about one offer.", field="entity.ids", allowed="one id")
        return DashboardQuestion("why_not_ranked", days, offer=facts.number("offer", *chosen)), None


def _hold_kind(kind: str | None) -> None:
    if kind is not None and kind not in KIND_LABELS:
        raise InvalidRequest(
            f"Unknown kind '{kind[:64]}'.{did_you_mean(kind, KIND_LABELS)}", field="kind", allowed=list(KIND_LABELS)
        )


def _checked(question: MetricQuestion) -> list[Asked]:
    """The metrics; ``InvalidRequest`` for what nobody can ask."""
    check(question)
    if question.report is None:
        metrics = _metrics(question)
        checked(question)
        return metrics
    if question.family != "decisions" or question.metrics:
        raise InvalidRequest("A 'report' is of offers and takes no metrics.", field="report")
    return []


def _metrics(question: MetricQuestion) -> list[Asked]:
    """The metrics by name; ``InvalidRequest`` with the nearest name for one that the family does not have."""
    known = of_family(question.family)
    if not question.metrics:
        raise InvalidRequest("'metrics' is required.", field="metrics", allowed=list(known))
    for name in question.metrics:
        if name not in known:
            raise InvalidRequest(
                f"Unknown metric '{name[:64]}' of a {question.entity.kind}.{did_you_mean(name, known)}",
                field="metrics",
                allowed=list(known),
            )
    if question.breakdown is not None and question.breakdown not in _breakdowns(question.family):
        raise InvalidRequest(
            f"A {question.entity.kind} cannot be broken down by '{question.breakdown}'.",
            field="breakdown",
            allowed=_breakdowns(question.family),
        )
    return [known[name] for name in dict.fromkeys(question.metrics)]


def _breakdowns(family: str) -> list[str]:
    return [term.name for term in _dimensions() if term.family == family]


def _expected(question: MetricQuestion, period: Period | None, index: Index) -> list[Key]:
    """The rows that are there without facts, too: those without breakdown, and of entities that are named."""
    buckets = (
        [bucket for bucket, _ in split(period, question.granularity)] if question.granularity and period else [None]
    )
    if not question.breakdown:
        return [Key(bucket) for bucket in buckets]
    named: list[tuple[str, str]] = []
    if question.breakdown == question.entity.kind and question.entity.ids != "all":
        names = {(one.kind, one.id): one.name for one in reversed(index.entities)}
        named = [(str(one), names.get((question.breakdown, str(one)), str(one))) for one in question.entity.ids]
    for only in question.only:
        if only.dimension == question.breakdown and only.dimension in ("domain", "dsp"):
            named += [(value, value) for value in only.values]
    return [Key(bucket, public_id, name) for bucket in buckets for public_id, name in named]


def _cited(question: MetricQuestion, made: ReportTable, warnings: tuple[str, ...], *, truncated: bool) -> MetricAnswer:
    citation = Citation(canonical(question), BUILT_IN, len(made.rows))
    return MetricAnswer(question, made, citation, warnings, truncated)


def _warnings(question: MetricQuestion, found: Sequence[Line], today: date) -> tuple[str, ...]:
    said = []
    if question.period is not None and question.period.last >= today:
        said.append("Today is not over; its figures are those so far.")
    if question.period and question.granularity and _cut(question.period, question.granularity):
        said.append(f"The first or last {question.granularity} lies only partly within the period.")
    if question.breakdown == "creator_campaign":
        said.append("Campaigns may share videos, so their figures do not add up.")
    return tuple(said) if found else ()


def _cut(period: Period, granularity: Granularity) -> bool:
    """Whether the period begins or ends within a bucket."""
    first, after = window(period).start, window(period).end
    return first != floor(first, granularity) or after != floor(after, granularity) if first and after else False


def _term(one: Asked) -> Term:
    return Term("metric", one.family, one.name, one.label, one.description, one.unit.label, one.synonyms)


def _dimensions() -> list[Term]:
    return [
        Term("dimension", FAMILY_OF[name], name, label, f"Break figures down by {label}, or ask about one.")
        for name, label in KIND_LABELS.items()
    ]
