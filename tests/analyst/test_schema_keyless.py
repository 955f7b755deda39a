"""Tables without declared keys: what names and values show, rows that repeat, and pairs of one table's rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .shop import Shop, opened

SCRIPT = """
CREATE TABLE state (state_name TEXT, area REAL, population INTEGER);
CREATE TABLE border_info (state_name TEXT, border TEXT);
CREATE TABLE river (river_name TEXT, length INTEGER, traverse TEXT);
CREATE TABLE city (city_name TEXT, population INTEGER, state_name TEXT);
INSERT INTO state VALUES ('ash', 10, 100), ('birch', 30, 50), ('cedar', 20, 70), ('dogwood', 5, 20), ('elm', 40, 10),
  ('fir', 1, 5);
INSERT INTO border_info VALUES ('ash', 'birch'), ('birch', 'ash'), ('birch', 'cedar'), ('cedar', 'birch'),
  ('cedar', 'dogwood'), ('dogwood', 'cedar'), ('dogwood', 'elm'), ('elm', 'dogwood');
INSERT INTO river VALUES ('tay', 900, 'ash'), ('tay', 900, 'birch'), ('tay', 900, 'cedar'), ('esk', 90, 'dogwood'),
  ('ash', 50, 'elm');
INSERT INTO city VALUES ('upton', 7, 'ash'), ('downton', 9, 'birch'), ('midton', 4, 'cedar'), ('ash', 3, 'elm');
"""


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Some states, their borders, rivers and cities."""
    folder: Path = tmp_path_factory.mktemp("land")
    source = opened(folder, SCRIPT)
    yield Shop(source)
    source.close()


ANSWERS = [
    ("states that border birch", {"ash", "cedar"}),
    ("states that do not border birch", {"birch", "dogwood", "elm", "fir"}),
    ("states that border states that border ash", {"ash", "cedar"}),
    ("what is the largest state that borders cedar", {"birch"}),
    ("states that border the largest state", {"dogwood"}),
    ("cities in states that border dogwood", {"midton", "ash"}),
    ("cities in the state with the largest population", {"upton"}),
    ("which states does the tay river run through", {"ash", "birch", "cedar"}),
    ("rivers in birch", {"tay"}),
    ("where is midton", {"midton"}),
]


@pytest.mark.parametrize(("question", "expected"), ANSWERS)
async def test_answers(land: Shop, question: str, expected: set[str]) -> None:
    assert {row[0] for row in await land.rows(question)} == expected


async def test_figures_of_related_rows(land: Shop) -> None:
    assert await land.rows("how many states border cedar") == [(2,)]
    ((population, *_),) = await land.rows("what is the population of the largest state that borders ash")
    assert population == 50


@pytest.mark.parametrize(
    "question",
    [
        "total length of rivers in birch or cedar",
        "how many rivers are there",  # rows, or different rivers
        "total length of rivers",
        "rivers that do not run through birch",  # every row of a long river says something else
        "which states border the tay river",
        "states that border ash and elm",  # any, or both
        "which states border the most states",
    ],
)
async def test_what_rows_that_repeat_or_relate_leave_unclear(land: Shop, question: str) -> None:
    assert (await land.ask(question)).outcome != "answered"


async def test_values_are_read_once_a_day_and_of_another_version(land: Shop) -> None:
    await land.ask("states")
    land.source.statements.clear()
    await land.ask("states")
    assert len(land.source.statements) == 1
    await land.ask("states", "of another copy")
    assert len([statement for statement in land.source.statements if "DISTINCT" in statement]) == 7
