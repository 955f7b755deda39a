"""Buying credits: a transaction that is pending until money is known to have come, or not to come.

It is written down before the gateway is asked, which is done outside any transaction and
under the transaction's own id, so that no crash loses or doubles money: asked again under
the same id a gateway pays once, and ``reconcile`` asks what became of those nobody heard of.
A gateway's word that it was paid holds, whenever it comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Action, Audit
from headwater.control.billing.ledger import Ledger
from headwater.control.billing.methods import MANUAL, PaymentMethods
from headwater.control.billing.models import PaymentMethod, PaymentTransaction, TransactionStatus
from headwater.control.billing.money import micros, smallest_units
from headwater.control.billing.standing import Posting
from headwater.control.db import Database, UnitOfWork, surroundings
from headwater.control.rules import one_line
from headwater.control.sealed import unseal
from headwater.errors import Conflict, HeadwaterError, InvalidRequest, NotFound, PaymentRequired
from headwater.kit.clock import Clock
from headwater.kit.ids import new_id
from headwater.payments import Asked, Gateway, Payment, Report
from headwater.scope import Scope
from headwater.settings import Settings

LARGEST: Final = 10_000_000
_KEY_KEPT_FOR: Final = timedelta(hours=24)
# No request is on its way for so long: the gateway has it by then, or never will.
_HEARD_OF_WITHIN: Final = timedelta(minutes=10)
_ASKED_AFTER: Final = timedelta(minutes=2)
_CONFIRMED_WITHIN: Final = timedelta(hours=24)
log = structlog.get_logger(__name__)


class Topups:
    """The top-ups of all organisations; ``gateway`` is the one for cards, where there is one."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, methods: PaymentMethods, gateway: Gateway | None
    ) -> None:
        self._database = database
        self._clock = clock
        self._price = micros(settings.credit_price)
        self._currency = settings.currency
        self._methods = methods
        self._gateway = gateway

    async def begin(
        self, scope: Scope, amount: int, method_id: str, key: str | None, ip: str | None = None
    ) -> PaymentTransaction:
        """The transaction, committed; under an ``Idempotency-Key`` the one that was begun under it."""
        if not 1 <= amount <= LARGEST:
            raise InvalidRequest(
                f"'amount' must be a whole number of credits from 1 to {LARGEST:,}.",
                field="amount",
                allowed=f"1 to {LARGEST}",
            )
        async with self._database.unit_of_work() as uow:
            session = uow.session
            request = surroundings(session).vault.keyed_hash("topup", key) if key else None
            if request and (known := await self._begun(session, scope, request)):
                if (known.credits, known.payment_method_id) != (amount, method_id):
                    raise Conflict(
                        "This Idempotency-Key was used with another body within the last 24 hours.",
                        field="Idempotency-Key",
                    )
                return known
            method = await self._methods.get(session, scope, method_id)
            if method.gateway != MANUAL:
                self._card_gateway()
            begun = PaymentTransaction(
                id=new_id("txn"),
                organisation_id=scope.organisation_id,
                payment_method_id=method.id,
                gateway=method.gateway,
                status="pending",
                credits=amount,
                price_micros=amount * self._price,
                currency=self._currency,
                request_hash=request,
                created_at=self._clock(),
            )
            session.add(begun)
            await session.flush()
            details = {"credits": amount, "payment_method": method.id, "gateway": method.gateway}
            await Audit.record(
                session, scope.organisation_id, scope.user_id, "topup_begun", target=begun.id, ip=ip, details=details
            )
            return begun

    async def pay(self, begun: PaymentTransaction) -> Payment | None:
        """Have the gateway make the payment, with no transaction open; None where it is not the gateway's.

        What the gateway refuses to try is declined, and ``InvalidRequest``; when it is not known
        what became of it, ``UpstreamError``, and it stays pending.
        """
        if begun.gateway == MANUAL or begun.status != "pending":
            return None
        gateway = self._card_gateway()
        async with self._database.reading() as session:
            asked = await self._asked(session, begun)
        try:
            return await gateway.pay(asked)
        except InvalidRequest as refused:
            async with self._database.unit_of_work() as uow:
                await self._decline(uow.session, await _locked(uow.session, begun.id), refused.message)
            raise
        except HeadwaterError as error:
            error.message += (
                " It is not known whether the payment was made; this is found out within minutes. To try again"
                " send the same request with the same Idempotency-Key."
            )
            error.details["transaction_id"] = begun.id
            raise

    async def conclude(self, uow: UnitOfWork, transaction_id: str, payment: Payment | None) -> PaymentTransaction:
        """Write down what the gateway said; ``PaymentRequired``, with that written, if it was declined."""
        transaction = await _locked(uow.session, transaction_id)
        if payment is not None:
            await self._apply(uow.session, transaction, payment)
        if transaction.status == "declined":
            raise uow.standing(
                PaymentRequired(
                    f"The payment was declined: {transaction.reason}",
                    field="payment_method_id",
                    transaction_id=transaction.id,
                )
            )
        return transaction

    async def take_report(self, uow: UnitOfWork, report: Report) -> None:
        """Write down what the gateway says by itself; a report of what is not ours, or known, changes nothing."""
        transaction = await uow.session.get(PaymentTransaction, report.id, with_for_update=True)
        if transaction is None or transaction.gateway == MANUAL:
            log.warning("payment.unknown", transaction=report.id[:64])
            return
        await self._apply(uow.session, transaction, report.payment)

    async def settle(self, uow: UnitOfWork, transaction_id: str) -> tuple[PaymentTransaction, bool]:
        """The operator has the money of a manual top-up; and whether this is news."""
        transaction = await _manual(uow.session, transaction_id)
        if transaction.status == "declined":
            raise Conflict(f"{transaction.id} is declined. A new top-up is needed.", field="transaction")
        return transaction, await self._settle(uow.session, transaction)

    async def decline(self, uow: UnitOfWork, transaction_id: str) -> tuple[PaymentTransaction, bool]:
        """The operator will not get the money of a manual top-up; and whether this is news."""
        transaction = await _manual(uow.session, transaction_id)
        if transaction.status == "settled":
            raise Conflict(
                f"{transaction.id} is settled. To take credits back use 'headwater billing grant'.",
                field="transaction",
            )
        return transaction, await self._decline(uow.session, transaction, "The operator declined it.")

    async def list(self, session: AsyncSession, status: TransactionStatus | None) -> Sequence[PaymentTransaction]:
        """Those of all organisations, newest first, for the operator."""
        query = select(PaymentTransaction).order_by(PaymentTransaction.created_at.desc(), PaymentTransaction.id.desc())
        if status is not None:
            query = query.where(PaymentTransaction.status == status)
        return (await session.scalars(query)).all()

    async def unheard_of(self) -> Sequence[str]:
        """Payments by card that have been pending for a while."""
        if self._gateway is None:
            return []
        waiting = select(PaymentTransaction.id).where(
            PaymentTransaction.status == "pending",
            PaymentTransaction.gateway != MANUAL,
            PaymentTransaction.created_at <= self._clock() - _ASKED_AFTER,
        )
        async with self._database.reading() as session:
            return (await session.scalars(waiting.order_by(PaymentTransaction.id))).all()

    async def reconcile(self, transaction_id: str) -> None:
        """Ask the gateway what became of a payment, and write it down."""
        async with self._database.reading() as session:
            transaction = await session.get_one(PaymentTransaction, transaction_id)
            asked = await self._asked(session, transaction)
        gateway, age = self._card_gateway(), self._clock() - transaction.created_at
        payment = await gateway.look_up(asked, transaction.gateway_reference, transaction.created_at)
        if payment is not None and payment.status == "requires_action" and age > _CONFIRMED_WITHIN:
            payment = await gateway.cancel(payment.reference)
        async with self._database.unit_of_work() as uow:
            current = await _locked(uow.session, transaction_id)
            if payment is not None:
                await self._apply(uow.session, current, payment)
            elif age > _HEARD_OF_WITHIN:
                await self._decline(uow.session, current, "It never reached the gateway.")

    async def _begun(self, session: AsyncSession, scope: Scope, request: str) -> PaymentTransaction | None:
        query = select(PaymentTransaction).where(
            PaymentTransaction.organisation_id == scope.organisation_id, PaymentTransaction.request_hash == request
        )
        known = (await session.scalars(query)).first()
        if known is None or known.created_at > self._clock() - _KEY_KEPT_FOR:
            return known
        known.request_hash = None
        await session.flush()
        return None

    async def _asked(self, session: AsyncSession, transaction: PaymentTransaction) -> Asked:
        method = await session.get_one(PaymentMethod, transaction.payment_method_id)
        return Asked(
            id=transaction.id,
            amount=smallest_units(transaction.price_micros, transaction.currency),
            currency=transaction.currency,
            customer=method.customer or "",
            method=unseal(session, PaymentMethod.token, method.token) if method.token else "",
            description=f"{transaction.credits} credits",
        )

    async def _apply(self, session: AsyncSession, transaction: PaymentTransaction, payment: Payment) -> None:
        transaction.gateway_reference = payment.reference or transaction.gateway_reference
        if payment.status == "declined":
            await self._decline(session, transaction, payment.reason)
        elif payment.status == "settled":
            expected = smallest_units(transaction.price_micros, transaction.currency), transaction.currency
            if (payment.amount, payment.currency) == expected:
                await self._settle(session, transaction)
            else:
                log.error("payment.differs", transaction=transaction.id, paid=payment.amount, expected=expected[0])
        await session.flush()

    async def _settle(self, session: AsyncSession, transaction: PaymentTransaction) -> bool:
        if transaction.status == "settled":
            return False
        transaction.status, transaction.reason, transaction.ended_at = "settled", None, self._clock()
        await session.flush()
        ledger = Ledger(session, transaction.organisation_id)
        stands = await ledger.post(Posting("topup", transaction.credits), transaction.id)
        details = {"credits": transaction.credits, "balance": stands.balance, "gateway": transaction.gateway}
        await _record(session, transaction, "topup_settled", details)
        return True

    async def _decline(self, session: AsyncSession, transaction: PaymentTransaction, reason: str) -> bool:
        if transaction.status != "pending":
            return False
        transaction.status, transaction.ended_at = "declined", self._clock()
        transaction.reason = one_line(reason, 255)
        # A refused request may be mended and sent again under its key.
        transaction.request_hash = None
        await session.flush()
        await _record(session, transaction, "topup_declined", {"reason": transaction.reason})
        return True

    def _card_gateway(self) -> Gateway:
        if self._gateway is None:
            raise InvalidRequest(
                "This server takes no cards any more. Choose another payment method.", field="payment_method_id"
            )
        return self._gateway


async def _locked(session: AsyncSession, transaction_id: str) -> PaymentTransaction:
    return await session.get_one(PaymentTransaction, transaction_id, with_for_update=True)


async def _manual(session: AsyncSession, transaction_id: str) -> PaymentTransaction:
    transaction = await session.get(PaymentTransaction, transaction_id, with_for_update=True)
    if transaction is None:
        raise NotFound(
            f"There is no transaction '{transaction_id[:64]}'. 'headwater billing list' shows them.",
            field="transaction",
        )
    if transaction.gateway != MANUAL:
        raise Conflict(
            f"{transaction.id} is paid through {transaction.gateway}, which tells what becomes of it.",
            field="transaction",
        )
    return transaction


async def _record(
    session: AsyncSession, transaction: PaymentTransaction, action: Action, details: Mapping[str, object]
) -> None:
    """Nobody is signed in when a payment ends."""
    await Audit.record(session, transaction.organisation_id, None, action, target=transaction.id, details=details)
