"""Rows become an answer: units scaled, drops never negative, zeros left out or filled in."""

from __future__ import annotations

import pytest

from headwater.errors import InvalidRequest
from headwater.query.cache import Freshness
from headwater.query.question import Question
from headwater.query.result import Answer, answer
from headwater.query.window import Window
from headwater.storage.port import Row
from tests.conformance.facts import at

from .shapes import question, resolved

NOTHING = Freshness(1, (), ())
TWO_DAYS = Window(at("2024-02-29T12:00"), at("2024-03-01T12:00"))
LEAP, FIRST = at("2024-02-29"), at("2024-03-01")


def shaped(asked: Question, rows: list[Row]) -> Answer:
    return answer(resolved(asked), rows, NOTHING)


def test_columns_name_the_values_in_order() -> None:
    asked = question(metrics=("plays", "impressions"), window=TWO_DAYS, grain="day", breakdown=("dsp", "domain"))
    found = shaped(asked, [(11, LEAP, "dv360", "a.example", 1, 2)])
    assert found.columns == ("entity", "time", "dsp", "domain", "plays", "impressions")
    assert found.rows == [(11, LEAP, "dv360", "a.example", 1, 2)]
    assert found.metrics == ("plays", "impressions")


def test_amounts_are_scaled_once_and_whole_where_they_can_be() -> None:
    seconds = shaped(question(metrics=("seconds_in_view", "plays")), [(11, 2_500_000, 2_500_000)]).rows
    assert seconds == [(11, 2.5, 2_500_000)]
    whole = shaped(question(metrics=("seconds_in_view",)), [(11, 3_000_000)]).rows[0][1]
    assert (whole, type(whole)) == (3, int)


def test_drops_are_never_negative() -> None:
    asked = question(metrics=("component_drops", "component_continues"), breakdown=("component",))
    assert shaped(asked, [(11, 5, 9, 4), (11, 6, 4, 9)]).rows == [(11, 5, 5, 4), (11, 6, 0, 9)]


def test_rows_of_zeros_are_left_out() -> None:
    asked = question(metrics=("plays", "impressions"))
    assert shaped(asked, [(11, 0, 0), (12, 0, 1)]).rows == [(12, 0, 1)]
    assert shaped(asked, [(11, 0, 0)]).ids == (11,)


def test_zeros_are_filled_in_for_every_bucket_that_the_window_touches() -> None:
    asked = question(ids=(12, 11), window=TWO_DAYS, grain="day", fill_zero=True)
    assert shaped(asked, [(12, FIRST, 7)]).rows == [(11, LEAP, 0), (11, FIRST, 0), (12, LEAP, 0), (12, FIRST, 7)]


def test_zeros_are_filled_in_for_every_entity_without_buckets() -> None:
    asked = question(ids=(12, 11), fill_zero=True)
    assert shaped(asked, [(12, 7)]).rows == [(11, 0), (12, 7)]


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (question(fill_zero=True, breakdown=("dsp",)), "no fill"),
        (question(fill_zero=True, grain="day"), "time_from, time_to"),
        (question(fill_zero=True, grain="day", window=Window(LEAP, None)), "time_from, time_to"),
    ],
)
def test_zeros_without_known_rows_are_refused(asked: Question, allowed: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        shaped(asked, [])
    assert refused.value.details == {"field": "fill", "allowed": allowed}


def test_warnings_of_the_question_reach_the_answer() -> None:
    assert [warning.code for warning in shaped(question(ids=(11, 999)), []).warnings] == ["unknown_ids"]
