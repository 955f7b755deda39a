"""Questions about creators over a year: answers that nobody has kept beside bare DuckDB, kept ones beside bare ASGI."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import msgspec

from benchmarks import creators_data
from benchmarks.cold import Cold, Turn, by_turns
from benchmarks.creators_data import END, START, Creator, Known

_MANY = 10
_SHIFTS = 15
_DAY = timedelta(days=1)
Asked = tuple[str, list[Any]]


class Span(NamedTuple):
    """The days that are asked for."""

    first: date
    last: date


class Question(NamedTuple):
    """What is asked over HTTP at a turn, the same in SQL, and how often."""

    query: Callable[[Known, int], str]
    sql: Callable[[Known, int, Span], Asked]
    rounds: int = 150


def span(turn: int) -> Span:
    """All of the year but for a few days, which differ from turn to turn.

    Not its first day: what the first readings of videos book is not in the table that the floor reads.
    """
    return Span(START + (1 + turn % _SHIFTS) * _DAY, END - turn // _SHIFTS * _DAY)


def _chosen(known: Known, turn: int, many: int) -> list[Creator]:
    some = known.creators
    places = {(turn * 7 + place * 13 + turn * turn) % len(some) for place in range(many)}
    return [some[place] for place in sorted(places)]


def _creators(many: int) -> Callable[[Known, int], str]:
    def query(known: Known, turn: int) -> str:
        return f"entity=creator&entity_id={','.join(one.public_id for one in _chosen(known, turn, many))}"

    return query


def _campaign(known: Known, turn: int) -> str:
    return f"entity=campaign&entity_id={known.campaign_id}"


def _by_video(known: Known, turn: int) -> str:
    return f"{_campaign(known, turn)}&breakdown=video"


# An answer is null until something is known, and tells the first day with data.
_VALUES = "sum(new_views)::BIGINT, sum(known_views)::BIGINT, min(day) FILTER (WHERE readings > 0)"


def one_creator_sql(known: Known, turn: int, days: Span) -> Asked:
    """New views by day of ten videos."""
    videos = list(_chosen(known, turn, 1)[0].videos)
    return (
        f"SELECT day, {_VALUES} FROM video_day WHERE organisation_id = 1"
        f" AND video_id IN ({_marks(videos)}) AND day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1",
        [*videos, *days],
    )


def ten_creators_sql(known: Known, turn: int, days: Span) -> Asked:
    """New views by creator and day of a hundred videos."""
    creators = [one.number for one in _chosen(known, turn, _MANY)]
    return (
        f"SELECT creator_id, day, {_VALUES} FROM video_day JOIN video USING (video_id)"
        f" WHERE organisation_id = 1 AND creator_id IN ({_marks(creators)}) AND day BETWEEN ? AND ?"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        [*creators, *days],
    )


def campaign_sql(known: Known, turn: int, days: Span) -> Asked:
    """New views by day of all videos, as they are summed already."""
    return (
        f"SELECT day, {_VALUES} FROM campaign_day WHERE organisation_id = 1 AND campaign_id = ?"
        " AND day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1",
        [known.campaign, *days],
    )


def by_video_sql(known: Known, turn: int, days: Span) -> Asked:
    """New views by day of the ten videos with most of them, and of all others together."""
    return (
        "WITH top AS (SELECT video_id FROM video_day WHERE organisation_id = 1 AND day BETWEEN ? AND ?"
        f" GROUP BY 1 ORDER BY sum(new_views) DESC, 1 LIMIT {_MANY})"
        f" SELECT coalesce(top.video_id, 0), day, {_VALUES} FROM video_day LEFT JOIN top USING (video_id)"
        " WHERE organisation_id = 1 AND day BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY 1, 2",
        [*days, *days],
    )


QUESTIONS: dict[str, Question] = {
    "creator": Question(_creators(1), one_creator_sql),
    "ten creators": Question(_creators(_MANY), ten_creators_sql),
    "campaign": Question(_campaign, campaign_sql),
    "campaign by video": Question(_by_video, by_video_sql, rounds=30),
}


def target(url: str, known: Known, question: str, turn: int) -> str:
    """The address at which a question is asked."""
    first, last = span(turn)
    query = QUESTIONS[question].query(known, turn)
    return f"{url}/api/v1/analytics?metric=views&from={first}&to={last}&{query}"


def cold(url: str, path: Path, question: str) -> Cold:
    """Endpoint and bare query by turns, each time over other days; both must have found the same views."""
    known = creators_data.facts(path)
    bare = duckdb.connect(str(creators_data.bare_copy(path)), read_only=True, config={"threads": 2})

    def turn(number: int) -> Turn:
        sql, values = QUESTIONS[question].sql(known, number, span(number))
        return Turn(target("", known, question, number), lambda: bare.execute(sql, values).fetchall())

    with bare:
        return by_turns(url, known.key, map(turn, range(QUESTIONS[question].rounds)), _compare)


def _compare(body: bytes, rows: list[tuple[Any, ...]]) -> None:
    data = msgspec.json.decode(body)["data"]
    found = sum(line["total"] for line in data["breakdown_series"] or data["series"])
    expected = sum(row[-3] for row in rows)
    if found != expected:
        raise SystemExit(f"The endpoint found {found:,} views, the bare query {expected:,}.")


def _marks(values: list[Any]) -> str:
    return ", ".join("?" * len(values))
