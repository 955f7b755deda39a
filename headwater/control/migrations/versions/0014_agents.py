"""Agents, their executions and conversations, and where they are deployed."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables; all of an agent goes with it."""
    _make_agents()
    _make_conversations()
    _make_executions()
    _make_deployments()
    _make_messages()


def _make_agents() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("data_sources", sa.JSON(), nullable=False),
        sa.Column("ui_settings", sa.JSON(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
        _organisation("agent"),
    )
    op.create_index(op.f("ix_agent_organisation_id_id"), "agent", ["organisation_id", "id"])


def _make_conversations() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("external", sa.String(length=255), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        _organisation("conversation"),
        _agent("conversation"),
    )
    op.create_index(
        op.f("ix_conversation_agent_id_channel_external"), "conversation", ["agent_id", "channel", "external"]
    )
    op.create_index(op.f("ix_conversation_updated_at"), "conversation", ["updated_at"])
    op.create_table(
        "conversation_message",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("speaker", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_message")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_message_conversation_id"),
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_conversation_message_conversation_id_id"), "conversation_message", ["conversation_id", "id"]
    )


def _make_executions() -> None:
    op.create_table(
        "execution",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", _ROW_NUMBER, nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=True),
        sa.Column("outlet_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("citations", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
        _organisation("execution"),
        _agent("execution"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_execution_user_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_execution_conversation_id"), ondelete="SET NULL"
        ),
    )
    op.create_index(op.f("ix_execution_agent_id_created_at_id"), "execution", ["agent_id", "created_at", "id"])


def _make_deployments() -> None:
    op.create_table(
        "deployment",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", _ROW_NUMBER, nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
        _organisation("deployment"),
        _agent("deployment"),
    )
    op.create_index(op.f("ix_deployment_organisation_id_id"), "deployment", ["organisation_id", "id"])
    op.create_index(op.f("ix_deployment_agent_id_status"), "deployment", ["agent_id", "status"])


def _make_messages() -> None:
    op.create_table(
        "inbound_message",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("deployment_id", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("try_at", _TIME, nullable=False),
        sa.Column("claimed_until", _TIME, nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_message")),
        sa.UniqueConstraint("deployment_id", "message_id", name=op.f("uq_inbound_message_deployment_id_message_id")),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_inbound_message_deployment_id"), ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_inbound_message_state_try_at"), "inbound_message", ["state", "try_at"])


def _organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_id")
    return sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=name)


def _agent(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f(f"fk_{table}_agent_id"), ondelete="CASCADE")
