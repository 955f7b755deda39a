"""The stops of a series question for a person to read: what is asked, whose figures count, the statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headwater.catalogue.creators import SERIES
from headwater.cli.asked import AskedSeries
from headwater.query.series.resolve import needs
from headwater.storage.port import Statement

Section = tuple[str, list[str]]

_SHOWN = 12


def sections(asked: AskedSeries, statements: Sequence[Statement]) -> Iterator[Section]:
    """One after the other, down to the SQL and its values."""
    question, roster = asked
    span, zone = question.span, question.zone
    yield (
        "Question",
        [
            f"{question.metric} ({question.mode}) of {question.entity} {few(question.ids)}",
            f"from {span.first} to {span.last}, days of {zone}, by {question.grid.granularity}",
        ],
    )
    counted = [f"{number}: {len(roster.videos(question.entity, number)):,} videos" for number in question.ids]
    yield "Entities", [f"{question.entity} {line} count" for line in counted]
    needed = needs(question)
    unit = SERIES[question.metric].unit.name
    terms = ", ".join(f"{term.reading} {term.level}" for term in needed.terms)
    yield "Metrics", [f"{question.metric} ({unit}) from {terms}"]
    yield "Plan", [f"running totals over {needed.span.first} to {needed.span.last}, and of all days before"]
    for statement in statements:
        yield f"SQL: {statement.purpose}", [statement.sql]
        args = [few(arg) if isinstance(arg, list) else str(arg) for arg in statement.args]
        yield "Args", [f"{number}: {arg}" for number, arg in enumerate(args, 1)]


def few(values: Sequence[object]) -> str:
    """The first of the values, and how many there are."""
    more = f" … ({len(values):,} in all)" if len(values) > _SHOWN else ""
    return ", ".join(map(str, values[:_SHOWN])) + more
