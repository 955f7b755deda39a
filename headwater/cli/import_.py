"""``headwater import``: facts from files, into a stopped server's data directory or to a running server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from headwater.catalogue.model import Dataset
from headwater.catalogue.registry import CATALOGUE
from headwater.cli import parts
from headwater.cli.importing.columns import Columns
from headwater.cli.importing.connection import Connection
from headwater.cli.importing.files import Format, check_sources
from headwater.cli.importing.local import LocalTarget
from headwater.cli.importing.names import Names
from headwater.cli.importing.remote import RemoteTarget
from headwater.cli.importing.run import Run, Target
from headwater.cli.parts import DataDir, Org
from headwater.errors import InvalidRequest, NotFound
from headwater.ingest.receive import OnError
from headwater.kit.suggest import did_you_mean


def import_(
    dataset: Annotated[str, typer.Argument(help=f"What the records are: {', '.join(CATALOGUE)}.")],
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="CSV, NDJSON, JSON, Parquet or Arrow, also as .gz or .zst; - is stdin."),
    ],
    format: Annotated[Format | None, typer.Option(help="Format of the files.", show_default="by suffix")] = None,
    maps: Annotated[
        list[str] | None, typer.Option("--map", metavar="COLUMN=FIELD", help="Read a column as a field; repeatable.")
    ] = None,
    constants: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="The same in every record; repeatable.")
    ] = None,
    on_error: Annotated[
        OnError,
        typer.Option(help="Bad records: abort stops and stores nothing of their batch; skip stores the others."),
    ] = "abort",
    create_missing: Annotated[
        bool, typer.Option("--create-missing", help="Make creatives and components that do not exist.")
    ] = False,
    workspace: Annotated[
        int | None, typer.Option(help="Workspace to make them in.", show_default="the only one there is")
    ] = None,
    org: Org = None,
    data_dir: DataDir = None,
    url: Annotated[str | None, typer.Option(help="A running server, instead of a data directory.")] = None,
    key: Annotated[str | None, typer.Option(help="API key for that server, with read and write permission.")] = None,
) -> None:
    """Store facts from files.

    Records have the fields of `POST /api/v1/ingest/DATASET`. Instead of `creative_id` and `component_id` they may
    name entities by external id in columns `creative` and `component`; with `--create-missing` unknown ones are made,
    in the campaign and group that the columns `campaign` and `creative_group` name, or in ones called "Imported".

    Records are stored in batches of at most 50,000, each as a whole or not at all. `--on-error abort` stops at the
    first batch with a bad record and says what was stored before it. Records that carry an `id` are stored once,
    however often they are imported.

    Example: `headwater import ad-events log.csv.gz --map time=ts --map exchange=dsp --set event=impressions`

    Example: `zcat log.gz | headwater import ad-events - --format ndjson --url http://127.0.0.1:8000 --key hw_live_…`
    """
    if (url is None) != (key is None):
        raise InvalidRequest("--url and --key go together.", field="url")
    if url is not None and (org is not None or data_dir is not None):
        raise InvalidRequest("With --url the key says whose facts these are: leave out --org and --data-dir.")
    if workspace is not None and not create_missing:
        raise InvalidRequest("--workspace is where --create-missing makes things: give both.", field="workspace")
    known = _dataset(dataset)
    columns = Columns(known, maps or (), constants or ())
    check_sources(files, format)

    async def work() -> None:
        async with _target(url, key, data_dir, org) as target:
            place = await _workspace(target, workspace) if create_missing else None
            run = Run(dataset, target, columns, Names(known, target, place), on_error)
            await run.all(files, format, Console(stderr=True))

    asyncio.run(work())


def _dataset(name: str) -> Dataset:
    if name not in CATALOGUE:
        hint = did_you_mean(name, CATALOGUE)
        raise NotFound(f"There is no dataset '{name}'.{hint} Datasets: {', '.join(CATALOGUE)}.", field="dataset")
    return CATALOGUE[name]


@asynccontextmanager
async def _target(url: str | None, key: str | None, data_dir: Path | None, org: str | None) -> AsyncIterator[Target]:
    if url is not None and key is not None:
        with closing(Connection(url, key)) as connection:
            yield RemoteTarget(connection)
        return
    async with parts.everything(parts.settings_of(data_dir)) as headwater:
        yield LocalTarget(headwater, await parts.operator_scope(headwater.services.control, org))


async def _workspace(target: Target, given: int | None) -> int:
    """The workspace to make things in: the one named, or the only one."""
    there = await target.workspaces()
    if given in there:
        return given
    known = ", ".join(map(str, there)) or "none"
    if given is not None:
        raise NotFound(f"There is no workspace {given}. There are: {known}.", field="workspace")
    if len(there) != 1:
        raise InvalidRequest(f"Name the workspace with --workspace. There are: {known}.", field="workspace")
    return there[0]
