"""An agent that says what a test tells it to, in place of the analyst or a model."""

from __future__ import annotations

import asyncio

from headwater.agent_runtime.turn import Brief, Outcome, Telling, Turn
from headwater.reports import Column, ReportTable
from headwater.scope import Scope
from headwater.tools.citation import BUILT_IN, Citation

CITED = Citation('{"metrics":["link_clicks"]}', BUILT_IN, 2)
TABLE = ReportTable(
    "Link clicks",
    "last week",
    (Column("domain", "Domain", "text"), Column("link_clicks", "Link clicks", "integer")),
    [("news.example", 1200), ("=cmd|a", 4)],
    "bar",
)
ANSWER = Outcome("Link clicks were 1,204.", True, TABLE, (CITED,), (BUILT_IN,), 1500)


class Scripted:
    """``outcome`` is said, or raised; ``turns`` are what it was asked. Closing ``gate`` makes it wait."""

    def __init__(self, outcome: Outcome | Exception = ANSWER) -> None:
        self.outcome = outcome
        self.turns: list[tuple[Brief, Turn, Scope]] = []
        self.tokens = 4000
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    def most_tokens(self, brief: Brief, turn: Turn) -> int:
        """What is held for."""
        return self.tokens

    async def run(self, brief: Brief, turn: Turn, scope: Scope, telling: Telling) -> Outcome:
        """Say it."""
        self.turns.append((brief, turn, scope))
        self.asked.set()
        telling("tool", "ask_metrics")
        await self.gate.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        telling("delta", self.outcome.text)
        return self.outcome
