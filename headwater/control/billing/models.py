"""The tables of billing. Money is in millionths of the currency's unit, so that it is whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId
from headwater.control.sealed import SealedOrNone

EntryKind = Literal["grant", "topup", "charge", "expiry", "adjustment"]
TransactionStatus = Literal["pending", "settled", "declined"]
InvoiceStatus = Literal["open", "paid"]


class CreditEntry(Record):
    """One line of the ledger; it is written once and never changed.

    ``amount`` is signed. The last columns are how the account stood after it: ``balance``
    is the sum of all amounts so far, ``plan_left`` the part of it that came with the plan
    in the month ``period``, ``used`` what was charged in that month, and ``plan_used`` the
    part of that which the plan's credits paid.
    """

    __tablename__ = "credit_entry"
    __table_args__ = (
        Index(None, "organisation_id", "id"),
        Index(None, "organisation_id", "kind", "created_at"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    operation: Mapped[str | None] = mapped_column(String(32))
    tokens: Mapped[int] = mapped_column(BigInteger)
    cost_micros: Mapped[int] = mapped_column(BigInteger)
    agent_id: Mapped[str | None] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    day: Mapped[date]
    balance: Mapped[int] = mapped_column(BigInteger)
    plan_left: Mapped[int] = mapped_column(BigInteger)
    used: Mapped[int] = mapped_column(BigInteger)
    plan_used: Mapped[int] = mapped_column(BigInteger)
    period: Mapped[date]


class CreditHold(Record):
    """Credits that work under way may still need; nobody else can spend them until it is over or ``expires_at``."""

    __tablename__ = "credit_hold"
    __table_args__ = (Index(None, "organisation_id", "expires_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]


class PaymentMethod(Record):
    """What a company pays with. The gateway's own name for it is a secret; a removed one keeps none."""

    __tablename__ = "payment_method"
    __table_args__ = (Index(None, "organisation_id", "id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    gateway: Mapped[str] = mapped_column(String(16))
    type: Mapped[str] = mapped_column(String(32))
    brand: Mapped[str | None] = mapped_column(String(32))
    last4: Mapped[str | None] = mapped_column(String(4))
    customer: Mapped[str | None] = mapped_column(String(255))
    token: Mapped[SealedOrNone]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class PaymentTransaction(Record):
    """A top-up; ``request_hash`` is of the ``Idempotency-Key`` under which it was asked for, until it is declined."""

    __tablename__ = "payment_transaction"
    __table_args__ = (
        Index(None, "organisation_id", "id"),
        Index(None, "status", "gateway"),
        UniqueConstraint("organisation_id", "request_hash"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    payment_method_id: Mapped[str] = mapped_column(ForeignKey("payment_method.id"))
    gateway: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    credits: Mapped[int] = mapped_column(BigInteger)
    price_micros: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    gateway_reference: Mapped[str | None] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(String(255))
    request_hash: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Invoice(Record):
    """What a company owes, or has paid, for one month; ``period`` is its first day."""

    __tablename__ = "invoice"
    __table_args__ = (UniqueConstraint("organisation_id", "period"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    period: Mapped[date]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    amount_micros: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
