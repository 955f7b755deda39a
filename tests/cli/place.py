"""A data directory with one company in it, and ways to run commands on it and to ask it things."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from typer.testing import CliRunner

from headwater.cli.main import app
from tests.serving import Company, Hierarchy, serving

EMAIL = "owner1@example.com"


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def run(*arguments: object, stdin: bytes | None = None) -> Outcome:
    """Run ``headwater`` with these arguments."""
    try:
        result = CliRunner().invoke(app, [str(one) for one in arguments], input=stdin)
    finally:
        # Commands log to the standard error of their time, which ends with them.
        structlog.reset_defaults()
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


@dataclass(frozen=True)
class Place:
    """The data directory of a stopped server."""

    folder: Path
    key: str
    organisation_id: int
    entities: Hierarchy

    def run(self, command: str, *arguments: object, stdin: bytes | None = None) -> Outcome:
        """Run a command on this data directory; ``command`` may be of two words."""
        return run(*command.split(), *arguments, "--data-dir", self.folder, stdin=stdin)

    def ask(self, path: str, **params: Any) -> Any:
        """What the API answers to a GET."""
        return asyncio.run(self._ask(path, params))

    async def _ask(self, path: str, params: dict[str, Any]) -> Any:
        async with serving(self.folder) as server:
            company = Company(server, EMAIL, self.key, self.organisation_id)
            answer = await company.get(path, **params)
            assert answer.status_code == 200, answer.text
            return answer.json()

    def impressions(self) -> int:
        """All impressions there are."""
        tree = self.ask("/api/v2/campaigns/data_tree")["data"]
        ids = ",".join(campaign["id"] for campaign in tree)
        counts = self.ask("/v2/aggregation-api/counts", resource="campaign", **{"id[]": ids, "metric[]": "impressions"})
        return sum(row["impressions"] for row in counts.values())


def found(folder: Path) -> Place:
    """A company with a workspace, a campaign, a group and two creatives."""

    async def work() -> Place:
        async with serving(folder) as server:
            company = await server.company("Acme")
            return Place(folder, company.key, company.organisation_id, await company.hierarchy())

    return asyncio.run(work())


def lines(*records: dict[str, Any]) -> bytes:
    """Records as NDJSON."""
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()
