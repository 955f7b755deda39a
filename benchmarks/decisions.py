"""Every type of the dashboard: answers that nobody has kept beside their own statements put to DuckDB by hand."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import duckdb
import msgspec

from benchmarks import decisions_data
from benchmarks.cold import Cold, Turn, by_turns
from headwater.app import Headwater
from headwater.query.decisions.dashboard import TYPES, DashboardQuestion
from headwater.settings import Settings
from headwater.storage.port import Statement

ROUNDS = 30
_MORE = {"why_not_ranked": {"offerId": "off_150"}}
SEGMENT = "offer_performance, of a segment"
QUESTIONS: dict[str, dict[str, str]] = {
    **{kind: {"type": kind, **_MORE.get(kind, {})} for kind in TYPES},
    SEGMENT: {"type": "offer_performance", "segmentId": "seg_1"},
}


def days(turn: int) -> int:
    """How many are asked for: others at each turn, so that no answer is kept."""
    return 30 + turn


def target(url: str, question: str, turn: int) -> str:
    """The address at which a question is asked."""
    query = {**QUESTIONS[question], "days": str(days(turn))}
    return f"{url}/api/v1/dashboard-data?{'&'.join(f'{name}={value}' for name, value in query.items())}"


def statements(path: Path) -> dict[str, list[list[Statement]]]:
    """What the engine asks of the store for each question, turn by turn."""
    return asyncio.run(_statements(path))


async def _statements(path: Path) -> dict[str, list[list[Statement]]]:
    headwater = Headwater(Settings(data_dir=str(path)))
    await headwater.start()
    scope = await headwater.services.control.access.operator_scope(decisions_data.facts(path).organisation)
    book = await headwater.services.control.books.get(scope.organisation_id)
    found: dict[str, list[list[Statement]]] = {}
    for name, query in QUESTIONS.items():
        offer = book.find("offer", query["offerId"]) if "offerId" in query else None
        segment = book.find("segment", query["segmentId"]) if "segmentId" in query else None
        by = "channel" if query["type"] == "offer_performance_grouped" else None
        found[name] = []
        for turn in range(ROUNDS):
            kind = next(one for one in TYPES if one == query["type"])
            asked = DashboardQuestion(kind, days(turn), days(turn), by, offer=offer, segment=segment)
            found[name].append((await headwater.services.decisions.explain(asked, book, scope))[1])
    await headwater.stop()
    return found


def cold(url: str, path: Path, question: str, asked: list[list[Statement]]) -> Cold:
    """Endpoint and bare statements by turns."""
    copy = path / "bare.duckdb"
    if not copy.exists():
        copy.write_bytes((path / "facts.duckdb").read_bytes())
    bare = duckdb.connect(str(copy), config={"threads": 2})

    def run(statements: list[Statement]) -> None:
        for statement in statements:
            bare.execute(statement.sql, list(statement.args)).fetchall()

    def turn(number: int) -> Turn:
        return Turn(target("", question, number), partial(run, asked[number]))

    with bare:
        return by_turns(url, decisions_data.facts(path).key, map(turn, range(ROUNDS)), _check)


def _check(body: bytes, _: None) -> None:
    if "warning" in msgspec.json.decode(body):
        raise SystemExit(body.decode())
