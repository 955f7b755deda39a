"""``headwater import``: facts from files, into a stopped server's data directory or to a running server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from headwater.catalogue.model import Dataset, RowDataset, SnapshotDataset
from headwater.catalogue.registry import CATALOGUE
from headwater.cli import parts
from headwater.cli.importing.ad_entities import AdEntities, workspace_of
from headwater.cli.importing.columns import Columns, references
from headwater.cli.importing.connection import Connection
from headwater.cli.importing.decision_entities import DecisionNames, hints
from headwater.cli.importing.files import Format, check_sources
from headwater.cli.importing.local import LocalTarget
from headwater.cli.importing.names import Names, Naming, NoNames
from headwater.cli.importing.remote import RemoteTarget
from headwater.cli.importing.roster_entities import RosterEntities, RosterKind, project_of
from headwater.cli.importing.run import Run, Target
from headwater.cli.parts import DataDir, Org
from headwater.errors import InvalidRequest, NotFound
from headwater.ingest.receive import OnError
from headwater.kit.suggest import did_you_mean

DatasetName = Annotated[str, typer.Argument(help=f"What the records are: {', '.join(CATALOGUE)}.")]
Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="CSV, NDJSON, JSON, Parquet or Arrow, also as .gz or .zst; - is stdin."),
]
FileFormat = Annotated[Format | None, typer.Option(help="Format of the files.", show_default="by suffix")]
Maps = Annotated[
    list[str] | None, typer.Option("--map", metavar="COLUMN=FIELD", help="Read a column as a field; repeatable.")
]
Constants = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="The same in every record; repeatable.")
]
BadRecords = Annotated[
    OnError, typer.Option(help="Bad records: abort stops and stores nothing of their batch; skip stores the others.")
]
CreateMissing = Annotated[
    bool, typer.Option("--create-missing", help="Make entities that records name and that do not exist.")
]
Workspace = Annotated[
    int | None, typer.Option(help="Workspace to make creatives in.", show_default="the only one there is")
]
Project = Annotated[
    str | None,
    typer.Option(
        help="Project of the creators and videos, by name or UUID; --create-missing makes one of a new name.",
        show_default="all, or the only one to make things in",
    ),
]
Url = Annotated[str | None, typer.Option(help="A running server, instead of a data directory.")]
Key = Annotated[str | None, typer.Option(help="API key for that server, with read and write permission.")]


def import_(
    dataset: DatasetName,
    files: Files,
    format: FileFormat = None,
    maps: Maps = None,
    constants: Constants = None,
    on_error: BadRecords = "abort",
    create_missing: CreateMissing = False,
    workspace: Workspace = None,
    project: Project = None,
    org: Org = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Store facts from files.

    Records have the fields of `POST /api/v1/ingest/DATASET`. Instead of `creative_id` and `component_id` they may
    name entities by external id in columns `creative` and `component`; with `--create-missing` unknown ones are made,
    in the campaign and group that the columns `campaign` and `creative_group` name, or in ones called "Imported".

    Snapshots may name a video by external id in the column `video` and a creator by external id or handle in the
    column `creator`, instead of by UUID. A video that is made is of the creator in the column `creator`, where there
    is one, who is made as well, and takes the columns `title`, `url` and `posted_at`; a creator takes `handle` (else
    the external id is the handle), `platform` and `display_name`.

    Facts about decisions name offers, channels and whatever else by the ids that these have in the API, which are
    your own where you gave them. With `--create-missing` offers, channels, segments, decision flows and models that
    are not there are made under these ids, with the columns `offer_name`, `category`, `channel_name` and
    `channel_type` where there are such.

    Records are stored in batches of at most 50,000, each as a whole or not at all. `--on-error abort` stops at the
    first batch with a bad record and says what was stored before it. Records that carry an `id` are stored once,
    however often they are imported.

    Example: `headwater import ad-events log.csv.gz --map time=ts --map exchange=dsp --set event=impressions`

    Example: `headwater import video-snapshots daily.parquet --map bvid=video --create-missing --project Spring`

    Example: `headwater import interactions responses.csv --map customer=customer_id --create-missing`

    Example: `zcat log.gz | headwater import ad-events - --format ndjson --url http://127.0.0.1:8000 --key hw_live_…`
    """
    if (url is None) != (key is None):
        raise InvalidRequest("--url and --key go together.", field="url")
    if url is not None and (org is not None or data_dir is not None):
        raise InvalidRequest("With --url the key says whose facts these are: leave out --org and --data-dir.")
    known = _dataset(dataset)
    _check_places(known, create_missing, workspace, project)
    columns = Columns(known, maps or (), constants or (), whole=create_missing and isinstance(known, RowDataset))
    check_sources(files, format)

    async def work() -> None:
        async with _target(url, key, data_dir, org) as target:
            names = await _naming(known, target, create_missing, workspace, project)
            run = Run(dataset, target, columns, names, on_error, hints(known, create_missing))
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


def _check_places(dataset: Dataset, create_missing: bool, workspace: int | None, project: str | None) -> None:
    of_roster = isinstance(dataset, SnapshotDataset)
    if isinstance(dataset, RowDataset) and (workspace is not None or project is not None):
        raise InvalidRequest(
            f"--workspace and --project are for creatives and creators; {dataset.name} name neither.",
            field="workspace" if workspace is not None else "project",
        )
    if workspace is not None and of_roster:
        raise InvalidRequest("--workspace is for creatives; creators and videos have --project.", field="workspace")
    if project is not None and not of_roster:
        raise InvalidRequest("--project is for creators and videos; creatives have --workspace.", field="project")
    if workspace is not None and not create_missing:
        raise InvalidRequest("--workspace is where --create-missing makes things: give both.", field="workspace")


async def _naming(
    dataset: Dataset, target: Target, create_missing: bool, workspace: int | None, project: str | None
) -> Naming:
    """What is done about what the records of the dataset name."""
    if isinstance(dataset, RowDataset):
        return DecisionNames(dataset, target.decisions) if create_missing else NoNames()
    named = references(dataset)
    if "creative" in named:
        ads = AdEntities(target.ads, await workspace_of(target.ads, workspace) if create_missing else None)
        return Names(dataset, ads)
    place = await project_of(target.roster, project, create_missing)
    kind: RosterKind = "video" if "video" in named else "creator"
    return Names(dataset, RosterEntities(kind, target.roster, place, create_missing))
