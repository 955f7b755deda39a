"""``headwater migrate-store``: facts from the data directory's DuckDB into a ClickHouse."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from headwater.app import FACTS_FILE, move_facts
from headwater.cli import moving
from headwater.cli.parts import DataDir


def migrate_store(
    to: Annotated[
        str, typer.Option(help="Where to, `clickhouse://user:password@host:8123/database`.", show_default="facts_url")
    ] = "",
    data_dir: DataDir = None,
) -> None:
    """Copy all facts into ClickHouse, and compare each table there by rows and checksums of every day.

    The server must be stopped. What was cut off is gone on with by the same command, also after days: so a copy of a
    running server's data directory may be moved first, and after a stop only what has come since. `facts.duckdb` keeps
    its facts; from then on set `HEADWATER_FACTS_URL`. Sums of campaigns are made anew by the next nightly job.
    A target that holds facts of other origin is refused.

    Example: `headwater migrate-store --to clickhouse://headwater:secret@db.example.com:8123/headwater`
    """
    settings, path, url = moving.from_and_to(data_dir, FACTS_FILE, to, "facts_url")
    moved = asyncio.run(move_facts(settings, path, url, lambda words: typer.echo(words, err=True)))
    rows = [[one.table, f"{one.of.rows:,}", f"{one.days:,}", f"{one.of.checksum:016x}"] for one in moved]
    moving.show_moved(["TABLE", "ROWS", "DAYS", "CHECKSUM"], rows, "facts_url")
