"""``headwater migrate-control``: from the data directory's SQLite into a PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from headwater.cli import moving
from headwater.cli.parts import DataDir
from headwater.control import postgres
from headwater.control.db import Database
from headwater.control.moving import Moved, move
from headwater.control.secret_file import FILE_NAME as SECRETS
from headwater.control.secrets import Vault
from headwater.control.sqlite import FILE_NAME
from headwater.kit.clock import system_clock

_SHOWN_OF_CHECKSUM = 16


def migrate_control(
    to: Annotated[
        str, typer.Option(help="Where to, `postgresql://user:password@host:5432/database`.", show_default="control_url")
    ] = "",
    data_dir: DataDir = None,
) -> None:
    """Copy accounts, entities and all else that people edit into an empty PostgreSQL.

    The server must be stopped. All of it is copied or nothing; what was cut off is begun anew by the same command.
    Each table is compared on both sides, by its rows and a checksum of them. `control.db` stays as it was; from then
    on set `HEADWATER_CONTROL_URL`.

    Example: `headwater migrate-control --to postgresql://headwater:secret@db.example.com:5432/headwater`
    """
    _, path, url = moving.from_and_to(data_dir, FILE_NAME, to, "control_url")
    moved = asyncio.run(_move(path.parent, url))
    rows = [[one.table, f"{one.rows:,}", one.checksum[:_SHOWN_OF_CHECKSUM]] for one in moved]
    moving.show_moved(["TABLE", "ROWS", "SHA-256"], rows, "control_url")


async def _move(folder: Path, url: str) -> list[Moved]:
    database = Database(postgres.address(url), system_clock, Vault(folder / SECRETS), lambda _: None)
    try:
        return await move(folder, database, lambda table: typer.echo(f"Copying {table}", err=True))
    finally:
        await database.close()
