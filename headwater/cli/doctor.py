"""``headwater doctor``: what is set, what is there, and whether it is sound."""

from __future__ import annotations

import asyncio
import math
import platform
import shutil
import sqlite3
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

import msgspec
import typer
from sqlalchemy import select

from headwater import __version__
from headwater.app import Headwater
from headwater.catalogue.model import EventDataset, Rollup
from headwater.catalogue.registry import EVENTS
from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.control.organisations.models import Organisation
from headwater.errors import HeadwaterError, InternalError, StoreInUse
from headwater.query.question import Question
from headwater.scope import Scope
from headwater.settings import SECRET, Settings

_LOW = 0.05
_GIB = 1 << 30


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; ``good`` is None when it could not be judged."""

    what: str
    found: str
    good: bool | None = True


def doctor(data_dir: DataDir = None) -> None:
    """Check settings, disk, both stores, and that the rollups say what the raw facts say.

    The check of the facts needs the server stopped; beside a running one it is left out, and said so. Ends with exit
    code 1 when something is wrong.

    Example: `headwater doctor --data-dir .data`
    """
    settings = parts.settings_of(data_dir)
    findings = [*_about(settings), *asyncio.run(_stores(settings))]
    marks = {True: "ok", False: "WRONG", None: "?"}
    for finding in findings:
        typer.echo(f"{marks[finding.good]:<6}{finding.what}: {finding.found}")
    if any(finding.good is False for finding in findings):
        raise typer.Exit(1)


def _about(settings: Settings) -> list[Finding]:
    standard = Settings()
    changed = [name for name in Settings.__struct_fields__ if getattr(settings, name) != getattr(standard, name)]
    shown = ", ".join(f"{name}={_shown(settings, name)}" for name in changed) or "all as they come"
    engines = f"DuckDB {version('duckdb')}, Arrow {version('pyarrow')}, SQLite {sqlite3.sqlite_version}"
    folder = Path(settings.data_dir)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    disk = shutil.disk_usage(folder)
    others = folder.stat().st_mode & 0o077
    return [
        Finding("settings", shown),
        Finding("versions", f"Headwater {__version__}, Python {platform.python_version()}, {engines}"),
        Finding("data directory", f"{folder.resolve()}, {size / _GIB:.2f} GiB"),
        Finding("only for its owner", "no: others may read it (chmod 700)" if others else "yes", not others),
        Finding("free disk", f"{disk.free / _GIB:.1f} of {disk.total / _GIB:.1f} GiB", disk.free >= _LOW * disk.total),
    ]


def _shown(settings: Settings, name: str) -> object:
    return "…" if name in SECRET else getattr(settings, name)


async def _stores(settings: Settings) -> list[Finding]:
    try:
        async with parts.everything(settings) as headwater:
            return [finding async for finding in _opened(headwater)]
    except StoreInUse:
        pass
    async with parts.control_plane(settings) as control:
        return [
            Finding("control plane", "answers", await control.responsive()),
            Finding("facts", "open in a running server; not looked at", None),
        ]


async def _opened(headwater: Headwater) -> AsyncIterator[Finding]:
    services = headwater.services
    yield Finding("control plane", "answers", await services.control.responsive())
    health = await services.store.health()
    opened = f"open in {services.store.dialect.label}"
    yield Finding("facts", f"{opened}; {health.fresh_rows:,} fresh rollup rows wait to be merged", health.responsive)
    shared = await services.control.shared.responsive()
    if shared is not None:
        yield Finding("shared cache", "answers" if shared else "does not answer", shared)
    async with services.control.reading() as session:
        organisations = (await session.scalars(select(Organisation.id).order_by(Organisation.id))).all()
    for organisation in organisations:
        try:
            scope = await services.control.access.operator_scope(organisation)
            for dataset in EVENTS.values():
                yield await _compared(headwater, scope, dataset)
        except HeadwaterError as error:
            yield Finding(f"rollups of organisation {organisation}", f"not checked: {error.message}", None)


async def _compared(headwater: Headwater, scope: Scope, dataset: EventDataset) -> Finding:
    """Totals of the raw facts against those of each rollup, over all time and all creatives."""
    tree = await headwater.services.control.trees.get(scope.organisation_id)
    every = tuple(metric.name for metric in dataset.metrics)
    question = Question(dataset.name, every, "creative", tuple(sorted(tree.creative_ids)), combined=True)
    raw = await _totals(headwater, scope, question, None)
    wrong = []
    for rollup in dataset.rollups:
        totals = await _totals(headwater, scope, _for(rollup, question), rollup)
        wrong += [f"{rollup.name}.{name}" for name, total in totals.items() if not math.isclose(total, raw[name])]
    what = f"{dataset.name} of organisation {scope.organisation_id}"
    if wrong:
        return Finding(what, f"rollups differ from the raw facts in {', '.join(wrong)}", good=False)
    return Finding(what, f"rollups say what the raw facts say ({raw['impressions']:,} impressions)")


def _for(rollup: Rollup, question: Question) -> Question:
    """The same question, put so that this rollup answers it."""
    grains = {"hour": "hour", "day": "month", None: None}
    breakdown = tuple(name for name in rollup.dimensions if name != "creative")
    return msgspec.structs.replace(
        question, metrics=rollup.metrics, breakdown=breakdown, grain=None if breakdown else grains[rollup.grain]
    )


async def _totals(headwater: Headwater, scope: Scope, question: Question, table: Rollup | None) -> dict[str, float]:
    engine = headwater.services.engine
    plan = (await engine.explain(question, scope)).plan
    if [part.rollup for part in plan.parts] != [table]:
        raise InternalError(f"the planner does not answer from {table.name if table else 'raw facts'} alone")
    answer = await engine.ask(question, scope)
    keys = len(answer.columns) - len(answer.metrics)
    return {name: sum(row[keys + at] for row in answer.rows) for at, name in enumerate(answer.metrics)}
