"""199,194 real ad events in one feed, asked for in every way and compared with SQL over the feed."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.cli.place import EMAIL, Place, found
from tests.serving import Company, serving

pytestmark = pytest.mark.slow

FEED = "feeds/ads_events.ndjson.gz"
EVENTS = 199_194
CREATIVES = 79
SPAN = {"time_from": "2012-01-01", "time_to": "2020-12-31"}
GRAINS = ("hour", "day", "week", "month")
# The first event of a session counts; a placeholder stands for the creative, groups are tens and campaigns thirties.
FIRSTS = """
    CREATE TABLE counted AS SELECT creative, creative_group, campaign, ts, event,
        coalesce(domain, '') AS domain, coalesce(dsp, '') AS dsp
    FROM (SELECT *, row_number() OVER (PARTITION BY creative, event, session_id ORDER BY arrival) AS nth FROM arrived)
    WHERE session_id IS NULL OR nth = 1
"""
ARRIVED = """
    CREATE TABLE arrived AS SELECT row_number() OVER () AS arrival, *
    FROM read_json('{path}', format = 'newline_delimited',
        columns = {{ts: 'TIMESTAMP', creative: 'VARCHAR', creative_group: 'VARCHAR', campaign: 'VARCHAR',
        event: 'VARCHAR', domain: 'VARCHAR', dsp: 'VARCHAR', session_id: 'VARCHAR'}})
"""
COUNTS = "count(*) FILTER (event = 'impressions'), count(*) FILTER (event = 'link_clicks')"


def _named(match: re.Match[bytes]) -> bytes:
    number = int(match[1])
    place = f'"creative_group":"group {number // 10}","campaign":"campaign {number // 30}"'
    return f'"creative":"{number}",{place}'.encode()


class Feed:
    """The feed in a server, and the feed in SQL."""

    def __init__(self, place: Place, reference: duckdb.DuckDBPyConnection) -> None:
        self.place = place
        self.reference = reference
        tree = place.ask("/api/v2/campaigns/data_tree")["data"]
        tree = [one for one in tree if one["name"].startswith("campaign ")]
        groups = [group for one in tree for group in one["creativeGroups"]]
        self.ids: dict[str, dict[str, int]] = {
            "campaign": {one["name"]: int(one["id"]) for one in tree},
            "creative_group": {one["name"]: int(one["id"]) for one in groups},
            "creative": {one["name"]: int(one["id"]) for group in groups for one in group["creatives"]},
        }

    def sql(self, select: str) -> list[tuple[Any, ...]]:
        """What SQL says."""
        return self.reference.execute(select).fetchall()

    def ask_each(self, endpoint: str, resource: str, **params: Any) -> dict[str, Any]:
        """The API's answer about each entity of a kind, asked one by one, by name."""

        async def work() -> dict[str, Any]:
            async with serving(self.place.folder) as server:
                company = Company(server, EMAIL, self.place.key, self.place.organisation_id)
                answers = {}
                for name, one in self.ids[resource].items():
                    answer = await company.get(
                        f"/v2/aggregation-api/{endpoint}", resource=resource, **{"id[]": one}, **params
                    )
                    assert answer.status_code == 200, answer.text
                    answers[name] = answer.json()[str(one)]
                return answers

        return asyncio.run(work())


@pytest.fixture(scope="module")
def feed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    folder = tmp_path_factory.mktemp("feed")
    path = folder / "feed.ndjson.gz"
    named = re.sub(rb'"creative_id":@(\d+)@', _named, gzip.decompress((data / FEED).read_bytes()))
    path.write_bytes(gzip.compress(named, 1))
    place = found(folder / "data")
    done = place.run("import ad-events", path, "--create-missing", "--workspace", place.entities.workspace)
    assert (done.code, done.err) == (0, "")
    with duckdb.connect() as reference:
        reference.execute(ARRIVED.format(path=path))
        reference.execute(FIRSTS)
        ((arrived, counted),) = reference.execute(
            "SELECT (SELECT count(*) FROM arrived), (SELECT count(*) FROM counted)"
        ).fetchall()
        assert arrived == EVENTS
        assert done.out == f"ad-events: {counted:,} accepted, {arrived - counted:,} duplicates, 0 rejected\n"
        yield Feed(place, reference)


@pytest.mark.parametrize("resource", ["creative", "creative_group", "campaign"])
def test_lifetime_totals(feed: Feed, resource: str) -> None:
    expected = {name: counts for name, *counts in feed.sql(f"SELECT {resource}, {COUNTS} FROM counted GROUP BY 1")}
    answered = feed.ask_each("counts", resource, **{"metric[]": "impressions,link_clicks"})
    assert {name: [row["impressions"], row["link_clicks"]] for name, row in answered.items()} == expected
    assert len(feed.ids["creative"]) == CREATIVES


@pytest.mark.parametrize("grain", GRAINS)
def test_buckets_of_every_creative(feed: Feed, grain: str) -> None:
    expected: dict[str, list[tuple[Any, ...]]] = {name: [] for name in feed.ids["creative"]}
    moment = f"strftime(date_trunc('{grain}', ts), '%Y-%m-%d %H:%M:%S')"
    for name, *row in feed.sql(f"SELECT creative, {moment}, {COUNTS} FROM counted GROUP BY 1, 2 ORDER BY 1, 2"):
        expected[name].append(tuple(row))
    answered: dict[str, list[tuple[Any, ...]]] = {name: [] for name in feed.ids["creative"]}
    for span in _spans(grain):
        params = {"time_frame": grain, "metric[]": "impressions,link_clicks", **span}
        for name, rows in feed.ask_each("buckets", "creative", **params).items():
            answered[name] += [(row["time"], row["impressions"], row["link_clicks"]) for row in rows]
    assert answered == expected


def _spans(grain: str) -> list[dict[str, str]]:
    """The feed's years; by the hour they are too many buckets for one question."""
    if grain != "hour":
        return [SPAN]
    return [{"time_from": f"{year}-01-01", "time_to": f"{year + 1}-12-31"} for year in (2012, 2020)]


@pytest.mark.parametrize("resource", ["creative", "campaign"])
def test_domains(feed: Feed, resource: str) -> None:
    expected: dict[str, list[tuple[Any, ...]]] = {name: [] for name in feed.ids[resource]}
    select = f"SELECT {resource}, domain, dsp, {COUNTS} FROM counted GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3"
    for name, *row in feed.sql(select):
        expected[name].append(tuple(row))
    answered = {
        name: [(row["domain"], row["dsp"], row["impressions"], row["link_clicks"]) for row in rows]
        for name, rows in feed.ask_each("domains", resource, **SPAN).items()
    }
    assert answered == expected


def test_totals_add_up_from_creatives_to_campaigns(feed: Feed) -> None:
    sums = {}
    for resource in feed.ids:
        answered = feed.ask_each("buckets", resource, time_frame="month", **SPAN, **{"metric[]": "impressions"})
        sums[resource] = sum(row["impressions"] for rows in answered.values() for row in rows)
    ((impressions,),) = feed.sql("SELECT count(*) FROM counted WHERE event = 'impressions'")
    assert sums == dict.fromkeys(feed.ids, impressions)
