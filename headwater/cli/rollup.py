"""``headwater rollup``: merge the sums of single commits into the sorted rollups, now instead of when due."""

from __future__ import annotations

import asyncio

import typer

from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.settings import Settings


def rollup(data_dir: DataDir = None) -> None:
    """Merge what waits to be merged. The server must be stopped; a running one does this by itself.

    Example: `headwater rollup --data-dir .data`
    """
    before, after = asyncio.run(_merge(parts.settings_of(data_dir)))
    typer.echo(f"Merged {before - after:,} fresh rows into the rollups; {after:,} are left.")


async def _merge(settings: Settings) -> tuple[int, int]:
    async with parts.everything(settings) as headwater:
        store = headwater.services.store
        before = (await store.health()).fresh_rows
        await store.compact()
        return before, (await store.health()).fresh_rows
