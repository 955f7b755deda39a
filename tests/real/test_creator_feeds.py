"""Two real feeds of snapshots sent through the API as they are, their placeholders replaced by the server's UUIDs."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.contracts.creators.asking import data as asked
from tests.contracts.creators.asking import made
from tests.contracts.creators.tracking import Tracking
from tests.serving import Company, serving

pytestmark = pytest.mark.slow

FEEDS = {"video": ("feeds/bili_videos.ndjson.gz", 1_697), "creator": ("feeds/bili_creators.ndjson.gz", 1_793)}
PLACEHOLDER = re.compile(r"@([^@\"]+)@")
AT_ONCE = 50
COUNTERS = ("views", "likes", "comments", "shares", "saves")


class Feed:
    """A feed that was sent, the UUIDs of what it names, and the feed in SQL."""

    def __init__(self, tracking: Tracking, ids: dict[str, str], path: Path) -> None:
        self.tracking = tracking
        self.ids = ids
        self._path = path

    def sql(self, select: str) -> list[tuple[Any, ...]]:
        """What SQL says; ``FEED`` stands for the feed, with the sender's ids."""
        source = (
            f"""(SELECT *, "at"::TIMESTAMP AS moment FROM read_json('{self._path}', format = 'newline_delimited'))"""
        )
        with duckdb.connect() as connection:
            return connection.execute(select.replace("FEED", source)).fetchall()


async def _sent(company: Company, data: Path, folder: Path, kind: str) -> Feed:
    name, count = FEEDS[kind]
    text = gzip.decompress((data / name).read_bytes()).decode()
    tracking = Tracking(company, str((await made(company, "/projects", name="Feed"))["id"]))
    ids = await _made(tracking, kind, sorted(set(PLACEHOLDER.findall(text))))
    plain = folder / "feed.ndjson"
    plain.write_text(PLACEHOLDER.sub(lambda match: match[1], text))
    answer = await company.request(
        "POST",
        f"/api/v1/ingest/{kind}-snapshots",
        content=gzip.compress(PLACEHOLDER.sub(lambda match: ids[match[1]], text).encode()),
        headers={"content-type": "application/x-ndjson", "content-encoding": "gzip"},
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["accepted"], answer.json()["ignored_fields"]) == (count, [])
    return Feed(tracking, ids, plain)


async def _made(tracking: Tracking, kind: str, names: list[str]) -> dict[str, str]:
    ids: dict[str, str] = {}
    for start in range(0, len(names), AT_ONCE):
        some = [{"external_id": one, "handle": one} for one in names[start : start + AT_ONCE]]
        if kind == "video":
            some = [{"external_id": one["external_id"]} for one in some]
        path = f"/projects/{tracking.project}/{kind}s"
        answer = await asked(tracking.company, "POST", path, **{f"{kind}s": some})
        assert answer["errors"] == []
        ids.update({row["external_id"]: row["id"] for row in answer["created"]})
    return ids


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with serving(tmp_path / "data") as server:
        yield await server.company()


async def test_videos(company: Company, data: Path, tmp_path: Path) -> None:
    """The last counters of each, and what a week added to every tenth."""
    feed = await _sent(company, data, tmp_path, "video")
    last = ", ".join(f"arg_max({counter}, moment)" for counter in COUNTERS)
    counts = {name: values for name, *values in feed.sql(f"SELECT video_id, {last} FROM FEED GROUP BY 1")}
    answered: dict[str, list[int]] = {}
    page: dict[str, Any] = {"meta": {"nextCursor": ""}}
    while (cursor := page["meta"]["nextCursor"]) is not None:
        page = (await company.get("/api/v1/videos", limit=100, **({"cursor": cursor} if cursor else {}))).json()
        for row in page["data"]:
            answered[row["external_id"]] = [row[f"{counter.removesuffix('s')}_count"] for counter in COUNTERS]
    assert answered == counts

    first, end = feed.sql("SELECT min(moment)::DATE::VARCHAR, max(moment)::DATE::VARCHAR FROM FEED")[0]
    deltas = """SELECT video_id, sum(new)::BIGINT FROM (SELECT video_id, views - lag(views) OVER
        (PARTITION BY video_id ORDER BY moment) AS new FROM FEED) WHERE new IS NOT NULL GROUP BY 1"""
    for name, added in sorted(feed.sql(deltas))[::10]:
        assert await feed.tracking.total("video", feed.ids[name], start=first, end=end) == added


async def test_creators(company: Company, data: Path, tmp_path: Path) -> None:
    """Followers day by day over a year with a gap, and monthly."""
    feed = await _sent(company, data, tmp_path, "creator")
    for name, public_id in feed.ids.items():
        own = f"FROM FEED WHERE creator_id = '{name}'"
        first, end = feed.sql(f"SELECT min(moment)::DATE::VARCHAR, max(moment)::DATE::VARCHAR {own}")[0]
        for granularity in ("day", "month"):
            label = f"strftime(date_trunc('{granularity}', moment), '%Y-%m-%d')"
            levels = dict(feed.sql(f"SELECT {label}, arg_max(followers, moment) {own} GROUP BY 1"))
            span = {"start": first, "end": end, "mode": "cumulative", "granularity": granularity}
            (line,) = (await feed.tracking.ask("creator", public_id, "followers", **span))["series"]
            answered = {point["date"]: point["value"] for point in line["points"]}
            assert {day: answered[day] for day in levels} == levels
