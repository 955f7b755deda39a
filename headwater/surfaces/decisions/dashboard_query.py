"""The question that the dashboard's parameters ask, or everything that is wrong with them. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from headwater.control.decisions.book import Book, Kind
from headwater.errors import NotFound
from headwater.query.decisions.dashboard import GROUPINGS, TAKES, TYPES, DashboardQuestion, DashboardType, Grouping
from headwater.surfaces._http.problems import Problems
from headwater.surfaces.decisions.dashboard_contract import DAYS, DashboardQuery

_KINDS: Final[dict[str, tuple[str, Kind]]] = {
    "modelId": ("model", "algorithm_model"),
    "channelId": ("channel", "channel"),
    "categoryId": ("category", "category"),
    "decisionFlowId": ("flow", "decision_flow"),
    "offerId": ("offer", "offer"),
}
"""Parameters that name an entity: the question's field, and the kind."""


class UnknownSegment(Exception):
    """The segment is none of the organisation's, which is an answer here, not an error."""


def read_question(query: DashboardQuery, book: Book) -> DashboardQuestion:
    """The question.

    Raises ``InvalidRequest`` with every problem, then ``NotFound`` for an id that the
    organisation does not have, then ``UnknownSegment``.
    """
    given = {name: value for name, value in msgspec.to_builtins(query).items() if value}
    problems = Problems()
    kind = problems.choice("type", query.type, TYPES)
    days = problems.number("days", query.days, DAYS)
    baseline = problems.number("baselineDays", query.baseline_days, DAYS) if query.baseline_days else days
    if kind is not None:
        _check_taken(kind, given, problems)
    group_by = _grouping(kind, query, problems)
    problems.refuse()
    if kind is None or days is None or baseline is None:
        raise ValueError("What is missing was not told of.")
    numbers = {field: _number(book, of, given[name], name) for name, (field, of) in _KINDS.items() if name in given}
    only = _number(book, group_by, given["filterId"], "filterId") if group_by and "filterId" in given else None
    segment = _segment(book, given["segmentId"]) if "segmentId" in given else None
    return DashboardQuestion(kind, days, baseline, group_by, only, segment=segment, **numbers)


def _check_taken(kind: DashboardType, given: dict[str, str], problems: Problems) -> None:
    takes = TAKES.get(kind, frozenset())
    for name in given:
        if name not in ("type", "days") and name not in takes:
            others = ", ".join(sorted(of for of, taken in TAKES.items() if name in taken))
            allowed = ", ".join(["days", *sorted(takes)])
            problems.add(name, f"'{name}' is not for '{kind}', which takes {allowed}; it is for {others}.")
    if "filterId" in given and "groupBy" not in given and kind == "score_distribution":
        problems.add("filterId", "'filterId' needs 'groupBy': it is the id of one channel, offer or category.")
    if kind == "why_not_ranked" and "offerId" not in given:
        problems.add("offerId", "'offerId' is required for 'why_not_ranked'.")


def _grouping(kind: DashboardType | None, query: DashboardQuery, problems: Problems) -> Grouping | None:
    if kind is None or kind not in GROUPINGS:
        return None
    if not query.group_by:
        return "channel" if kind == "offer_performance_grouped" else None
    return problems.choice("groupBy", query.group_by, GROUPINGS[kind])


def _number(book: Book, kind: Kind, public_id: str, name: str) -> int:
    number = book.find(kind, public_id)
    if number is None:
        raise NotFound(f"There is no {kind.replace('_', ' ')} '{public_id[:64]}'.", field=name)
    return number


def _segment(book: Book, public_id: str) -> int:
    number = book.find("segment", public_id)
    if number is None or book.segments[number].archived:
        raise UnknownSegment
    return number
