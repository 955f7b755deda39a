"""Payment methods, top-ups, and what the payment gateway reports (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.control.billing.ledger import Ledger
from headwater.control.billing.models import PaymentMethod
from headwater.control.billing.topups import LARGEST
from headwater.errors import Conflict, InvalidRequest, NotFound, PaymentRequired, UpstreamError, UpstreamTimeout
from headwater.surfaces._http.endpoint import ADMIN, PUBLIC, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import Success
from headwater.surfaces.accounts.billing import BILLING, TAG

_METHODS: Final = f"{BILLING}/payment-methods"
WEBHOOK: Final = f"{BILLING}/stripe/webhook"


class MethodBody(msgspec.Struct, frozen=True):
    """A way to pay."""

    type: Annotated[Literal["manual", "card"], Meta(description="`manual` is paid to the server's operator.")]
    token: Annotated[str, Meta(min_length=1, max_length=255, description="Of a card: Stripe's `pm_…`.")] | None = None


class MethodRow(msgspec.Struct, frozen=True):
    """A way to pay; a manual one has neither digits nor brand."""

    id: str
    type: str
    last4: str | None
    brand: str | None


class OneMethod(msgspec.Struct, frozen=True):
    """A payment method."""

    payment_method: MethodRow


class AllMethods(msgspec.Struct, frozen=True):
    """The company's payment methods."""

    payment_methods: list[MethodRow]


class TopUpBody(msgspec.Struct, frozen=True):
    """How many credits, and what they are paid with."""

    amount: Annotated[int, Meta(ge=1, le=LARGEST, description="Whole credits.")]
    payment_method_id: Annotated[str, Meta(min_length=1, max_length=255)]


class ToppedUp(msgspec.Struct, frozen=True):
    """The balance as it is now, and what became of the payment."""

    credits: int
    transaction_id: str
    status: Literal["settled", "pending", "requires_action"]
    client_secret: (
        Annotated[str, Meta(description="For Stripe.js, where the bank asks the payer to confirm.")] | UnsetType
    ) = UNSET


class Received(msgspec.Struct, frozen=True):
    """The event was taken."""

    received: bool


async def list_methods(call: Call[Any, bytes]) -> Reply:
    """All payment methods, newest first."""
    control = call.services.control
    async with control.reading() as session:
        found = await control.payment_methods.list(session, call.scope)
    return Reply(AllMethods([_row(one) for one in found]))


async def create_method(call: Call[Any, MethodBody]) -> Reply:
    """A new payment method."""
    methods, body = call.services.control.payment_methods, call.body
    if body.type == "manual":
        if body.token is not None:
            raise InvalidRequest("'token' is of a card; a manual payment method has none.", field="token")
        added = await methods.add_manual((await call.writing()).session, call.scope, call.client_ip)
        return Reply(OneMethod(_row(added)), 201)
    if body.token is None:
        raise InvalidRequest("'token' is required for a card.", field="token", allowed="a pm_… of Stripe")
    # The gateway is asked before there is a transaction: it may take its time.
    card = await methods.give_card(call.scope, body.token)
    session = (await call.writing()).session
    return Reply(OneMethod(_row(await methods.add_card(session, call.scope, card, call.client_ip))), 201)


async def delete_method(call: Call[Any, bytes]) -> Reply:
    """Remove a payment method."""
    methods, method_id = call.services.control.payment_methods, call.path["payment_method_id"]
    await methods.take_card(call.scope, method_id)
    await methods.remove((await call.writing()).session, call.scope, method_id, call.client_ip)
    return Reply(Success(True, "Payment method deleted"))


async def top_up(call: Call[Any, TopUpBody]) -> Reply:
    """Buy credits."""
    topups, body, key = call.services.control.topups, call.body, call.headers.idempotency_key
    begun = await topups.begin(call.scope, body.amount, body.payment_method_id, key, call.client_ip)
    payment = await topups.pay(begun)
    unit = await call.writing()
    transaction = await topups.conclude(unit, begun.id, payment)
    standing = await Ledger(unit.session, call.scope.organisation_id).standing()
    if transaction.status == "settled":
        return Reply(ToppedUp(standing.balance, transaction.id, "settled"))
    if payment is not None and payment.status == "requires_action":
        secret = payment.client_secret or UNSET
        return Reply(ToppedUp(standing.balance, transaction.id, "requires_action", secret))
    return Reply(ToppedUp(standing.balance, transaction.id, "pending"))


async def take_event(call: Call[Any, bytes]) -> Reply:
    """An event of Stripe's, once its signature was found right."""
    control = call.services.control
    if control.gateway is None:
        raise NotFound("This server takes no events of Stripe. Its operator can set stripe_api_key.")
    report = control.gateway.report(call.body, call.headers.stripe_signature)
    if report is not None:
        await control.topups.take_report(await call.writing(), report)
    return Reply(Received(True))


def _row(method: PaymentMethod) -> MethodRow:
    return MethodRow(method.id, method.type, method.last4, method.brand)


_METHOD: Final = {"id": "pm_0AbC…", "type": "card", "last4": "4242", "brand": "visa"}
_MANUAL: Final = {"id": "pm_0AbC…", "type": "manual", "last4": None, "brand": None}

ENDPOINTS = [
    Endpoint(
        "GET",
        _METHODS,
        list_methods,
        ADMIN,
        "List payment methods",
        TAG,
        {200: Answers("All, newest first.", AllMethods, {"payment_methods": [_METHOD]})},
    ),
    Endpoint(
        "POST",
        _METHODS,
        create_method,
        ADMIN,
        "Add a payment method",
        TAG,
        {201: Answers("The payment method.", OneMethod, {"payment_method": _MANUAL})},
        description="A `manual` one needs nothing: what is topped up with it is pending until the server's operator"
        " has the money. A `card` needs the `token` that Stripe.js made of it (`pm_…`), which becomes the"
        " company's at Stripe; the server never sees a card's number.",
        body=MethodBody,
        body_example={"type": "manual"},
        errors=(Conflict, UpstreamError, UpstreamTimeout),
    ),
    Endpoint(
        "DELETE",
        f"{_METHODS}/{{payment_method_id}}",
        delete_method,
        ADMIN,
        "Delete a payment method",
        TAG,
        {200: Answers("Deleted.", Success, {"success": True, "message": "Payment method deleted"})},
        errors=(UpstreamError, UpstreamTimeout),
    ),
    Endpoint(
        "POST",
        f"{BILLING}/credits/topup",
        top_up,
        ADMIN,
        "Top up credits",
        TAG,
        {
            200: Answers(
                "The balance, and the transaction.",
                ToppedUp,
                {"credits": 11000, "transaction_id": "txn_0AbC…", "status": "settled"},
            )
        },
        description="`settled` has added the credits to the balance. `pending` will, once the money has come: with a"
        " manual payment method the operator says so. `requires_action` will, once the payer has confirmed the"
        " payment to their bank: give `client_secret` to `stripe.handleNextAction` in their browser. A declined"
        " payment answers 402. Send an `Idempotency-Key`: when no answer came, the same request pays no second time.",
        body=TopUpBody,
        body_example={"amount": 1000, "payment_method_id": "pm_123"},
        errors=(NotFound, PaymentRequired, Conflict, UpstreamError, UpstreamTimeout),
    ),
    Endpoint(
        "POST",
        WEBHOOK,
        take_event,
        PUBLIC,
        "Take an event of Stripe",
        TAG,
        {200: Answers("Taken, or of no concern here.", Received, {"received": True})},
        description="For Stripe alone: set this address up there for `payment_intent.*`. `Stripe-Signature` must be"
        " right, and no older than five minutes; otherwise 400, and nothing is done. An event that comes again"
        " changes nothing.",
        raw_body=("application/json",),
        body_example={"object": "event", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_123"}}},
        errors=(NotFound,),
    ),
]
