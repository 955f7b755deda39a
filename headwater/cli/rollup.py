"""``headwater rollup``: bring every kept sum up to date now instead of when due."""

from __future__ import annotations

import asyncio

import msgspec
import typer

from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.jobs.creator_sums import CreatorSums
from headwater.jobs.registry import rebuild_all
from headwater.settings import Settings


class Done(msgspec.Struct, frozen=True):
    """Fresh rows before and after, and how many campaigns were summed."""

    before: int
    after: int
    campaigns: int


def rollup(data_dir: DataDir = None) -> None:
    """Merge what waits to be merged, and sum the campaigns of creators anew.

    The server must be stopped; a running one does this by itself.

    Example: `headwater rollup --data-dir .data`
    """
    done = asyncio.run(_bring_up_to_date(parts.settings_of(data_dir)))
    typer.echo(f"Merged {done.before - done.after:,} fresh rows into the rollups; {done.after:,} are left.")
    typer.echo(f"Campaigns of creators summed anew: {done.campaigns:,}.")


async def _bring_up_to_date(settings: Settings) -> Done:
    async with parts.everything(settings) as headwater:
        control, store = headwater.services.control, headwater.services.store
        before = (await store.health()).fresh_rows
        await store.compact()
        sums = CreatorSums(control, store, headwater.spoil)
        campaigns = 0

        async def rebuild(organisation_id: int, everything: bool) -> None:
            nonlocal campaigns
            await sums.rebuild(organisation_id, everything)
            campaigns += len(store.groups(organisation_id))

        await rebuild_all(control, rebuild)
        return Done(before, (await store.health()).fresh_rows, campaigns)
