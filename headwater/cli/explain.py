"""``headwater explain``: an analytics request, stop by stop, down to the statement and how long it takes.

Compiling needs the control plane alone, so everything up to the statement can be
shown beside a running server; rows and time only when the facts can be opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import perf_counter
from typing import Annotated

import typer

from headwater.app import Headwater
from headwater.catalogue.model import Derived
from headwater.cli import explain_series, parts
from headwater.cli.asked import AskedSeries, question_of
from headwater.cli.explain_series import Section, few
from headwater.cli.parts import DataDir, Org
from headwater.errors import StoreInUse
from headwater.query.plan import Part
from headwater.query.question import Question
from headwater.query.resolve import Resolved
from headwater.query.run import Explanation
from headwater.query.window import Window
from headwater.scope import Scope
from headwater.settings import Settings


def explain(
    url: Annotated[str, typer.Argument(help="Address of an analytics request, or its path and query.")],
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Show how a request is answered: question, names, tables, SQL, rows and time.

    Beside a running server the facts are not opened: all stops down to the SQL are shown, but neither rows nor time,
    and whether rollups have rows that wait to be merged (tables `…_fresh`) is not known.

    Example: `headwater explain '/v2/aggregation-api/counts?resource=campaign&id=2'`
    """
    for heading, lines in asyncio.run(_explain(parts.settings_of(data_dir), org, url)):
        typer.echo(f"{heading}\n" + "\n".join(f"  {line}" for line in lines))


async def _explain(settings: Settings, org: str | None, url: str) -> list[Section]:
    try:
        async with parts.everything(settings) as headwater:
            scope, asked = await _asked(headwater, org, url)
            return [*await _stops(headwater, scope, asked), await _answered(headwater, scope, asked)]
    except StoreInUse:
        pass
    headwater = Headwater(settings)
    try:
        await headwater.services.control.start()
        explained = await _stops(headwater, *await _asked(headwater, org, url))
    finally:
        await headwater.services.control.stop()
    return [
        *explained,
        ("Answer", ["A server has the facts open: not run here. Rows that wait to be merged not seen."]),
    ]


async def _asked(headwater: Headwater, org: str | None, url: str) -> tuple[Scope, Question | AskedSeries]:
    services = headwater.services
    scope = await parts.operator_scope(services.control, org)
    return scope, await question_of(url, services, scope)


async def _stops(headwater: Headwater, scope: Scope, asked: Question | AskedSeries) -> list[Section]:
    services = headwater.services
    if isinstance(asked, AskedSeries):
        return list(explain_series.sections(asked, services.series.explain(*asked, scope)))
    return list(_sections(await services.engine.explain(asked, scope)))


async def _answered(headwater: Headwater, scope: Scope, asked: Question | AskedSeries) -> Section:
    start = perf_counter()
    if isinstance(asked, AskedSeries):
        series = await headwater.services.series.ask(*asked, scope, 0)
        found = f"{sum(len(line.values) for line in (*series.main, *series.compared, *series.parts)):,} points"
    else:
        found = f"{len((await headwater.services.engine.ask(asked, scope)).rows):,} rows"
    milliseconds = (perf_counter() - start) * 1000
    return "Answer", [f"{found} in {milliseconds:.1f} ms, asked for the first time"]


def _sections(explanation: Explanation) -> Iterator[Section]:
    question, resolved, statement = explanation.question, explanation.resolved, explanation.statement
    split = f", split by {', '.join(question.breakdown)}" if question.breakdown else ""
    grain = f" by {question.grain}" if question.grain else ""
    asked = f"{', '.join(question.metrics)} of {question.entity} {few(question.ids)}"
    yield "Question", [f"{question.dataset}: {asked}", f"{_span(question.window)}{grain}{split}"]
    creatives = len({creative for creative, _ in resolved.pairs})
    yield (
        "Entities",
        [
            f"{len(resolved.ids)} known: {few(resolved.ids)}; {creatives} creatives",
            *(warning.message for warning in resolved.warnings),
        ],
    )
    yield "Metrics", list(_metrics(resolved))
    yield "Plan", [_part(resolved, part) for part in explanation.plan.parts]
    yield "SQL", [statement.sql]
    args = [few(arg) if isinstance(arg, list) else str(arg) for arg in statement.args]
    yield "Args", [f"{number}: {arg}" for number, arg in enumerate(args, 1)]


def _metrics(resolved: Resolved) -> Iterator[str]:
    for metric in resolved.metrics:
        made = (
            f"{metric.minuend} - {metric.subtrahend}, at least 0"
            if isinstance(metric, Derived)
            else metric.formula.event
        )
        yield f"{metric.name} ({metric.unit.name}) from {made}"


def _part(resolved: Resolved, part: Part) -> str:
    table = part.rollup.name if part.rollup else f"{resolved.dataset.table} (raw facts)"
    return f"{table}: {_span(Window(part.start, part.end))}"


def _span(window: Window | None) -> str:
    if window is None or window == Window(None, None):
        return "over all time"
    start, end = (f"{time} UTC" if time else "any time" for time in (window.start, window.end))
    return f"from {start} to before {end}"
