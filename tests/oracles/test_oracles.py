"""Every metric, asked in every way, agrees with SQL that a person wrote over the raw facts, on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from headwater.catalogue.ads import BASE
from headwater.query.question import Question
from headwater.query.window import Window
from tests.conformance.facts import at, scope

from .conftest import Places
from .seeded import KINDS

ORACLES = yaml.safe_load((Path(__file__).parent / "ad_events.yaml").read_text("utf-8"))


class Case(NamedTuple):
    """A question and the SQL that must agree with it."""

    name: str
    question: Question
    sql: str


def cases() -> Iterator[Case]:
    for name, oracle in ORACLES["questions"].items():
        asked = {key: tuple(value) if isinstance(value, list) else value for key, value in oracle["ask"].items()}
        for window in oracle["windows"]:
            bounds, within = _window(**ORACLES["windows"][window])
            for metrics, measure in _metrics(oracle):
                yield Case(
                    f"{name}-{window}-{metrics[0]}",
                    Question("ad-events", metrics, window=bounds, **asked),
                    oracle["sql"].format(measure=measure, window=within),
                )


def _metrics(oracle: dict[str, list[str]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each measure by itself, or those that the oracle's SQL answers together."""
    if "metrics" in oracle:
        yield tuple(oracle["metrics"]), ""
    else:
        for metric, measure in ORACLES["measures"].items():
            yield (metric,), measure


def _window(sql: str, start: object = None, end: object = None) -> tuple[Window | None, str]:
    bounds = Window(_time(start), _time(end))
    return (None if bounds == Window(None, None) else bounds), sql


def _time(value: object) -> datetime | None:
    """YAML reads a date or a time with seconds by itself, other times as text."""
    if isinstance(value, date | str):
        return at(str(value))
    return None


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
async def test_the_answer_is_that_of_the_hand_written_sql_in_every_place(places: Places, case: Case) -> None:
    expected = places.raw.execute(case.sql).fetchall()
    assert expected, "an oracle that finds nothing proves nothing"
    for place, engine in places.engines.items():
        found = await engine.ask(case.question, scope())
        assert found.rows == expected, place


def test_every_metric_has_an_oracle() -> None:
    assert list(ORACLES["measures"]) == [metric.name for metric in BASE]


@pytest.mark.asyncio(loop_scope="session")
async def test_the_seeded_facts_hold_every_trap(places: Places) -> None:
    """All kinds of event, other organisations with the same ids, late facts, and rows both merged and fresh."""
    raw = places.raw
    assert {kind for (kind,) in raw.execute("SELECT DISTINCT event FROM ad_event").fetchall()} == set(KINDS)
    assert raw.execute("SELECT count(*) FROM ad_event").fetchone() < (6000,)
    assert raw.execute("SELECT count(DISTINCT organisation_id) FROM ad_event WHERE creative_id = 11").fetchone() == (2,)
    assert raw.execute("SELECT count(*) > 0 FROM ad_event WHERE domain = '' AND dsp = ''").fetchone() == (True,)
    for table in ("ad_day", "ad_flow_day", "ad_event_fresh"):
        assert raw.execute(f"SELECT count(*) > 0 FROM {table}").fetchone() == (True,)
