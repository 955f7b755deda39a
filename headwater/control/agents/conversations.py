"""Conversations with an agent: what was said, so that a question may go on from the one before.

Of each the last ``KEPT_MESSAGES`` are kept, and a conversation that has been still for
``KEPT_FOR`` goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.agents.models import Conversation, ConversationMessage, Speaker
from headwater.control.db import surroundings
from headwater.errors import NotFound
from headwater.kit.ids import new_id

KEPT_MESSAGES: Final = 100
KEPT_FOR: Final = timedelta(days=90)
_FIELD: Final = "conversation_id"


class Said(msgspec.Struct, frozen=True):
    """One message; ``asked`` is the query behind an agent's answer."""

    speaker: Speaker
    text: str
    asked: str | None = None


class Thread(msgspec.Struct, frozen=True):
    """A conversation as the next turn finds it; without an ``id`` it has not begun."""

    channel: str
    id: str | None = None
    external: str = ""
    history: tuple[Said, ...] = ()


class Overview(msgspec.Struct, frozen=True):
    """A conversation as it is listed: its first question that is kept, and how many."""

    id: str
    channel: str
    opening: str
    turns: int
    created_at: datetime
    updated_at: datetime


class Conversations:
    """The conversations with one agent; whose the agent is was asked before."""

    def __init__(self, session: AsyncSession, organisation_id: int, agent_id: str) -> None:
        self._session = session
        self._organisation_id = organisation_id
        self._agent_id = agent_id

    async def page(self, channel: str | None, limit: int, offset: int) -> tuple[Sequence[Overview], int]:
        """Some of them, those that were gone on with last first, and how many there are; of a channel, or of all."""
        own = select(Conversation).where(Conversation.agent_id == self._agent_id)
        if channel is not None:
            own = own.where(Conversation.channel == channel)
        total = await self._session.scalar(select(func.count()).select_from(own.subquery()))
        newest = own.order_by(Conversation.updated_at.desc(), Conversation.id.desc()).limit(limit).offset(offset)
        return [await self._overview(one) for one in await self._session.scalars(newest)], total or 0

    async def channels(self) -> Sequence[str]:
        """Through what people spoke with the agent."""
        own = select(Conversation.channel).where(Conversation.agent_id == self._agent_id).distinct()
        return (await self._session.scalars(own.order_by(Conversation.channel))).all()

    async def known(self, conversation_id: str) -> Conversation:
        """One, whatever the channel; ``NotFound`` where the agent has none of this id."""
        found = await self._session.get(Conversation, conversation_id)
        if found is None or found.agent_id != self._agent_id:
            raise NotFound(f"There is no conversation '{conversation_id[:64]}' with this agent.", field=_FIELD)
        return found

    async def by_id(self, conversation_id: str, channel: str) -> Thread:
        """The one that the caller was given in this channel before; ``NotFound`` for all others."""
        found = await self._session.get(Conversation, conversation_id)
        if found is None or (found.agent_id, found.channel, found.external) != (self._agent_id, channel, ""):
            raise NotFound(
                f"There is no conversation '{conversation_id[:64]}' with this agent. Leave it out to begin one.",
                field=_FIELD,
            )
        return Thread(channel, found.id, history=await self._history(found.id))

    async def by_external(self, channel: str, external: str) -> Thread:
        """The one that a platform calls ``external``, begun or not."""
        known = (Conversation.channel == channel, Conversation.external == external)
        of_agent = select(Conversation.id).where(Conversation.agent_id == self._agent_id, *known)
        found = await self._session.scalar(of_agent.order_by(Conversation.created_at.desc()).limit(1))
        return Thread(channel, found, external, await self._history(found) if found else ())

    async def add(self, thread: Thread, turn: tuple[Said, ...]) -> str:
        """Write a turn down, in a new conversation where none was begun; its id."""
        now = surroundings(self._session).clock()
        conversation = await self._session.get(Conversation, thread.id) if thread.id else None
        if conversation is None:
            conversation = Conversation(
                id=new_id("conv"),
                organisation_id=self._organisation_id,
                agent_id=self._agent_id,
                channel=thread.channel,
                external=thread.external,
                created_at=now,
            )
            self._session.add(conversation)
        conversation.updated_at = now
        await self._session.flush()
        for said in turn:
            self._session.add(
                ConversationMessage(
                    conversation_id=conversation.id,
                    speaker=said.speaker,
                    text=said.text,
                    asked=said.asked,
                    created_at=now,
                )
            )
        await self._session.flush()
        await self._forget_oldest(conversation.id)
        return conversation.id

    async def _overview(self, one: Conversation) -> Overview:
        asked = (ConversationMessage.conversation_id == one.id, ConversationMessage.speaker == "user")
        turns = await self._session.scalar(select(func.count()).select_from(ConversationMessage).where(*asked))
        first = select(ConversationMessage.text).where(*asked).order_by(ConversationMessage.id).limit(1)
        opening = await self._session.scalar(first)
        return Overview(one.id, one.channel, opening or "", turns or 0, one.created_at, one.updated_at)

    async def _history(self, conversation_id: str) -> tuple[Said, ...]:
        of_it = select(ConversationMessage).where(ConversationMessage.conversation_id == conversation_id)
        rows = await self._session.scalars(of_it.order_by(ConversationMessage.id))
        return tuple(Said(row.speaker, row.text, row.asked) for row in rows)

    async def _forget_oldest(self, conversation_id: str) -> None:
        of_it = ConversationMessage.conversation_id == conversation_id
        if (await self._session.scalar(select(func.count()).where(of_it)) or 0) <= KEPT_MESSAGES:
            return
        ids = select(ConversationMessage.id).where(of_it).order_by(ConversationMessage.id.desc())
        oldest_kept = await self._session.scalar(ids.offset(KEPT_MESSAGES - 1).limit(1))
        await self._session.execute(delete(ConversationMessage).where(of_it, ConversationMessage.id < oldest_kept))


async def forget_still(session: AsyncSession) -> int:
    """Remove the conversations of every organisation that have been still for ``KEPT_FOR``; how many."""
    before = surroundings(session).clock() - KEPT_FOR
    still = delete(Conversation).where(Conversation.updated_at < before)
    return len((await session.execute(still.returning(Conversation.id))).all())
