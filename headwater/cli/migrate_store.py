"""``headwater migrate-store``: facts from the data directory's DuckDB into a ClickHouse."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from headwater import settings as settings_module
from headwater.app import configure_logging, move_facts
from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.errors import InvalidRequest, NotFound


def migrate_store(
    to: Annotated[
        str, typer.Option(help="Where to, `clickhouse://user:password@host:8123/database`.", show_default="facts_url")
    ] = "",
    data_dir: DataDir = None,
) -> None:
    """Copy all facts into ClickHouse, and compare each table there by rows and checksums of every day.

    The server must be stopped. What was cut off is gone on with by the same command, also after days: so a copy of a
    running server's data directory may be moved first, and after a stop only what has come since. `facts.duckdb` stays
    as it was; from then on set `HEADWATER_FACTS_URL`. Sums of campaigns are made anew by the next nightly job.

    Example: `headwater migrate-store --to clickhouse://headwater:secret@db.example.com:8123/headwater`
    """
    settings = settings_module.load(data_dir=str(data_dir) if data_dir else None)
    configure_logging(settings)
    url, path = to or settings.facts_url, Path(settings.data_dir) / "facts.duckdb"
    if not url:
        raise InvalidRequest("Say where to with --to, or by the setting 'facts_url'.", field="to")
    if not path.exists():
        raise NotFound(
            f"There is no {path.name} in '{path.parent}'. Name its folder with --data-dir.", field="data_dir"
        )
    moved = asyncio.run(move_facts(settings, path, url, lambda words: typer.echo(words, err=True)))
    rows = [[one.table, f"{one.of.rows:,}", f"{one.days:,}", f"{one.of.checksum:016x}"] for one in moved]
    parts.show_table(["TABLE", "ROWS", "DAYS", "CHECKSUM"], rows)
    typer.echo("Moved; both sides are the same. Set HEADWATER_FACTS_URL before the next start.")
