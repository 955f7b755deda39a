"""What pages of ad creatives decide without asking anything: periods, rows of the tree, funnels, drafts."""

from __future__ import annotations

from datetime import date

import pytest

from headwater.console.ads import periods, report_draft
from headwater.console.ads.funnel import flow_steps, steps
from headwater.console.ads.report_draft import Draft
from headwater.console.ads.tree import Depth, rows
from headwater.console.overview_changes import SURFACES, questions
from headwater.console.sparkline import runs
from headwater.control.entities.nested import TreeNode
from headwater.control.entities.tree import Component
from headwater.control.saved_reports.models import SavedReport
from headwater.errors import InvalidRequest
from headwater.query.cache import Freshness
from headwater.query.result import Answer
from headwater.tools.metric_question import Period

TODAY = date(2026, 11, 27)
TREE = [
    TreeNode(
        "workspace",
        1,
        "Nord",
        (
            TreeNode(
                "campaign",
                2,
                "Winter coats",
                (
                    TreeNode("creative_group", 3, "Video", (TreeNode("creative", 4, "Snow, 15 s", ()),)),
                    TreeNode("creative_group", 5, "Static", (TreeNode("creative", 6, "Snow line", ()),)),
                ),
            ),
            TreeNode("campaign", 7, "Spring", ()),
        ),
    )
]


def names(search: str, depth: Depth = "creative", most: int = 200) -> list[str]:
    """The names of the rows that a search leaves."""
    return [row.name for row in rows(TREE, search, depth, most).rows]


def test_the_period_before_is_as_long_and_ends_where_the_period_begins() -> None:
    chosen = periods.choose("last_30_days", "2026-11-01", "2026-11-10", TODAY)
    assert chosen.period == Period(date(2026, 11, 1), date(2026, 11, 10))
    assert chosen.before == Period(date(2026, 10, 22), date(2026, 10, 31))
    assert (chosen.days, chosen.preset, chosen.unfinished) == (10, "", False)
    assert chosen.parameters == {"from": "2026-11-01", "to": "2026-11-10"}


def test_a_preset_ends_today_which_is_not_over() -> None:
    chosen = periods.choose("last_7_days", "", "", TODAY)
    assert (chosen.period.first, chosen.period.last, chosen.unfinished) == (date(2026, 11, 21), TODAY, True)
    assert chosen.parameters == {"period": "last_7_days"}


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("2026-11-01", "", "to"),
        ("", "2026-11-01", "from"),
        ("yesterday", "2026-11-01", "from"),
        ("2026-11-02", "2026-11-01", "to"),
        ("0001-01-01", "2026-11-01", "from"),
        ("2026-11-02", "9999-12-31", "to"),
    ],
)
def test_days_that_cannot_be_are_refused_by_name(first: str, last: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        periods.choose("last_7_days", first, last, TODAY)
    assert refused.value.problems[0].path == field


def test_long_periods_have_coarse_buckets() -> None:
    year = periods.choose("last_7_days", "2025-11-28", "2026-11-27", TODAY)
    decade = periods.choose("last_7_days", "2016-01-01", "2026-11-27", TODAY)
    assert (year.granularity, decade.granularity) == ("week", "month")
    assert "day" in year.granularities
    assert "day" not in decade.granularities


def test_a_search_shows_what_is_found_with_what_is_above_and_below() -> None:
    assert names("coats") == ["Nord", "Winter coats", "Video", "Snow, 15 s", "Static", "Snow line"]
    assert names("snow line") == ["Nord", "Winter coats", "Static", "Snow line"]
    assert names("LINE snow") == names("snow line")
    assert names("6") == ["Nord", "Winter coats", "Static", "Snow line"]
    assert names("summer") == []


def test_a_depth_hides_what_lies_deeper_but_never_what_was_searched_for() -> None:
    assert names("", "campaign") == ["Nord", "Winter coats", "Spring"]
    assert names("coats", "campaign") == ["Nord", "Winter coats"]
    assert names("snow line", "campaign") == ["Nord", "Winter coats", "Static", "Snow line"]


def test_rows_beyond_the_most_are_counted() -> None:
    found = rows(TREE, "", "creative", 3)
    assert (len(found.rows), found.left_off) == (3, 4)


def test_shares_of_a_funnel_are_of_the_first_and_of_the_step_before() -> None:
    first, second, third = steps((("a", 400), ("b", 100), ("c", 25)))
    assert (first.of_first, first.of_before) == (100.0, None)
    assert (second.of_first, second.of_before) == (25.0, 25.0)
    assert (third.of_first, third.of_before) == (6.25, 25.0)
    assert [step.of_first for step in steps((("a", 0), ("b", 0)))] == [None, None]


def test_a_flow_is_in_the_order_of_its_components_and_shows_archived_ones_that_have_events() -> None:
    components = [
        Component(11, "Statement", "Hi", 1),
        Component(12, "Choice", "Old", 2, archived=True),
        Component(13, "Choice", "Gone", 3, archived=True),
        Component(14, "Goal", "Thanks", 4),
    ]
    answer = Answer(
        (1,), (), (), [(1, 14, 20, 0, 20), (1, 11, 80, 40, 40), (1, 12, 40, 20, 20)], (), Freshness(1, (), ())
    )
    found = flow_steps(answer, components)
    assert [(one.content, one.seen, one.width) for one in found] == [
        ("Hi", 80, 100),
        ("Old", 40, 50),
        ("Thanks", 20, 25),
    ]
    assert (found[0].kept, found[0].lost) == (50, 50)


def test_a_small_line_breaks_where_nothing_is_known() -> None:
    assert runs([None, None], 120, 28) == []
    assert len(runs([1, None, 2, 3], 120, 28)) == 2
    flat = runs([0, 0, 0], 100, 20)
    assert flat == ["0.0,19.0 50.0,19.0 100.0,19.0"]


def test_the_overview_compares_whole_days_only() -> None:
    asked = questions(SURFACES[0], TODAY)
    yesterday = date(2026, 11, 26)
    assert asked["yesterday"].period == Period(yesterday, yesterday)
    assert asked["week"].period == Period(date(2026, 11, 20), yesterday)
    assert asked["week"].compare == Period(date(2026, 11, 13), date(2026, 11, 19))
    assert asked["days"].period == Period(date(2026, 11, 13), yesterday)


def test_a_draft_goes_through_an_address_and_a_saved_report_unchanged() -> None:
    draft = Draft(
        1, "creative", [4, 6], ["plays", "impressions"], "custom", "2026-11-01", "2026-11-07", "week", "dsp", "bar"
    )
    kept = report_draft.fields(draft, "Plays")
    values = {name: getattr(kept, name) for name in kept.__struct_fields__}
    saved = SavedReport(**{**values, "ids": list(kept.ids), "metrics": list(kept.metrics)})
    assert report_draft.read(report_draft.address(draft)) == draft
    assert report_draft.of_report(saved) == draft


def test_all_metrics_of_a_saved_report_are_ticked_one_by_one() -> None:
    saved = SavedReport(
        workspace_id=1, resource="campaign", ids=[2], metrics=["base"], time_frame="day", relative="lifetime"
    )
    saved.breakdown, saved.chart = "none", "line"
    assert len(report_draft.of_report(saved).metrics) == 18


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft(metrics=["plays"]), "id"),
        (Draft(ids=[1]), "metric"),
        (Draft(ids=[1], metrics=["nope"]), "metrics"),
        (Draft(ids=[1], metrics=["plays"], period="custom", frm="2026-11-01"), "to"),
        (Draft(ids=[1], metrics=["plays"], period="custom", to="2026-11-01"), "from"),
        (Draft(ids=[1], metrics=["plays"], period="custom", frm="2026-11-02", to="2026-11-01"), "time_to"),
        (Draft(ids=list(range(1, 1002)), metrics=["plays"]), "id"),
    ],
)
def test_what_a_draft_lacks_is_said_by_its_field(draft: Draft, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        report_draft.fields(draft, "A report")
    assert refused.value.problems[0].path == field
