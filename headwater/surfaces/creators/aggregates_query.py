"""The question that an aggregate's parameters ask, or everything that is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from headwater.control.creators.roster import Roster
from headwater.errors import NotFound
from headwater.kit.ids import read_uuid
from headwater.query.series.ranking import Cut, Order
from headwater.query.series.retention import oldest_allowed
from headwater.query.series.totals import TotalsQuestion
from headwater.surfaces._http.problems import Problems
from headwater.surfaces.creators.aggregates_contract import DIRECTIONS, LIMITS, OFFSETS, AggregateQuery
from headwater.surfaces.creators.analytics_query import read_span


class ListQuestion(NamedTuple):
    """What is summed, and which rows of what comes of it are wanted."""

    totals: TotalsQuestion
    order: Order
    cut: Cut


def read_question(
    query: AggregateQuery,
    columns: Sequence[str],
    natural: Order,
    roster: Roster,
    retention_days: int | None,
    today_in: Callable[[str], date],
) -> ListQuestion:
    """The question about a list with these columns, of which ``natural`` is the order unless another is asked for.

    Raises ``InvalidRequest`` with every problem, then ``NotFound`` for a project that the
    organisation does not have, then ``RetentionExceeded``.
    """
    problems = Problems()
    if query.project_id and read_uuid(query.project_id) is None:
        problems.add("project_id", f"'project_id' is not a UUID: '{query.project_id[:64]}'.")
    today = today_in(roster.zone)
    span = read_span(query.start, query.end, today, problems)
    order = _order(query.order, columns, natural, problems)
    limit = problems.number("limit", query.limit, LIMITS)
    offset = problems.number("offset", query.offset, OFFSETS)
    problems.refuse()
    project = _project(query.project_id, roster)
    oldest_allowed(span, today, retention_days)
    return ListQuestion(TotalsQuestion(project, span, roster.zone, today), order, Cut(limit or 1, offset or 0))


def _order(text: str, columns: Sequence[str], natural: Order, problems: Problems) -> Order:
    if not text:
        return natural
    if text in DIRECTIONS:
        return Order(natural.column, text == "desc")
    column, _, direction = text.partition(":")
    if column in columns and (direction in DIRECTIONS or text == column):
        return Order(column, direction != "asc")
    problems.choice("order", text, [*DIRECTIONS, *columns, *(f"{one}:asc" for one in columns)])
    return natural


def _project(public_id: str, roster: Roster) -> int | None:
    if not public_id:
        return None
    number = roster.find("project", public_id)
    if number is None:
        raise NotFound(f"There is no project {public_id[:64]!r}.", field="project_id")
    return number
