"""Rollups answer as the facts do, whatever arrives in whichever order and batches, merged or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.query.question import Question
from headwater.query.window import Window
from headwater.storage.port import Store
from tests.examples import examples
from tests.stores import ON_CLICKHOUSE

from .facts import Event, at, batch, engine, scope
from .reference import Kept

Commit = tuple[list[tuple[int, list[Event]]], bool]
"""Batches, each of the first or the second organisation, and whether rollups are merged after them."""
EDGES = [at(text) for text in ("2024-02-25", "2024-02-26", "2024-02-29", "2024-03-01", "2024-03-01T13:00")]
TICK = timedelta(microseconds=1)
times = st.sampled_from([edge + step for edge in EDGES for step in (-TICK, 0 * TICK, 90 * 60_000_000 * TICK)])


def facts(*events: str, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Event]:
    """Facts with one of ``events``; what ``fields`` do not vary is as in a plain event."""
    fixed = {name: st.just(value) for name, value in Event()._asdict().items()}
    return st.builds(Event, **{**fixed, "ts": times, "event": st.sampled_from(events), **fields})


sessions = st.sampled_from(["", "s1", "s2"])
plain = facts(
    "impressions",
    "plays",
    "creative_actions",
    creative_id=st.sampled_from([1, 2]),
    domain=st.sampled_from(["", "a"]),
    dsp=st.sampled_from(["", "x"]),
    session_id=sessions,
    component_id=st.sampled_from([0, 5]),
    record_id=st.sampled_from(["", "", "r1", "r2"]),
)
seconds = facts("seconds_in_view", value=st.integers(0, 5_000_000), session_id=sessions)
flow = facts("component_impression", "component_continue", session_id=sessions, component_id=st.sampled_from([5, 6]))
batches = st.tuples(st.sampled_from([0, 1]), st.lists(plain | seconds | flow, max_size=8))
commits = st.lists(st.tuples(st.lists(batches, min_size=1, max_size=3), st.booleans()), min_size=1, max_size=4)
bounds = st.none() | times

ADS = ("impressions", "plays", "creative_actions", "seconds_in_view")
FLOW = ("component_impressions", "component_continues")


@st.composite
def questions(draw: st.DrawFn) -> Question:
    start, end = draw(bounds), draw(bounds)
    if start and end and start >= end:
        start, end = end, start + TICK
    return Question(
        "ad-events",
        draw(st.sampled_from([ADS, ADS[:1], FLOW, (*ADS, *FLOW)])),
        "creative",
        draw(st.sampled_from([(1,), (1, 2)])),
        Window(start, end) if start or end else None,
        draw(st.sampled_from([None, "hour", "day", "week", "month"])),
        draw(st.sampled_from([(), ("domain", "dsp"), ("dsp",), ("component",), ("creative",)])),
    )


@pytest.fixture(scope="module")
def new_organisation() -> Iterator[int]:
    return count(1)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["duckdb memory", ON_CLICKHOUSE], indirect=True)
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commits=commits, asked=st.lists(questions(), min_size=3, max_size=6))
async def test_any_question_has_the_answer_of_the_facts(
    store: Store, new_organisation: Iterator[int], commits: list[Commit], asked: list[Question]
) -> None:
    """One store for all examples, each with organisations of its own: more foreign facts in every question's way."""
    organisations = [next(new_organisation), next(new_organisation)]
    kept = [Kept(), Kept()]
    for batches, merge_afterwards in commits:
        appended = await store.append([batch(events, organisations[which]) for which, events in batches])
        assert [one.accepted for one in appended] == [kept[which].arrive(events) for which, events in batches]
        if merge_afterwards:
            await store.compact()
    for question in asked:
        for organisation, expected in zip(organisations, kept, strict=True):
            found = await engine(store).ask(question, scope(organisation))
            assert found.rows == expected.answer(question)
