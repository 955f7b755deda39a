"""``headwater worker``: the jobs and deliveries of a server, in a process of their own."""

from __future__ import annotations

import asyncio
import signal

import typer

from headwater import processes, shared
from headwater.app import Headwater
from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.outbound import traces
from headwater.storage import check as facts


def worker(data_dir: DataDir = None) -> None:
    """Run jobs, deliver webhooks and mail reports, and serve nothing, until it is told to stop.

    Any number may run, beside servers with `HEADWATER_JOBS=false` or with jobs of their own: each job is done
    by one process. What a stop cuts off, another begins anew. Needs facts in ClickHouse and a shared cache.

    Example: `headwater worker --data-dir .data`
    """
    settings = parts.settings_of(data_dir)
    processes.check(settings, "headwater worker")
    shared.check(settings)
    traces.check(settings)
    facts.check(settings)
    asyncio.run(_work(Headwater(settings)))


async def _work(headwater: Headwater) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await headwater.start()
    try:
        headwater.begin_jobs()
        typer.echo("Headwater works. Stop it with SIGTERM.", err=True)
        await told.wait()
    finally:
        await headwater.stop()
