"""Questions over five small databases, made to test models that write SQL; most need several steps."""

from __future__ import annotations

from typing import cast

from evals.public import rows_of
from evals.real_data import sql_data
from evals.schemas import ask, source
from evals.suite import Case, Suite


def cases() -> list[Case]:
    """All questions whose SQL runs; each accepts the rows of any of its queries."""
    found = []
    query = "SELECT db, source_row, question, sql_alternatives FROM questions WHERE error IS NULL"
    for database, row, question, queries in rows_of(sql_data("defog_questions.parquet"), query):
        opened = source(str(database))
        answers = [tuple(map(tuple, opened.rows(sql).rows)) for sql in cast(list[str], queries)]
        case_id = f"{database}-{row}"
        found.append(
            Case(case_id, str(database), str(question), answers[0], repeats=False, alternatives=tuple(answers[1:]))
        )
    return found


SUITE = Suite("defog", "academia, flights, geography, restaurants and papers, without declared keys", cases, ask)
