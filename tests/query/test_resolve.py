"""Every name is known or refused with the nearest known one; foreign ids are as if they did not exist."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headwater.catalogue.registry import EVENTS
from headwater.errors import InvalidRequest
from headwater.query.question import Question
from headwater.query.resolve import resolve
from headwater.query.window import Window
from tests.conformance.facts import at

from .shapes import TREE, question, resolved


def refusal(asked: Question, max_rows: int = 20_000) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        resolve(asked, EVENTS, TREE, max_rows=max_rows)
    return refused.value


def test_an_unknown_metric_is_refused_with_the_nearest_and_all_known() -> None:
    error = refusal(question(metrics=("impresions",)))
    assert "Did you mean 'impressions'?" in error.message
    assert error.details["field"] == "metric"
    assert {"impressions", "seconds_in_view", "base"} <= set(error.details["allowed"])


def test_an_unknown_breakdown_is_refused_with_the_nearest() -> None:
    error = refusal(question(breakdown=("domian",)))
    assert "Did you mean 'domain'?" in error.message
    assert error.details == {"field": "breakdown", "allowed": ["creative", "component", "domain", "dsp"]}


def test_a_caller_s_long_name_is_not_echoed_whole() -> None:
    assert "x" * 65 not in refusal(question(metrics=("x" * 5000,))).message


def test_base_is_the_eighteen_each_once_in_the_order_asked() -> None:
    names = [metric.name for metric in resolved(question(metrics=("plays", "base", "plays"))).metrics]
    assert len(names) == len(set(names)) == 18
    assert names[:2] == ["plays", "impressions"]


def test_a_derived_metric_is_read_as_its_stored_parts_each_once() -> None:
    found = resolved(question(metrics=("component_drops", "component_continues")))
    assert [metric.name for metric in found.stored] == ["component_impressions", "component_continues"]
    assert [metric.name for metric in found.metrics] == ["component_drops", "component_continues"]


def test_unknown_ids_are_left_out_with_one_warning() -> None:
    found = resolved(question(ids=(12, 999, 11, 12)))
    assert found.ids == (12, 11)
    assert [warning.message for warning in found.warnings] == ["1 of 3 ids do not exist in this organisation."]
    assert resolved(question(ids=(11,))).warnings == ()


def test_an_entity_stands_for_the_creatives_below_it() -> None:
    found = resolved(question(entity="creative_group", ids=(101, 102)))
    assert found.ids == (101, 102)
    assert found.pairs == ((11, 101), (12, 101))


def test_combined_entities_are_one_total_under_zero() -> None:
    found = resolved(question(ids=(11, 13, 999), combined=True))
    assert found.ids == (0,)
    assert found.pairs == ((11, 0), (13, 0))
    assert resolved(question(ids=(999,), combined=True)).ids == ()


@pytest.mark.parametrize(("grain", "hours"), [("hour", 100), ("day", 100 * 24)])
def test_buckets_times_ids_are_capped_exactly(grain: str, hours: int) -> None:
    window = Window(at("2024-01-01"), at("2024-01-01") + timedelta(hours=hours))
    asked = question(ids=(11, 12), window=window, grain=grain)
    assert resolve(asked, EVENTS, TREE, max_rows=200).grain == grain
    error = refusal(asked, max_rows=199)
    assert error.details["buckets"] == 100
    assert "coarser time_frame" in error.message


def test_a_cap_counts_what_was_asked_not_what_is_known() -> None:
    window = Window(at("2024-01-01"), at("2024-01-11"))
    refusal(question(ids=(11, 998, 999), window=window, grain="day"), max_rows=29)
