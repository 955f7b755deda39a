"""Credits, ways to pay, top-ups and invoices."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console.pages import Nothing, form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.console.tables import Paging
from headwater.control.billing.ledger import Ledger
from headwater.control.billing.topups import LARGEST
from headwater.errors import HeadwaterError, UpstreamError
from headwater.kit.ids import new_id
from headwater.surfaces._http.endpoint import ADMIN, Call, Reply, Typed

HERE: Final = "/settings/billing"
_INVOICES = 12


class Page(msgspec.Struct, frozen=True):
    """Which invoices."""

    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class TopUpForm(msgspec.Struct, frozen=True):
    """How many credits, and what they are paid with; ``request`` keeps a second press from paying twice."""

    amount: Annotated[int, Meta(ge=1, le=LARGEST)]
    payment_method_id: Annotated[str, Meta(min_length=1, max_length=255)]
    request: Annotated[str, Meta(min_length=8, max_length=64)]


async def billing(call: Call[Page, Any]) -> Reply:
    """How the account stands."""
    return await _page(call, Shown(), call.query.offset)


async def _page(call: Call[Any, Any], shown: Shown, offset: int = 0, request: str = "") -> Reply:
    control, scope = call.services.control, call.scope
    async with control.reading() as session:
        standing = await Ledger(session, scope.organisation_id).standing()
        methods = await control.payment_methods.list(session, scope)
        invoices, total = await control.invoices.list(session, scope, _INVOICES, offset)
    return await render(
        call,
        "settings/billing.html",
        title="Billing",
        status=shown.status,
        shown=shown,
        standing=standing,
        methods=methods,
        invoices=invoices,
        paging=Paging(HERE, {}, total, _INVOICES, offset),
        request=request or new_id("topup"),
        cards=control.gateway is not None,
    )


async def invoice(call: Call[Any, Any]) -> Reply:
    """One invoice with its lines."""
    control = call.services.control
    async with control.reading() as session:
        found = await control.invoices.get(session, call.scope, call.path["invoice_id"])
    return await render(
        call,
        "settings/invoice.html",
        title=f"Invoice of {found.period:%B %Y}",
        crumbs=[("Settings", "/settings"), ("Billing", HERE)],
        invoice=found,
    )


async def top_up(call: Call[Any, TopUpForm]) -> Reply:
    """Buy credits."""
    topups, body = call.services.control.topups, call.body
    begun = await topups.begin(call.scope, body.amount, body.payment_method_id, body.request, call.client_ip)
    payment = await topups.pay(begun)
    transaction = await topups.conclude(await call.writing(), begun.id, payment)
    said = f"{body.amount:,} credits were asked for; they are added once the payment has come."
    if transaction.status == "settled":
        said = f"{body.amount:,} credits were added."
    elif payment is not None and payment.status == "requires_action":
        said = (
            "The card's bank wants each payment confirmed, which only Stripe's own script can show. Use another card."
        )
    return done(call, HERE, said)


async def add_manual(call: Call[Any, Nothing]) -> Reply:
    """A way to pay to the server's operator."""
    methods = call.services.control.payment_methods
    await methods.add_manual((await call.writing()).session, call.scope, call.client_ip)
    return done(call, HERE, "The payment method is added.")


async def remove_method(call: Call[Any, Nothing]) -> Reply:
    """Remove a way to pay."""
    methods, method_id = call.services.control.payment_methods, call.path["payment_method_id"]
    await methods.take_card(call.scope, method_id)
    await methods.remove((await call.writing()).session, call.scope, method_id, call.client_ip)
    return done(call, HERE, "The payment method is removed.")


async def refused(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The page again; where nobody knows whether money went, the same request again, which pays once."""
    shown = Shown(call.body, error)
    return await _page(call, shown, request=shown.value("request") if isinstance(error, UpstreamError) else "")


ENDPOINTS = [
    page(HERE, billing, ADMIN, "Billing", Page),
    page(f"{HERE}/invoices/{{invoice_id}}", invoice, ADMIN, "An invoice"),
    form(f"{HERE}/top-up", top_up, ADMIN, "Buy credits", TopUpForm, refused),
    form(f"{HERE}/methods", add_manual, ADMIN, "Add a way to pay", Nothing, refused),
    form(f"{HERE}/methods/{{payment_method_id}}/remove", remove_method, ADMIN, "Remove a way to pay", Nothing, refused),
]
