"""Reads public question sets that are kept as Parquet."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from evals.real_data import sql_data
from evals.suite import Case


def rows_of(path: Path, query: str) -> list[tuple[object, ...]]:
    """Rows of a query over one Parquet file, which it calls ``questions``."""
    with duckdb.connect() as connection:
        connection.execute("CREATE VIEW questions AS FROM read_parquet('" + str(path).replace("'", "''") + "')")
        return connection.execute(query).fetchall()


def split_cases(database: str, splits: tuple[str, ...]) -> list[Case]:
    """Cases of some parts of a question split."""
    query = (
        "SELECT id, question, answer_rows, question_split FROM questions WHERE error IS NULL AND db = '"
        + database
        + "'"
    )
    found = rows_of(sql_data("geo_restaurants_questions.parquet"), query)
    return [
        Case(str(case), database, str(question), tuple(tuple(row) for row in json.loads(str(rows))), repeats=False)
        for case, question, rows, split in found
        if split in splits
    ]
