"""``headwater register``: a company with its owner, made by the operator whatever `registration` says.

Uses the control plane alone, so a server may run on the same data directory.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.settings import Settings


def register(
    email: Annotated[str, typer.Argument(help="The owner's e-mail address, which is taken for proven.")],
    company: Annotated[str, typer.Option(help="Name of the company.")],
    name: Annotated[str, typer.Option(help="The owner's name.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Register a company and its owner; the first one of a server is its operator.

    Example: `headwater register ada@example.com --company 'Example Corp' --name 'Ada Lovelace'`
    """
    settings = parts.settings_of(data_dir)
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    typer.echo(asyncio.run(_register(settings, email, password, name, company)))


async def _register(settings: Settings, email: str, password: str, name: str, company: str) -> str:
    async with parts.control_plane(settings) as control:
        newcomer = await control.registration.newcomer(email, password, name)
        async with control.unit_of_work() as unit:
            made = await control.registration.found(unit, newcomer, company, is_verified=True)
    return f"{made.user.email} owns {made.organisation.name} (organisation {made.organisation.id}) and can log in."
