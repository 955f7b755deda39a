"""Stripe, through its own library: customers, their payment methods, and payment intents.

Requests that make something carry an idempotency key, so that the library may repeat
them, and so may we after a crash. What Stripe answers in words goes to the caller only
where it speaks of what the caller sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

import msgspec
import stripe
import structlog
from stripe.params.checkout import SessionCreateParams

from headwater.errors import HeadwaterError, InvalidRequest, UpstreamError, UpstreamTimeout
from headwater.payments.gateway import Asked, Card, Payment, Report, Status

_OURS: Final = "headwater_transaction"
_COMPANY: Final = "headwater_company"
_STATUS: Final[Mapping[str, Status]] = {
    "succeeded": "settled",
    "processing": "pending",
    "requires_capture": "pending",
    "requires_confirmation": "pending",
    "requires_action": "requires_action",
    "requires_payment_method": "declined",
    "canceled": "declined",
}
_EVENTS: Final = frozenset(
    f"payment_intent.{what}" for what in ("succeeded", "processing", "payment_failed", "canceled", "requires_action")
)
_REPEATS: Final = 1
# What two clocks may differ by.
_SKEW: Final = timedelta(hours=1)
_PAGE: Final = 100
log = structlog.get_logger(__name__)


class _Failure(msgspec.Struct):
    message: str | None = None


class _Intent(msgspec.Struct):
    id: str
    status: str
    amount: int
    currency: str
    metadata: dict[str, str] = {}
    client_secret: str | None = None
    last_payment_error: _Failure | None = None

    def payment(self) -> Payment:
        """In our words."""
        status = _STATUS.get(self.status, "pending")
        failure = self.last_payment_error
        return Payment(
            self.id,
            status,
            self.amount,
            self.currency,
            (failure and failure.message) or ("It was not paid." if status == "declined" else ""),
            self.client_secret if status == "requires_action" else None,
        )


class _CardShown(msgspec.Struct):
    brand: str | None = None
    last4: str | None = None


class _Method(msgspec.Struct):
    id: str
    type: str
    card: _CardShown | None = None


class _SetupIntent(msgspec.Struct):
    payment_method: _Method | None = None


class _Page(msgspec.Struct):
    status: str | None = None
    customer: str | None = None
    metadata: dict[str, str] | None = None
    setup_intent: _SetupIntent | None = None


class _EventType(msgspec.Struct):
    type: str


class _Data(msgspec.Struct):
    object: _Intent


class _IntentEvent(msgspec.Struct):
    data: _Data


class StripeGateway:
    """Stripe with one account's key; ``base_url`` empty is Stripe's own."""

    def __init__(self, api_key: str, webhook_secret: str, base_url: str, seconds: float) -> None:
        self._api_key = api_key
        self._webhook_secret = webhook_secret
        self._base_url = base_url.rstrip("/")
        self._seconds = seconds
        self._http: stripe.HTTPXClient | None = None

    @cached_property
    def _client(self) -> stripe.StripeClient:
        """Made at first use: reading the authorities' certificates takes a while."""
        self._http = stripe.HTTPXClient(timeout=self._seconds)
        return stripe.StripeClient(
            self._api_key,
            base_addresses={"api": self._base_url} if self._base_url else {},
            http_client=self._http,
            max_network_retries=_REPEATS,
        )

    async def save(self, company: str, name: str, customer: str | None, token: str) -> Card:
        """See ``Gateway``."""
        try:
            customer = customer or await self._customer(company, name)
            method = await self._client.v1.payment_methods.attach_async(token, {"customer": customer})
        except stripe.StripeError as error:
            raise _refusal(error, "token") from None
        return _card(customer, msgspec.convert(method.to_dict(), _Method))

    async def collect(self, company: str, name: str, customer: str | None, back: str) -> str:
        """See ``Gateway``."""
        try:
            customer = customer or await self._customer(company, name)
            asked: SessionCreateParams = {
                "mode": "setup",
                "allowed_payment_method_types": ["card"],
                "customer": customer,
                "success_url": f"{back}?session={{CHECKOUT_SESSION_ID}}",
                "cancel_url": back,
                "metadata": {_COMPANY: company},
            }
            made = await self._client.v1.checkout.sessions.create_async(asked)
        except stripe.StripeError as error:
            raise _refusal(error, "type") from None
        if not made.url:
            raise UpstreamError("Stripe made no page. Try again.")
        return made.url

    async def collected(self, company: str, session: str) -> Card:
        """See ``Gateway``."""
        try:
            found = await self._client.v1.checkout.sessions.retrieve_async(
                session, {"expand": ["setup_intent.payment_method"]}
            )
        except stripe.StripeError as error:
            raise _refusal(error, "session") from None
        page = msgspec.convert(found.to_dict(), _Page)
        method = page.setup_intent and page.setup_intent.payment_method
        if (
            (page.metadata or {}).get(_COMPANY) != company
            or page.status != "complete"
            or not page.customer
            or not method
        ):
            raise InvalidRequest("Stripe was given no card there. Begin again.", field="session")
        return _card(page.customer, method)

    async def _customer(self, company: str, name: str) -> str:
        # Under one key Stripe takes one name; a company may have been renamed since.
        called = sha256(name.encode()).hexdigest()[:16]
        made = await self._client.v1.customers.create_async(
            {"name": name, "metadata": {_COMPANY: company}},
            {"idempotency_key": f"headwater-customer-{company}-{called}"},
        )
        return made.id

    async def forget(self, token: str) -> None:
        """See ``Gateway``."""
        try:
            await self._client.v1.payment_methods.detach_async(token)
        except stripe.InvalidRequestError as error:
            # It is not attached to anybody, or unknown: there is nothing left to take away.
            log.info("stripe.not_attached", code=error.code)
        except stripe.StripeError as error:
            raise _refusal(error, "payment_method_id") from None

    async def pay(self, asked: Asked) -> Payment:
        """See ``Gateway``."""
        try:
            made = await self._client.v1.payment_intents.create_async(
                {
                    "amount": asked.amount,
                    "currency": asked.currency,
                    "customer": asked.customer,
                    "payment_method": asked.method,
                    "confirm": True,
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "description": asked.description,
                    "metadata": {_OURS: asked.id},
                },
                {"idempotency_key": asked.id},
            )
        except stripe.CardError as error:
            return _declined(asked, error)
        except stripe.StripeError as error:
            raise _refusal(error, "amount" if "amount" in (error.code or "") else "payment_method_id") from None
        return _intent(made).payment()

    async def look_up(self, asked: Asked, reference: str | None, since: datetime) -> Payment | None:
        """See ``Gateway``."""
        intents = self._client.v1.payment_intents
        try:
            if reference is not None:
                return _intent(await intents.retrieve_async(reference)).payment()
            after = int((since - _SKEW).timestamp())
            # Lists are exact at once; Stripe's search runs behind.
            found = await intents.list_async({"customer": asked.customer, "created": {"gte": after}, "limit": _PAGE})
            async for one in found.auto_paging_iter():
                intent = _intent(one)
                if intent.metadata.get(_OURS) == asked.id:
                    return intent.payment()
        except stripe.StripeError as error:
            raise _refusal(error, "payment_method_id") from None
        return None

    async def cancel(self, reference: str) -> Payment:
        """See ``Gateway``."""
        intents = self._client.v1.payment_intents
        try:
            try:
                return _intent(await intents.cancel_async(reference)).payment()
            except stripe.InvalidRequestError:
                # It was paid, or given up, just now.
                return _intent(await intents.retrieve_async(reference)).payment()
        except stripe.StripeError as error:
            raise _refusal(error, "payment_method_id") from None

    def report(self, body: bytes, signature: str) -> Report | None:
        """See ``Gateway``."""
        try:
            stripe.Webhook.construct_event(body, signature, self._webhook_secret, api_key=self._api_key)
            if msgspec.json.decode(body, type=_EventType).type not in _EVENTS:
                return None
            intent = msgspec.json.decode(body, type=_IntentEvent).data.object
        except stripe.SignatureVerificationError:
            raise InvalidRequest(
                "The signature is missing, wrong or older than five minutes; nothing was done.",
                place="header",
                field="Stripe-Signature",
                allowed="the signature of this body with the secret that the server has in stripe_webhook_secret",
            ) from None
        except (ValueError, AttributeError, TypeError, msgspec.MsgspecError):
            raise InvalidRequest(
                "The body is not an event of Stripe.", place="body", field="body", allowed="an event as Stripe sends it"
            ) from None
        ours = intent.metadata.get(_OURS)
        return Report(ours, intent.payment()) if ours else None

    async def aclose(self) -> None:
        """See ``Gateway``."""
        if self._http is not None:
            await self._http.close_async()


def _card(customer: str, method: _Method) -> Card:
    shown = (method.type == "card" and method.card) or _CardShown()
    return Card(customer, method.id, method.type, shown.brand, shown.last4)


def _intent(made: stripe.PaymentIntent) -> _Intent:
    return msgspec.convert(made.to_dict(), _Intent)


def _declined(asked: Asked, error: stripe.CardError) -> Payment:
    body: Any = error.json_body or {}
    intent = body.get("error", {}).get("payment_intent") or {}
    reason = error.user_message or "The card was declined."
    return Payment(str(intent.get("id") or ""), "declined", asked.amount, asked.currency, reason)


def _refusal(error: stripe.StripeError, field: str) -> HeadwaterError:
    """What to tell the caller of a request that Stripe did not carry out, or of which nothing is known."""
    if isinstance(error, stripe.CardError | stripe.InvalidRequestError):
        reason = (error.user_message or "no reason given").rstrip(".")
        return InvalidRequest(f"Stripe refuses '{field}': {reason}.", place="body", field=field)
    log.error("stripe.failed", kind=type(error).__name__, status=error.http_status, request=error.request_id)
    if isinstance(error, stripe.APIConnectionError) and "imeout" in f"{error.__cause__!r} {error}":
        return UpstreamTimeout("Stripe did not answer in time.")
    if isinstance(error, stripe.APIConnectionError):
        return UpstreamError("Stripe cannot be reached.")
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return UpstreamError("Stripe does not accept this server's key. Tell its operator.")
    return UpstreamError("Stripe could not carry it out. Try again.")
