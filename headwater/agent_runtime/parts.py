"""What a server has to run agents with, put together."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.agent_runtime.executing import Executor, Runner
from headwater.agent_runtime.postbox import Postbox
from headwater.agent_runtime.visitors import VisitorLimits
from headwater.control import Control
from headwater.kit.clock import Clock
from headwater.outbound import Outbound
from headwater.platforms.registry import platforms
from headwater.settings import Settings


@dataclass(frozen=True)
class AgentParts:
    """Who executes, how much outsiders may ask, and the messages of platforms."""

    executor: Executor
    visitors: VisitorLimits
    postbox: Postbox

    @staticmethod
    def of(control: Control, runner: Runner, outbound: Outbound, settings: Settings, clock: Clock) -> AgentParts:
        """With this runner."""
        executor = Executor(control, runner, settings.agent_timeout)
        most = settings.chat_messages_per_minute, settings.conversation_messages_per_hour
        visitors = VisitorLimits(control.shared, clock, *most)
        postbox = Postbox(control, executor, visitors, platforms(settings), outbound, clock)
        return AgentParts(executor, visitors, postbox)

    async def settle(self) -> None:
        """Wait for what is done beside the answers."""
        await self.executor.beside.settle()
        await self.postbox.beside.settle()
