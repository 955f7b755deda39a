"""36,585 real readings of 17,268 videos, imported and asked for, against SQL over the readings (reference answers V1).

A video's first reading has no difference in the reference, so no video says when it was posted: the first one is a
baseline then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.cli.place import EMAIL, Place, found
from tests.serving import Company, serving

pytestmark = pytest.mark.slow

BILI, TRENDING, SEPTEMBER = (
    f"video/{name}.parquet" for name in ("bili_popular_daily", "yt_trending_us_75d", "yt_trending_2017_09")
)
COUNTERS = ("views", "likes", "comments", "shares", "saves")
READ_AT = "snapshot_date || 'T23:30:00+08:00'"
DELTAS = """
    CREATE VIEW delta AS SELECT snapshot_date AS day, video, creator, {counters}
    FROM reading WINDOW w AS (PARTITION BY video ORDER BY snapshot_date)
"""
FOLLOWERS = "SELECT creator, snapshot_date, max(followers) AS followers FROM reading GROUP BY 1, 2"
MOST_NEW_VIEWS = """
    SELECT creator, sum(views)::BIGINT FROM delta WHERE day BETWEEN '2023-09-01' AND '2023-09-30' AND views IS NOT NULL
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
"""


class Snapshots:
    """Readings in a server, and the readings in SQL, where ``delta`` has what each of them added."""

    def __init__(self, place: Place, reference: duckdb.DuckDBPyConnection, zone: str) -> None:
        self.place = place
        self._reference = reference
        self._zone = zone

    def sql(self, select: str, *values: object) -> list[tuple[Any, ...]]:
        """What SQL says."""
        return self._reference.execute(select, values).fetchall()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Asking]:
        """A server on the data."""
        async with serving(self.place.folder) as server:
            yield Asking(Company(server, EMAIL, self.place.key, self.place.organisation_id), self._zone)


class Asking:
    """Somebody who asks a server."""

    def __init__(self, company: Company, zone: str) -> None:
        self._company = company
        self._zone = zone

    async def get(self, path: str, **params: Any) -> Any:
        """What an answer holds."""
        answer = await self._company.get(f"/api/v1{path}", **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ids(self, resource: str) -> dict[str, str]:
        """UUIDs by external id."""
        rows: dict[str, str] = {}
        page: dict[str, Any] = {"meta": {"nextCursor": ""}}
        while (cursor := page["meta"]["nextCursor"]) is not None:
            page = await self.get(f"/{resource}", limit=100, **({"cursor": cursor} if cursor else {}))
            rows.update({row["external_id"]: row["id"] for row in page["data"]})
        return rows

    async def points(self, kind: str, entity: str, metric: str, span: tuple[str, str], **more: Any) -> dict[str, Any]:
        """The values of a series, by bucket."""
        params = {"entity": kind, "entity_id": entity, "metric": metric, "from": span[0], "to": span[1]}
        data = (await self.get("/analytics", tz=self._zone, **params, **more))["data"]
        return {point["date"]: point["value"] for point in data["series"][0]["points"]}

    async def campaign_of(self, creators: Iterable[str]) -> str:
        """A new campaign that holds these."""
        project = (await self.get("/projects"))["data"][0]["id"]
        campaign = await self._post(f"/projects/{project}/campaigns", name="All")
        for creator in creators:
            await self._post(f"/campaigns/{campaign}/items", item_type="creator", item_id=creator)
        return campaign

    async def _post(self, path: str, **body: str) -> str:
        answer = await self._company.request("POST", f"/api/v1{path}", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])


def _imported(folder: Path, select: str, counters: tuple[str, ...], zone: str, *options: str) -> Iterator[Snapshots]:
    """Import the readings of a SELECT; ``read_at`` is its column of the time."""
    place = found(folder / "data")
    path = folder / "readings.parquet"
    with duckdb.connect() as reference:
        reference.execute(f"CREATE TABLE reading AS {select}")
        sent = "video, creator, read_at, title, " + ", ".join(counters)
        reference.execute(f"COPY (SELECT {sent} FROM reading) TO '{path}'")
        deltas = ", ".join(f"{counter} - lag({counter}) OVER w AS {counter}" for counter in counters)
        reference.execute(DELTAS.format(counters=deltas))
        ((count,),) = reference.execute("SELECT count(*) FROM reading").fetchall()
        done = place.run(
            "import video-snapshots", path, "--create-missing", "--project", "All", "--map", "read_at=at", *options
        )
        assert (done.code, done.err) == (0, "")
        assert done.out == f"video-snapshots: {count:,} accepted, 0 duplicates, 0 rejected\n"
        yield Snapshots(place, reference, zone)


def _bili(data: Path) -> str:
    return f"""SELECT snapshot_date, bvid AS video, owner_mid::VARCHAR AS creator, title, {READ_AT} AS read_at,
        owner_follower AS followers,
        stat_view AS views, stat_like AS likes, stat_reply AS comments, stat_share AS shares, stat_favorite AS saves
        FROM '{data / BILI}' ORDER BY snapshot_date"""


@pytest.fixture(scope="module")
def bili(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshots]:
    yield from _imported(tmp_path_factory.mktemp("bili"), _bili(data), COUNTERS, "Asia/Shanghai")


@pytest.fixture(scope="module")
def bili_as_one(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshots]:
    """All videos as one creator's."""
    folder = tmp_path_factory.mktemp("one")
    yield from _imported(folder, _bili(data), COUNTERS, "Asia/Shanghai", "--set", "creator=everyone")


@pytest.fixture(scope="module")
def trending(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshots]:
    """Ids that a spreadsheet damaged stand for several videos."""
    select = f"""SELECT snapshot_date, video_id AS video, coalesce(channel_title, 'nobody') AS creator,
        snapshot_date AS read_at, title, views, likes, comment_count AS comments
        FROM '{data / TRENDING}' WHERE video_id <> '#NAME?' ORDER BY snapshot_date"""
    yield from _imported(tmp_path_factory.mktemp("trending"), select, COUNTERS[:3], "UTC", "--set", "creator=everyone")


@pytest.fixture(scope="module")
def september(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshots]:
    """Of a video that is listed twice on a day, the larger counters."""
    select = f"""SELECT snapshot_date, video_id AS video, any_value(channel_title) AS creator,
        snapshot_date AS read_at, any_value(title) AS title, max(views) AS views, max(likes) AS likes,
        max(comment_total) AS comments
        FROM '{data / SEPTEMBER}' WHERE region = 'US' GROUP BY ALL ORDER BY snapshot_date"""
    yield from _imported(tmp_path_factory.mktemp("september"), select, COUNTERS[:3], "UTC", "--set", "platform=youtube")


def days(first: str, last: str) -> list[str]:
    """The dates of a span."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(number)).isoformat() for number in range((end - start).days + 1)]


async def test_daily_new_counters_of_a_creator(bili: Snapshots) -> None:
    """V1.2, of this creator and of the nine others of V1.3."""
    span = ("2023-09-01", "2023-09-15")
    sums = ", ".join(f"coalesce(sum({counter}), 0)" for counter in COUNTERS)
    async with bili.asking() as ask:
        creators = await ask.ids("creators")
        for creator, _ in bili.sql(MOST_NEW_VIEWS):
            expected = dict.fromkeys(days(*span), (0,) * len(COUNTERS))
            for day, *values in bili.sql(
                f"SELECT strftime(day, '%Y-%m-%d'), {sums} FROM delta WHERE creator = '{creator}' GROUP BY 1"
            ):
                if day in expected:
                    expected[day] = tuple(values)
            columns = [await ask.points("creator", creators[creator], counter, span) for counter in COUNTERS]
            answered = {day: tuple(column[day] or 0 for column in columns) for day in expected}
            assert answered == expected
            if creator == "373388923":
                assert answered["2023-09-01"] == (1_513_550, 111_376, 596, 2_184, 14_770)
                assert answered["2023-09-15"] == (476_255, 30_517, 67, 320, 4_677)


async def test_creators_with_most_new_views(bili: Snapshots) -> None:
    """V1.3: the ten, each asked for, in the order of their totals."""
    expected = bili.sql(MOST_NEW_VIEWS)
    async with bili.asking() as ask:
        creators = await ask.ids("creators")
        answer = await ask.get(
            "/analytics",
            entity="creator",
            entity_id=",".join(creators[creator] for creator, _ in expected),
            metric="views",
            tz="Asia/Shanghai",
            **{"from": "2023-09-01", "to": "2023-09-30"},
        )
        totals = [line["total"] for line in answer["data"]["series"]]
    assert totals == [views for _, views in expected]
    assert (expected[0], expected[9][1]) == (("405370021", 21_703_382), 12_652_576)


async def test_total_new_views_per_day_over_all_creators(bili_as_one: Snapshots) -> None:
    """V1.4: 17,268 videos of one creator, and of a campaign that holds it."""
    select = "SELECT strftime(day, '%Y-%m-%d'), sum(views)::BIGINT FROM delta GROUP BY 1 ORDER BY 1"
    expected = {day: views for day, views in bili_as_one.sql(select) if views is not None}
    span = ("2023-08-26", "2023-10-27")
    async with bili_as_one.asking() as ask:
        (everyone,) = (await ask.ids("creators")).values()
        campaign = await ask.campaign_of([everyone])
        for kind, one in (("creator", everyone), ("campaign", campaign)):
            answered = await ask.points(kind, one, "views", span)
            weeks = await ask.points(kind, one, "views", span, granularity="week")
            assert {day: views for day, views in answered.items() if views} == expected
            assert (answered["2023-10-01"], answered["2023-10-10"]) == (79_428_960, 77_670_868)
            assert answered["2023-10-23"] == 0, "nobody read the counters on that day"
            assert sum(weeks.values()) == sum(expected.values())


async def test_a_campaign_is_the_sum_of_its_creators(bili: Snapshots) -> None:
    ten = [creator for creator, _ in bili.sql(MOST_NEW_VIEWS)]
    select = "SELECT strftime(day, '%Y-%m-%d'), sum(views)::BIGINT FROM delta WHERE views IS NOT NULL"
    expected = dict(bili.sql(f"{select} AND creator IN {tuple(ten)} AND day >= '2023-09-01' GROUP BY 1 HAVING 2 > 0"))
    async with bili.asking() as ask:
        creators = await ask.ids("creators")
        campaign = await ask.campaign_of(creators[one] for one in ten)
        answered = await ask.points("campaign", campaign, "views", ("2023-09-01", "2023-10-27"))
    assert {day: views for day, views in answered.items() if views} == {
        day: one for day, one in expected.items() if one
    }


async def test_latest_state_of_the_most_viewed_videos(bili: Snapshots) -> None:
    """V1.6."""
    last = ", ".join(f"arg_max({counter}, snapshot_date) AS {counter}" for counter in COUNTERS)
    select = (
        f"SELECT video, arg_min(title, snapshot_date), {last} FROM reading GROUP BY 1 ORDER BY views DESC, 1 LIMIT 10"
    )
    expected = bili.sql(select)
    async with bili.asking() as ask:
        for video, title, *counters in expected:
            (row,) = (await ask.get("/videos", external_id=video))["data"]
            assert row["title"] == title
            assert [row[f"{counter.removesuffix('s')}_count"] for counter in COUNTERS] == counters
    assert (expected[0][0], expected[0][2]) == ("BV1wV411F7P3", 12_363_869)


async def test_the_course_of_one_video(bili: Snapshots) -> None:
    """V1.10."""
    async with bili.asking() as ask:
        (row,) = (await ask.get("/videos", external_id="BV1sm4y1g7iM"))["data"]
        for counter in COUNTERS:
            select = f"SELECT strftime(snapshot_date, '%Y-%m-%d'), {counter} FROM reading WHERE video = 'BV1sm4y1g7iM'"
            points = await ask.points("video", row["id"], counter, ("2023-10-12", "2023-10-20"), mode="cumulative")
            assert points.pop("2023-10-12") is None
            assert points.pop("2023-10-20") == points["2023-10-19"]
            assert points == dict(bili.sql(select))


async def test_new_views_per_week_of_a_list_with_gaps(trending: Snapshots) -> None:
    """V5.2: weeks by ISO 8601; two days are missing, and a fall of a counter counts as one."""
    select = "SELECT strftime(date_trunc('week', day), '%Y-%m-%d'), sum(views)::BIGINT FROM delta GROUP BY 1"
    expected = dict(trending.sql(select))
    async with trending.asking() as ask:
        (everyone,) = (await ask.ids("creators")).values()
        weeks = await ask.points("creator", everyone, "views", ("2017-11-14", "2018-01-29"), granularity="week")
    assert weeks == expected
    assert (weeks["2017-11-13"], weeks["2018-01-29"]) == (172_216_296, 26_556_692)


async def test_daily_new_counters_of_a_channel(september: Snapshots) -> None:
    """V3.4, and a dozen other channels."""
    span = ("2017-09-14", "2017-10-22")
    async with september.asking() as ask:
        creators = await ask.ids("creators")
        for name in ["Apple", *sorted(creators)[::100]]:
            for counter in COUNTERS[:3]:
                select = f"SELECT strftime(day, '%Y-%m-%d'), sum({counter})::BIGINT FROM delta WHERE creator = ?"
                expected = dict(september.sql(f"{select} AND {counter} IS NOT NULL GROUP BY 1", name))
                answered = await ask.points("creator", creators[name], counter, span)
                assert {day: new for day, new in answered.items() if new} == {
                    d: new for d, new in expected.items() if new
                }
                if (name, counter) == ("Apple", "views"):
                    assert (answered["2017-09-14"], answered["2017-10-05"]) == (4_340_407, 20_301)


@pytest.fixture(scope="module")
def bili_with_followers(bili: Snapshots, tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    """The creators are found again by the same external ids."""
    path = tmp_path_factory.mktemp("followers") / "followers.csv"
    bili.sql(f"COPY (SELECT creator, {READ_AT} AS day, followers FROM ({FOLLOWERS}) ORDER BY day) TO '{path}'")
    done = bili.place.run("import creator-snapshots", path, "--project", "All", "--map", "day=at")
    assert (done.code, done.err) == (0, "")
    return bili


async def test_followers_gained(bili_with_followers: Snapshots) -> None:
    """V1.5."""
    bili = bili_with_followers
    span = ("2023-08-25", "2023-10-27")
    gains = f"""SELECT creator, arg_min(followers, snapshot_date), arg_max(followers, snapshot_date) AS last,
        last - arg_min(followers, snapshot_date) AS gain FROM ({FOLLOWERS}) GROUP BY 1 ORDER BY gain DESC, 1 LIMIT 10"""
    async with bili.asking() as ask:
        creators = await ask.ids("creators")
        answered = []
        for creator, *_ in bili.sql(gains):
            levels = await ask.points("creator", creators[creator], "followers", span, mode="cumulative")
            new = await ask.points("creator", creators[creator], "followers", span)
            known = [level for level in levels.values() if level is not None]
            answered.append((creator, known[0], known[-1], sum(one or 0 for one in new.values())))
    assert answered == bili.sql(gains)
    assert answered[0] == ("543740771", 2_898, 1_020_428, 1_017_530)
