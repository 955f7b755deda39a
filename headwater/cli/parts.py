"""Opens and closes the server's parts for a command, on a data directory that exists.

A command gets the control plane alone, which works beside a running server, or
everything, which needs the server stopped. What is done with them is the command's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from headwater import settings as settings_module
from headwater.app import Headwater, configure_logging
from headwater.control import Control, provide
from headwater.control.organisations import repository as organisations
from headwater.control.organisations.models import Organisation
from headwater.control.sqlite import FILE_NAME
from headwater.errors import InvalidRequest, NotFound
from headwater.scope import Scope
from headwater.settings import Settings

_PIPE_WIDTH = 200

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder that holds everything.", show_default=".data")]
Org = Annotated[
    str | None, typer.Option("--org", help="Organisation, by id or name.", show_default="the only one there is")
]


def settings_of(data_dir: Path | None) -> Settings:
    """The settings for a data directory that a server has filled; ``NotFound`` for any other."""
    settings = settings_module.load(data_dir=str(data_dir) if data_dir else None)
    if not settings.control_url and not (Path(settings.data_dir) / FILE_NAME).exists():
        raise NotFound(
            f"There is no Headwater data in '{settings.data_dir}'. Name its folder with --data-dir or"
            " HEADWATER_DATA_DIR, or make it with 'headwater serve'.",
            field="data_dir",
        )
    configure_logging(settings)
    return settings


@asynccontextmanager
async def control_plane(settings: Settings) -> AsyncIterator[Control]:
    """The control plane alone; a server may run beside it."""
    control = provide(settings)
    try:
        await control.start()
        yield control
    finally:
        await control.stop()


@asynccontextmanager
async def everything(settings: Settings) -> AsyncIterator[Headwater]:
    """All parts; ``StoreInUse`` while a server runs on the data directory."""
    headwater = Headwater(settings)
    await headwater.start()
    try:
        yield headwater
    finally:
        await headwater.stop()


async def operator_scope(control: Control, reference: str | None) -> Scope:
    """The operator's scope in the organisation named by id or name, or in the only one."""
    async with control.reading() as session:
        if reference is not None:
            organisation = await organisations.find(session, reference)
        else:
            found = (await session.scalars(select(Organisation).order_by(Organisation.id))).all()
            if len(found) != 1:
                known = ", ".join(f"{one.id} ({one.name})" for one in found[:20]) or "none yet"
                raise InvalidRequest(f"Name the organisation with --org. There are: {known}.", field="org")
            organisation = found[0]
    return await control.access.operator_scope(organisation.id)


def show_table(columns: list[str], rows: list[list[str]]) -> None:
    """Print rows under their headings; nothing is cut off when the output is a file or a pipe."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=_PIPE_WIDTH)
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)
