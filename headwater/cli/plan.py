"""``headwater plan``: which plans there are and what they cost, and giving one to an organisation.

Uses the control plane alone: a server that runs on the same data directory follows
within two seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from sqlalchemy import select

from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.control.billing.money import exact
from headwater.control.plans.models import Plan
from headwater.settings import Settings

app = typer.Typer(
    name="plan", add_completion=False, help="List the plans and give one to an organisation.", no_args_is_help=True
)

_LIMITS = [column.name for column in Plan.__table__.columns if column.name not in ("name", "monthly_price_micros")]


@app.command("list")
def list_(data_dir: DataDir = None) -> None:
    """List the plans with their limits.

    Example: `headwater plan list`
    """
    plans = asyncio.run(_list(parts.settings_of(data_dir)))
    parts.show_table(
        ["plan", *(name.replace("_", " ") for name in _LIMITS), "monthly price"], [_row(plan) for plan in plans]
    )


@app.command("set")
def set_(
    org: Annotated[str, typer.Argument(help="Organisation, by id or name.")],
    plan: Annotated[str, typer.Argument(help="Name of the plan.")],
    data_dir: DataDir = None,
) -> None:
    """Give an organisation another plan; also beside a running server.

    Example: `headwater plan set 'Demo Agency' growth --data-dir .data`
    """
    typer.echo(asyncio.run(_set(parts.settings_of(data_dir), org, plan)))


@app.command()
def price(
    plan: Annotated[str, typer.Argument(help="Name of the plan.")],
    amount: Annotated[str, typer.Argument(help="What a month of it costs, a decimal number such as 49.90.")],
    data_dir: DataDir = None,
) -> None:
    """Say what a month of a plan costs; invoices that are made from now on have it.

    Example: `headwater plan price growth 49.90`
    """
    typer.echo(asyncio.run(_price(parts.settings_of(data_dir), plan, amount)))


async def _list(settings: Settings) -> Sequence[Plan]:
    async with parts.control_plane(settings) as control, control.reading() as session:
        return (await session.scalars(select(Plan).order_by(Plan.monthly_credits, Plan.name))).all()


async def _set(settings: Settings, org: str, plan: str) -> str:
    async with parts.control_plane(settings) as control, control.unit_of_work() as unit:
        organisation = await control.plans.set(unit, org, plan)
        return f"{organisation.name} (organisation {organisation.id}) now has the plan {organisation.plan}."


async def _price(settings: Settings, plan: str, amount: str) -> str:
    async with parts.control_plane(settings) as control, control.unit_of_work() as unit:
        row = await control.plans.price(unit, plan, amount)
        return f"A month of {row.name} now costs {exact(row.monthly_price_micros)} {settings.currency}."


def _row(plan: Plan) -> list[str]:
    limits = (getattr(plan, name) for name in _LIMITS)
    shown = ("unlimited" if limit is None else f"{limit:,}" for limit in limits)
    return [plan.name, *shown, exact(plan.monthly_price_micros)]
