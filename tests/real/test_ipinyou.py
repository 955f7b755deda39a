"""A real bidding log, imported and asked for, against SQL over the log itself (reference answers A4).

Impressions and clicks are two files of the log's own columns; ``--map`` and ``--set`` say what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.cli.place import Place, found

LOG = "ads/ipinyou_adv2821_20131021.parquet"
DAY = {"time_from": "2013-10-21", "time_to": "2013-10-21"}
IMPRESSIONS, CLICKS = "impressions", "link_clicks"
LOGS = {"imp": IMPRESSIONS, "clk": CLICKS}


class Log:
    """The log in a server, and the log itself."""

    def __init__(self, place: Place, path: Path) -> None:
        self.place = place
        self._path = path
        listed = place.ask("/api/v2/creatives", limit=100)["data"]
        self.creatives: dict[str, int] = {one["external_id"]: one["id"] for one in listed if one["external_id"]}
        tree = place.ask("/api/v2/campaigns/data_tree")["data"]
        (self.campaign,) = (int(one["id"]) for one in tree if one["name"] == "2821")

    def sql(self, select: str) -> list[tuple[Any, ...]]:
        """What SQL says of the log; ``LOG`` stands for it."""
        with duckdb.connect() as connection:
            return connection.execute(select.replace("LOG", f"'{self._path}'")).fetchall()

    def campaign_rows(self, endpoint: str, **params: Any) -> list[dict[str, Any]]:
        """The API's rows of the whole campaign."""
        asked = self.place.ask(
            f"/v2/aggregation-api/{endpoint}", resource="campaign", **{"id[]": self.campaign}, **params
        )
        rows: list[dict[str, Any]] = asked[str(self.campaign)]
        return rows


def _import(data: Path, folder: Path, *, sessions: bool) -> Log:
    place = found(folder / "data")
    columns = "event_time, creative, adexchange::VARCHAR AS adexchange, domain, slotwidth || 'x' || slotheight AS slot"
    columns += ", advertiser" + (", bidid" if sessions else "")
    maps = {"event_time": "ts", "adexchange": "dsp", "slot": "creative_group", "advertiser": "campaign"}
    maps |= {"bidid": "session_id"} if sessions else {}
    options = [part for column, field in maps.items() for part in ("--map", f"{column}={field}")]
    for name, event in LOGS.items():
        path = folder / f"{name}.parquet"
        with duckdb.connect() as connection:
            select = f"SELECT {columns} FROM '{data / LOG}' WHERE log = '{name}' ORDER BY source_row"
            connection.execute(f"COPY ({select}) TO '{path}'")
        done = place.run(
            "import ad-events",
            path,
            *options,
            "--set",
            f"event={event}",
            "--create-missing",
            "--workspace",
            place.entities.workspace,
        )
        assert done.code == 0, done.err
        assert not done.err
    return Log(place, data / LOG)


@pytest.fixture(scope="module")
def log(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    return _import(data, tmp_path_factory.mktemp("ipinyou"), sessions=False)


@pytest.fixture(scope="module")
def log_with_sessions(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    return _import(data, tmp_path_factory.mktemp("sessions"), sessions=True)


def _metrics(*names: str) -> dict[str, Any]:
    return {"metric[]": ",".join(names)}


def test_events_per_hour(log: Log) -> None:
    """A4.2."""
    expected = log.sql(
        "SELECT strftime(date_trunc('hour', event_time), '%Y-%m-%d %H:%M:%S'), count(*) FILTER (log = 'imp'),"
        " count(*) FILTER (log = 'clk') FROM LOG GROUP BY 1 ORDER BY 1"
    )
    rows = log.campaign_rows("buckets", time_frame="hour", **DAY, **_metrics(IMPRESSIONS, CLICKS))
    assert [(row["time"], row[IMPRESSIONS], row[CLICKS]) for row in rows] == expected
    assert expected[0] == ("2013-10-21 18:00:00", 1451, 42)
    assert expected[-1] == ("2013-10-21 23:00:00", 1300, 65)


def test_totals_per_creative(log: Log) -> None:
    """A4.3."""
    expected = log.sql(
        "SELECT creative, count(*) FILTER (log = 'imp'), count(*) FILTER (log = 'clk') FROM LOG GROUP BY 1"
    )
    ids = ",".join(map(str, log.creatives.values()))
    counts = log.place.ask(
        "/v2/aggregation-api/counts", resource="creative", **{"id[]": ids}, **_metrics(IMPRESSIONS, CLICKS)
    )
    answered = {
        name: (counts[str(creative)][IMPRESSIONS], counts[str(creative)][CLICKS])
        for name, creative in log.creatives.items()
    }
    assert answered == {creative: (impressions, clicks) for creative, impressions, clicks in expected}
    assert answered["10722"] == (3797, 187)
    assert answered["10721"] == (8, 0)


def test_events_per_exchange_and_domain(log: Log) -> None:
    """A4.4, A4.5, and every other pair of the two."""
    expected = log.sql(
        "SELECT domain, adexchange::VARCHAR, count(*) FILTER (log = 'imp'), count(*) FILTER (log = 'clk')"
        " FROM LOG GROUP BY 1, 2"
    )
    rows = log.campaign_rows("domains", **DAY)
    assert sorted((row["domain"], row["dsp"], row[IMPRESSIONS], row[CLICKS]) for row in rows) == sorted(expected)

    exchanges: dict[str, tuple[int, int]] = {}
    domains: dict[str, int] = {}
    for row in rows:
        impressions, clicks = exchanges.get(row["dsp"], (0, 0))
        exchanges[row["dsp"]] = (impressions + row[IMPRESSIONS], clicks + row[CLICKS])
        domains[row["domain"]] = domains.get(row["domain"], 0) + row[IMPRESSIONS]
    assert exchanges == {"1": (1899, 87), "2": (2137, 74), "3": (1867, 111), "4": (4097, 170)}
    top = sorted(domains.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    assert top[0] == ("dd4270481b753dde29898e27c7c03920", 375)
    assert top[9] == ("aedc85a495b5fc0aaa4f5ac9254b7372", 160)


def test_totals_per_slot_size(log: Log) -> None:
    """A4.10: the groups that the import made."""
    expected = dict(log.sql("SELECT slotwidth || 'x' || slotheight, count(*) FROM LOG WHERE log = 'imp' GROUP BY 1"))
    first_size = dict(log.sql("SELECT creative, count(DISTINCT slotwidth || 'x' || slotheight) FROM LOG GROUP BY 1"))
    assert set(first_size.values()) == {1}, "a creative lies in one group only"
    tree = log.place.ask("/api/v2/campaigns/data_tree")["data"]
    groups = {group["name"]: group["id"] for one in tree if one["name"] == "2821" for group in one["creativeGroups"]}
    counts = log.place.ask(
        "/v2/aggregation-api/counts",
        resource="creative_group",
        **{"id[]": ",".join(groups.values())},
        **_metrics(IMPRESSIONS),
    )
    assert {name: counts[group][IMPRESSIONS] for name, group in groups.items()} == expected


def test_a_bid_that_is_there_twice_counts_once_when_it_is_the_session(log_with_sessions: Log) -> None:
    """A4.1: 10,000 impressions of 9,960 bids."""
    (expected,) = log_with_sessions.sql(
        "SELECT count(DISTINCT (creative, bidid)) FILTER (log = 'imp'),"
        " count(DISTINCT (creative, bidid)) FILTER (log = 'clk') FROM LOG"
    )
    rows = log_with_sessions.campaign_rows("buckets", time_frame="day", **DAY, **_metrics(IMPRESSIONS, CLICKS))
    assert [(row[IMPRESSIONS], row[CLICKS]) for row in rows] == [expected]
    assert expected == (9960, 433)
