"""Amounts by day, as advertising reports keep them: totals, what is spent, and what is no group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .shop import Shop, opened

SCRIPT = """
CREATE TABLE campaigns (id INTEGER PRIMARY KEY, name TEXT, channel TEXT, budget NUMERIC, status TEXT);
CREATE TABLE ads (id INTEGER PRIMARY KEY, campaign_id INTEGER REFERENCES campaigns(id), headline TEXT, format TEXT);
CREATE TABLE daily_stats (id INTEGER PRIMARY KEY, ad_id INTEGER REFERENCES ads(id), day DATE, impressions INTEGER,
  clicks INTEGER, cost NUMERIC, conversions INTEGER);
INSERT INTO campaigns VALUES (1, 'Summer Sale', 'search', 1000, 'active'), (2, 'Brand', 'social', 500, 'paused'),
  (3, 'Retarget', 'social', 700, 'active');
INSERT INTO ads VALUES (1, 1, 'Buy now', 'text'), (2, 1, 'Cheap', 'image'), (3, 2, 'We are', 'video');
INSERT INTO daily_stats VALUES (1, 1, '2026-10-01', 100, 10, 5, 1), (2, 1, '2026-10-02', 200, 20, 9, 2),
  (3, 2, '2026-10-01', 50, 1, 1, 0), (4, 3, '2026-11-01', 400, 4, 8, 1);
"""


@pytest.fixture(scope="module")
def advertising(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Three campaigns, their ads, and what came of them by day."""
    folder: Path = tmp_path_factory.mktemp("advertising")
    source = opened(folder, SCRIPT)
    yield Shop(source)
    source.close()


ANSWERS = [
    ("total clicks per campaign", [("Summer Sale", 31), ("Brand", 4)]),
    ("total clicks per campaign last month", [("Summer Sale", 31)]),
    ("total impressions and clicks per campaign", [("Brand", 400, 4), ("Summer Sale", 350, 31)]),
    ("which campaign has the most clicks", [("Summer Sale", 31)]),
    ("which campaigns have no ads", [("Retarget",)]),
    ("how many active campaigns are there", [(2,)]),
    ("total budget of campaigns with image ads", [(1000,)]),
    ("total budget per channel", [("social", 1200), ("search", 1000)]),
    ("spend per campaign", [("Summer Sale", 15), ("Brand", 8)]),
    ("how much did we spend on social", [(8,)]),
    ("total conversions of Summer Sale in October", [(3,)]),
]


@pytest.mark.parametrize(("question", "expected"), ANSWERS)
async def test_answers(advertising: Shop, question: str, expected: list[tuple[object, ...]]) -> None:
    assert await advertising.rows(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "clicks per campaign",  # total or average
        "conversions of Summer Sale in October",
        "which campaign has the highest clicks",  # in all, or on one day
        "average cost per click",  # a ratio, not a group
        "click rate per campaign",
        "total budget per ad format",  # fan-out
        "best campaign",
    ],
)
async def test_what_is_asked_back(advertising: Shop, question: str) -> None:
    assert (await advertising.ask(question)).outcome == "ask_back"
