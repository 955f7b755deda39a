"""The demo on the command line: fill once, then say how to get in and what to try."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import select

from headwater.app import Headwater, configure_logging
from headwater.control.organisations.models import Organisation
from headwater.demo import fill as filling
from headwater.kit.clock import FixedClock, system_clock
from headwater.settings import Settings


def prepare(settings: Settings) -> None:
    """Fill an empty data directory; one that holds something is left as it is. Then print the way in."""
    configure_logging(settings)
    console = Console()
    data_dir = Path(settings.data_dir)
    demo = filling.read(data_dir)
    if demo is None:
        demo = asyncio.run(_fill(settings, data_dir, console))
    if demo is None:
        console.print(f"[yellow]{data_dir} holds data already; the demo was not added.[/yellow]")
        return
    _greet(demo, settings.address, console)


async def _fill(settings: Settings, data_dir: Path, console: Console) -> filling.Demo | None:
    """Fill what has no company yet; None for what has."""
    clock = FixedClock(system_clock())
    server = Headwater(settings, clock)
    await server.start()
    try:
        async with server.services.control.reading() as session:
            if await session.scalar(select(Organisation.id).limit(1)):
                return None
        columns = (TextColumn("[progress.description]{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(f"Inventing {filling.DAYS} days of data", total=filling.DAYS)
            return await filling.fill(
                server.services, clock, data_dir, lambda day: progress.update(task, completed=day)
            )
    finally:
        await server.stop()


def _greet(demo: filling.Demo, url: str, console: Console) -> None:
    key = f"-H 'Authorization: Bearer {demo.api_key}'"
    api = f"{url}/v2/aggregation-api"
    lines = [
        "",
        f"[bold]Headwater[/bold] at [link]{url}[/link] with [bold]invented demo data[/bold]:"
        f" {_amounts(demo)}, {filling.DAYS} days that end today. API reference: {url}/docs",
        "",
        f"  Login    {demo.email}  {demo.password}",
        f"  API key  {demo.api_key}",
        "",
        "Try:",
        f"  curl {key} '{api}/counts?resource=campaign&id={demo.campaign_id}'",
        f"  curl {key} '{url}/api/v2/campaigns/data_tree'",
        f"  curl {key} '{api}/flow?creative_id={demo.flow_creative_id}'",
        *_about_creators(demo, f"  curl {key} '{url}/api/v1/analytics"),
        *_about_decisions(demo, f"  curl {key} '{url}/api/v1/dashboard-data"),
        *_in_words(demo, f"  curl {key} -H 'Content-Type: application/json' -d", f"{url}/api/v1/agents"),
        "",
    ]
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def _amounts(demo: filling.Demo) -> str:
    if demo.creators is None:
        return f"{demo.events:,} ad events"
    found = demo.creators
    amounts = f"{demo.events:,} ad events, {found.snapshots:,} snapshots of {found.videos:,} videos and who posted them"
    if demo.decisions is None:
        return amounts
    return f"{amounts}, {demo.decisions.interactions:,} interactions and {demo.decisions.traces:,} decision traces"


def _about_creators(demo: filling.Demo, asking: str) -> list[str]:
    if demo.creators is None:
        return []
    return [f"{asking}?entity=campaign&entity_id={demo.creators.campaign_id}&metric=views'"]


def _about_decisions(demo: filling.Demo, asking: str) -> list[str]:
    if demo.decisions is None:
        return []
    losing = demo.decisions.losing_offer
    return [f"{asking}?type=anomaly_candidates'", f"{asking}?type=why_not_ranked&offerId={losing}'"]


def _in_words(demo: filling.Demo, sending: str, agents: str) -> list[str]:
    if demo.agent_id is None:
        return []
    question = "Which creative had the best click rate last week, and how does that compare with the week before?"
    return [f"""{sending} '{{"input": "{question}"}}' '{agents}/{demo.agent_id}/execute'"""]
