"""Asks the schema analyst questions of SQLite files, as the suites over schemas do."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import yaml

from evals.real_data import sql_data
from evals.sqlite_source import SqliteSource
from evals.suite import Case
from headwater.analyst.reply import Reply
from headwater.analyst.schema_analyst import SchemaAnalyst

TODAY = date(2026, 11, 27)
ANALYST = SchemaAnalyst()


@cache
def source(name: str) -> SqliteSource:
    """A database by its file's name, opened once."""
    return SqliteSource(sql_data(f"{name}.sqlite"))


async def ask(case: Case) -> Reply:
    """The analyst's reply; a citation that does not give the same rows again is no answer."""
    opened = source(case.source)
    reply = await ANALYST.answer(case.question, case.source, opened.schema, opened.run, TODAY)
    for citation in reply.citations:
        again = opened.rows(citation.query)
        if len(again.rows) != citation.rows or (reply.table and len(reply.table.rows) != citation.rows):
            raise AssertionError(f"{case.id}: the citation does not give the rows of the answer")
    return reply


def written_cases(path: Path, database: str) -> list[Case]:
    """Cases of a YAML file: a question with the SQL that answers it, or ``asks: true``."""
    opened = source(database)
    found = []
    for at, entry in enumerate(yaml.safe_load(path.read_text("utf-8")), 1):
        rows = None if entry.get("asks") else tuple(tuple(row) for row in opened.rows(entry["sql"]).rows)
        case_id = entry.get("id", f"{database}-{at}")
        found.append(Case(case_id, database, entry["question"], rows, ordered=entry.get("ordered", False)))
    return found
