"""``headwater billing``: top-ups that wait for money, credits given by hand, invoices that are open.

Uses the control plane alone, so a server may run on the same data directory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from headwater.cli import parts
from headwater.cli.parts import DataDir
from headwater.control.billing.models import Invoice, PaymentTransaction, TransactionStatus
from headwater.control.billing.money import exact
from headwater.control.organisations import repository as organisations
from headwater.settings import Settings

app = typer.Typer(
    name="billing",
    add_completion=False,
    help="Settle top-ups, give credits, mark invoices as paid.",
    no_args_is_help=True,
)

_TOPUPS = ["transaction", "organisation", "credits", "price", "gateway", "status", "asked for"]
_INVOICES = ["invoice", "organisation", "month", "amount"]
Transaction = Annotated[str, typer.Argument(help="The transaction's id, as `headwater billing list` shows it.")]


@app.command("list")
def list_(
    status: Annotated[
        Literal["pending", "settled", "declined", "all"], typer.Option(help="Which top-ups to show.")
    ] = "pending",
    data_dir: DataDir = None,
) -> None:
    """List top-ups of all organisations, newest first.

    Example: `headwater billing list --status all`
    """
    wanted: TransactionStatus | None = None if status == "all" else status
    found = asyncio.run(_list(parts.settings_of(data_dir), wanted))
    parts.show_table(_TOPUPS, [_topup(one) for one in found])


@app.command()
def settle(transaction: Transaction, data_dir: DataDir = None) -> None:
    """Add the credits of a manual top-up, since its money has come; also beside a running server.

    Example: `headwater billing settle txn_0001J2b…`
    """
    typer.echo(asyncio.run(_settle(parts.settings_of(data_dir), transaction)))


@app.command()
def decline(transaction: Transaction, data_dir: DataDir = None) -> None:
    """End a manual top-up without credits, since its money will not come.

    Example: `headwater billing decline txn_0001J2b…`
    """
    typer.echo(asyncio.run(_decline(parts.settings_of(data_dir), transaction)))


@app.command(context_settings={"ignore_unknown_options": True})
def grant(
    org: Annotated[str, typer.Argument(help="Organisation, by id or name.")],
    amount: Annotated[int, typer.Argument(help="Whole credits; a negative number takes some away.")],
    reason: Annotated[str, typer.Option(help="Why, for the ledger and the audit log.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Give an organisation credits, which do not expire, or take some away.

    Example: `headwater billing grant 'Demo Agency' 500 --reason 'Made up for the outage'`
    """
    typer.echo(asyncio.run(_grant(parts.settings_of(data_dir), org, amount, reason)))


@app.command()
def invoices(data_dir: DataDir = None) -> None:
    """List the invoices of all organisations that are not paid, oldest first.

    Example: `headwater billing invoices`
    """
    found = asyncio.run(_invoices(parts.settings_of(data_dir)))
    parts.show_table(_INVOICES, [_invoice(one) for one in found])


@app.command()
def paid(
    invoice: Annotated[str, typer.Argument(help="The invoice's id, as `headwater billing invoices` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Mark an invoice as paid.

    Example: `headwater billing paid inv_0001J2b…`
    """
    typer.echo(asyncio.run(_paid(parts.settings_of(data_dir), invoice)))


async def _list(settings: Settings, status: TransactionStatus | None) -> Sequence[PaymentTransaction]:
    async with parts.control_plane(settings) as control, control.reading() as session:
        return await control.topups.list(session, status)


async def _settle(settings: Settings, transaction_id: str) -> str:
    async with parts.control_plane(settings) as control, control.unit_of_work() as unit:
        transaction, is_news = await control.topups.settle(unit, transaction_id)
        if not is_news:
            return f"{transaction.id} was settled already; nothing was done."
        return (
            f"{transaction.id} is settled: {transaction.credits:,} credits for"
            f" organisation {transaction.organisation_id}."
        )


async def _decline(settings: Settings, transaction_id: str) -> str:
    async with parts.control_plane(settings) as control, control.unit_of_work() as unit:
        transaction, is_news = await control.topups.decline(unit, transaction_id)
        return f"{transaction.id} is declined." if is_news else f"{transaction.id} was declined already."


async def _grant(settings: Settings, org: str, amount: int, reason: str) -> str:
    async with parts.control_plane(settings) as control, control.unit_of_work() as unit:
        organisation = await organisations.find(unit.session, org)
        standing = await control.credits.adjust(unit.session, organisation.id, amount, reason)
        return f"{organisation.name} (organisation {organisation.id}) now has {standing.balance:,} credits."


async def _invoices(settings: Settings) -> Sequence[Invoice]:
    async with parts.control_plane(settings) as control, control.reading() as session:
        return await control.invoices.all_open(session)


async def _paid(settings: Settings, invoice_id: str) -> str:
    async with parts.control_plane(settings) as control, control.unit_of_work() as unit:
        invoice, is_news = await control.invoices.pay(unit.session, invoice_id)
        return f"{invoice.id} is paid." if is_news else f"{invoice.id} was paid already; nothing was done."


def _topup(one: PaymentTransaction) -> list[str]:
    price = f"{exact(one.price_micros)} {one.currency}"
    asked = f"{one.created_at:%Y-%m-%d %H:%M}Z"
    return [one.id, str(one.organisation_id), f"{one.credits:,}", price, one.gateway, one.status, asked]


def _invoice(one: Invoice) -> list[str]:
    return [one.id, str(one.organisation_id), f"{one.period:%Y-%m}", f"{exact(one.amount_micros)} {one.currency}"]
