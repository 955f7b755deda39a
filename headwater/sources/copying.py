"""A copy of a source: all its tables, whole, in a DuckDB file of their own.

Nothing is left out: a table that is larger than a copy may be fails the copy, and its owner
is told which.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec

from headwater.errors import InvalidRequest
from headwater.sources.connector import MOST_TABLES, Connector
from headwater.sources.files.names import TableNames
from headwater.sources.files.tables import Tables
from headwater.sources.files.task import TABLES
from headwater.sources.identifiers import quoted_path
from headwater.sources.records import columnar
from headwater.sources.schema import Rows
from headwater.sources.threads import in_thread


class Copied(msgspec.Struct, frozen=True):
    """What is in a copy."""

    tables: tuple[str, ...]
    rows: int


async def copy(connector: Connector, folder: Path, most_rows: int, seconds: float) -> Copied:
    """Copy all tables into ``folder``, each of at most ``most_rows`` rows and within ``seconds``.

    Raises as the connector does; what was made so far is then of no use.
    """
    schema = await connector.schema()
    if len(schema.tables) >= MOST_TABLES:
        raise InvalidRequest(f"The source has {MOST_TABLES} tables or more, which is more than a copy may have.")
    names, count = TableNames(), 0
    with closing(Tables(folder / TABLES, names)) as tables:
        for table in schema.tables:
            query = f"SELECT * FROM {quoted_path(table.name, schema.dialect)}"
            rows = await connector.run(query, {}, most_rows, seconds)
            if rows.truncated:
                raise InvalidRequest(
                    f"The table '{table.name[:80]}' is larger than a copy may be ({most_rows:,} rows). Make a smaller"
                    " view of it, query the source online, or have the operator raise `source_copy_rows` and"
                    " `source_copy_bytes`."
                )
            await in_thread(_keep, tables, names.plain(table.name), rows)
            count += len(rows.rows)
        return Copied(tuple(tables.made), count)


def _keep(tables: Tables, name: str, rows: Rows) -> None:
    columns = list(zip(*rows.rows, strict=True)) or [()] * len(rows.columns)
    tables.keep(name, columnar([one.name for one in rows.columns], columns))
