"""The tables of agents, their executions, and conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId

AgentStatus = Literal["active", "inactive"]
ExecutionStatus = Literal["completed", "failed"]
ExecutionKind = Literal["execute", "chat", "message"]
Speaker = Literal["user", "agent"]


class Agent(Record):
    """An agent. ``configuration`` has its ``model`` and what else that model is told; ``data_sources`` are ids."""

    __tablename__ = "agent"
    __table_args__ = (Index(None, "organisation_id", "id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(Text)
    instructions: Mapped[str] = mapped_column(Text)
    status: Mapped[AgentStatus] = mapped_column(String(16))
    configuration: Mapped[dict[str, Any]] = mapped_column(JSON)
    data_sources: Mapped[list[str]] = mapped_column(JSON)
    ui_settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Conversation(Record):
    """Turns with one agent. ``external`` is what a platform calls it, within ``channel``; empty where none does."""

    __tablename__ = "conversation"
    __table_args__ = (Index(None, "agent_id", "channel", "external"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(64))
    external: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)


class ConversationMessage(Record):
    """What one side said; ``asked`` is the query behind an answer, which the next question may go on from."""

    __tablename__ = "conversation_message"
    __table_args__ = (Index(None, "conversation_id", "id"), NEVER_REUSE_IDS)

    id: Mapped[RowId]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    speaker: Mapped[Speaker] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    asked: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class Execution(Record):
    """One question and what became of it; ``cost_micros`` in millionths of the currency's unit."""

    __tablename__ = "execution"
    __table_args__ = (Index(None, "agent_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"))
    outlet_id: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[ExecutionKind] = mapped_column(String(16))
    status: Mapped[ExecutionStatus] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(128))
    input: Mapped[str] = mapped_column(Text)
    response: Mapped[str] = mapped_column(Text)
    answered: Mapped[bool]
    citations: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    error: Mapped[str | None] = mapped_column(Text)
    tokens: Mapped[int]
    credits: Mapped[int]
    cost_micros: Mapped[int] = mapped_column(BigInteger)
    milliseconds: Mapped[int]
    created_at: Mapped[datetime]
