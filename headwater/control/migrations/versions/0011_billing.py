"""Billing: the ledger of credits, what they are paid with, invoices, and what a plan costs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make tables in the order in which they refer to one another."""
    op.add_column("plan", sa.Column("monthly_price_micros", sa.BigInteger(), nullable=False, server_default="0"))
    _credits()
    _payments()
    _invoices()


def _credits() -> None:
    op.create_table(
        "credit_entry",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=True),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("plan_left", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("plan_used", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entry")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_credit_entry_organisation_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_credit_entry_organisation_id_id"), "credit_entry", ["organisation_id", "id"])
    op.create_index(
        op.f("ix_credit_entry_organisation_id_kind_created_at"),
        "credit_entry",
        ["organisation_id", "kind", "created_at"],
    )
    op.create_table(
        "credit_hold",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_hold")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_credit_hold_organisation_id")),
    )
    op.create_index(op.f("ix_credit_hold_organisation_id_expires_at"), "credit_hold", ["organisation_id", "expires_at"])


def _payments() -> None:
    op.create_table(
        "payment_method",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("brand", sa.String(length=32), nullable=True),
        sa.Column("last4", sa.String(length=4), nullable=True),
        sa.Column("customer", sa.String(length=255), nullable=True),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_method")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_payment_method_organisation_id")
        ),
    )
    op.create_index(op.f("ix_payment_method_organisation_id_id"), "payment_method", ["organisation_id", "id"])
    op.create_table(
        "payment_transaction",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("payment_method_id", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("price_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("gateway_reference", sa.String(length=255), nullable=True),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_transaction")),
        sa.UniqueConstraint(
            "organisation_id", "request_hash", name=op.f("uq_payment_transaction_organisation_id_request_hash")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_payment_transaction_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_method_id"], ["payment_method.id"], name=op.f("fk_payment_transaction_payment_method_id")
        ),
    )
    op.create_index(op.f("ix_payment_transaction_organisation_id_id"), "payment_transaction", ["organisation_id", "id"])
    op.create_index(op.f("ix_payment_transaction_status_gateway"), "payment_transaction", ["status", "gateway"])


def _invoices() -> None:
    op.create_table(
        "invoice",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("amount_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("paid_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("organisation_id", "period", name=op.f("uq_invoice_organisation_id_period")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_invoice_organisation_id")),
    )
