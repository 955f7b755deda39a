"""``headwater secrets``: the server's own secrets, rotated by the operator, or others put in their place.

Uses the control plane alone, so a server may run on the same data directory.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.control import provide
from headwater.control.rotation import Rotated
from headwater.settings import Settings

app = typer.Typer(
    name="secrets", add_completion=False, help="Rotate or replace the server's own secrets.", no_args_is_help=True
)


@app.callback()
def secrets() -> None:
    """Rotate or replace the server's own secrets."""


@app.command()
def rotate(
    end_tokens: Annotated[
        bool, typer.Option("--end-tokens", help="Refuse access tokens of before at once, as after a leak.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Sign access tokens and encrypt stored secrets with new keys.

    What is stored is encrypted anew. Access tokens of before are good until they expire;
    API keys, refresh tokens and sessions stay as they are. A running server follows by itself.

    Example: `headwater secrets rotate`
    """
    rotated = asyncio.run(_rotate(parts.settings_of(data_dir), end_tokens))
    until = rotated.tokens_until
    tokens = "are refused from now on" if until is None else f"are good until {until:%Y-%m-%d %H:%M}Z at the latest"
    typer.echo(f"Rotated. Stored secrets encrypted anew: {rotated.values}. Access tokens of before {tokens}.")


@app.command()
def adopt(data_dir: DataDir = None) -> None:
    """Go on with the secrets that there are, where those of before are lost for good.

    API keys, sessions and stored secrets of before are lost with them: people log in with their
    passwords, make new keys, and enter the passwords of data sources and the like again.

    Example: `headwater secrets adopt`
    """
    asyncio.run(_adopt(parts.settings_of(data_dir)))
    typer.echo("Adopted. What only the former secrets could read is lost.")


async def _adopt(settings: Settings) -> None:
    control = provide(settings)
    try:
        await control.start(adopt=True)
    finally:
        await control.stop()


async def _rotate(settings: Settings, end_tokens: bool) -> Rotated:
    async with parts.control_plane(settings) as control:
        return await control.rotation.run(end_tokens=end_tokens)
