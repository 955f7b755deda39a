"""Questions whose plain reading is of other rows, or of another average, than the words' own columns: asked back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .shop import Shop, opened

SCRIPT = """
CREATE TABLE staff (id INTEGER PRIMARY KEY, first_name TEXT, reports_to INTEGER, team TEXT);
CREATE TABLE spending (day DATE, channel TEXT, spend NUMERIC);
INSERT INTO staff VALUES (1, 'Ada', NULL, 'Web'), (2, 'Bo', 1, 'Web'), (3, 'Cy', 1, 'Mail');
INSERT INTO spending VALUES ('2026-10-01', 'Email', 1), ('2026-10-01', 'Search', 3), ('2026-10-02', 'Email', 5);
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """People who report to each other without a declared key, and what was spent by day and channel."""
    folder: Path = tmp_path_factory.mktemp("office")
    source = opened(folder, SCRIPT)
    yield Shop(source)
    source.close()


@pytest.mark.parametrize(
    "question",
    [
        "which staff report to Ada",  # those whose key is Ada's, not Ada
        "how many staff report to Ada",
        "average daily spend",  # 2 and 5 by row, 4 and 5 by total; 4.5 in all
        "daily average spend",
        "average spend per day",
        "average spend each day",
        "average staff per team",  # the number of each team's is no average
        "spend by channel",
        "what will total spend be",
        "how many spend by channel",  # rows, or what was spent
    ],
)
async def test_another_reading_is_asked_back(office: Shop, question: str) -> None:
    reply = await office.ask(question)
    assert (reply.outcome, reply.table) == ("ask_back", None), reply.text


@pytest.mark.parametrize(
    ("question", "figures"),
    [
        ("how many staff are in Web", [2]),
        ("total spend", [9]),  # of the column, not how many rows the table of that name has
        ("average spend", [3]),
        ("average spend by day", [5, 2]),
        ("daily total spend", [4, 5]),
        ("average spend per channel", [3, 3]),
    ],
)
async def test_what_has_one_reading_is_answered(office: Shop, question: str, figures: list[float]) -> None:
    assert [row[-1] for row in await office.rows(question)] == figures
