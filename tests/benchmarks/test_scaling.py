"""docs/scaling.md says what the model says, the simulation holds it, and can fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scaling import model, simulation
from benchmarks.scaling.claims import TEN_BILLION, claims

PAGE = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text("utf-8")


def test_the_page_has_the_table_of_the_model() -> None:
    assert model.table() in PAGE


def test_the_page_has_every_claim_with_what_was_found() -> None:
    for claim in claims():
        assert f"| {claim.words} | {claim.found} |" in PAGE


def test_numbers_that_were_measured_stand_in_the_results() -> None:
    results = (Path(__file__).parents[2] / "benchmarks" / "RESULTS.md").read_text("utf-8")
    entry = results.partition("the capacity model")[2].partition("\n## ")[0]
    raw = sum(
        float(found) for found in re.findall(r"ClickHouse, (?:ad_event|seen_key) \|.*?, ([\d.]+) bytes a row", entry)
    )
    assert 0.8 * model.MEASURED.raw_bytes < raw <= model.MEASURED.raw_bytes


def test_every_claim_holds() -> None:
    assert not [claim for claim in claims() if not claim.holds]


def test_claims_fail_where_there_are_too_few_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    found = model.capacity(TEN_BILLION)._replace(databases=2)
    monkeypatch.setattr(model, "capacity", lambda _: found)
    assert "the busiest database takes no more than its one writer does" in [
        claim.words for claim in claims(seconds=60) if not claim.holds
    ]


def test_the_same_seed_gives_the_same_day() -> None:
    once = simulation.waits(7, TEN_BILLION, 3, seconds=60)
    assert once == simulation.waits(7, TEN_BILLION, 3, seconds=60)
    assert once != simulation.waits(8, TEN_BILLION, 3, seconds=60)


@given(events=st.integers(1, 10**11), times=st.integers(2, 10))
def test_more_events_never_need_less(events: int, times: int) -> None:
    less, more = model.capacity(events), model.capacity(events * times)
    assert all(a <= b for a, b in zip(less[2:3] + less[4:], more[2:3] + more[4:], strict=True))


@given(organisation=st.integers(1, 10**9), databases=st.integers(1, 30), parts=st.integers(1, 20))
def test_a_new_database_takes_and_nothing_else_moves(organisation: int, databases: int, parts: int) -> None:
    for part in range(parts):
        before = model.place(organisation, range(databases), parts, part)
        assert model.place(organisation, range(databases + 1), parts, part) in (before, databases)


@given(organisation=st.integers(1, 10**9), databases=st.integers(1, 30), gone=st.integers(0, 29))
def test_a_database_that_goes_gives_and_nothing_else_moves(organisation: int, databases: int, gone: int) -> None:
    left = [one for one in range(databases + 1) if one != gone]
    before = model.place(organisation, range(databases + 1))
    assert model.place(organisation, left) == before or before == gone


@given(share=st.floats(0, 1), databases=st.integers(1, 30))
def test_no_part_is_over_its_share_of_a_database(share: float, databases: int) -> None:
    assert share * databases / model.parts_of(share) <= 0.5 + 1e-9
    assert share / model.parts_of(share) <= model.MOST_OF_ALL + 1e-9


@pytest.mark.parametrize("databases", [3, 5, 9])
def test_one_more_database_moves_little_by_the_rule_that_the_loads_are_of(databases: int) -> None:
    moved = simulation.added(7, databases)
    assert moved.share < 1.4 * moved.fair
    assert not moved.between_old
    before, after = (simulation.loads(7, number, split=True) for number in (databases, databases + 1))
    assert all(after[:databases] <= before + 1e-9), "old ones only give"
    assert abs(after[databases] - moved.share) < 1e-9
