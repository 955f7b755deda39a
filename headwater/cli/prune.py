"""``headwater prune``: take away what organisations' plans no longer keep, now instead of at night."""

from __future__ import annotations

import asyncio
from datetime import datetime

import typer

from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.jobs.registry import prune_all
from headwater.settings import Settings


def prune(data_dir: DataDir = None) -> None:
    """Take away snapshots of creators and videos that are older than their organisation's plan keeps.

    What stays is as it was: the last old reading of each becomes the level that later ones start from.
    With facts in the data directory the server must be stopped; a running one does this by itself every night.

    Example: `headwater prune --data-dir .data`
    """
    gone = asyncio.run(_prune(parts.settings_of(data_dir)))
    for organisation_id, (count, before) in gone.items():
        typer.echo(f"Organisation {organisation_id}: {count:,} snapshots of before {before:%Y-%m-%d %H:%M} UTC went.")
    if not gone:
        typer.echo("Every organisation has a plan that keeps everything.")


async def _prune(settings: Settings) -> dict[int, tuple[int, datetime]]:
    """How many went of each organisation whose plan has an end, and up to when."""
    gone: dict[int, tuple[int, datetime]] = {}
    async with parts.everything(settings) as headwater:
        services = headwater.services

        async def prune_one(organisation_id: int, before: datetime) -> None:
            gone[organisation_id] = (await services.store.prune(organisation_id, before), before)

        await prune_all(services.control, services.clock, prune_one)
    return gone
