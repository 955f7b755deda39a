"""What is drawn and what is said about the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from headwater.errors import InternalError
from headwater.reports.picture import MAX_POINTS, Picture, picture
from headwater.reports.table import ChartKind, Column, ReportTable, Row

from .tables import DAY, FIRST, NAME, VIEWS, WATCH, daily, days


def drawn(table: ReportTable) -> Picture:
    found = picture(table)
    assert found is not None
    return found


def of(columns: tuple[Column, ...], rows: list[Row], chart: ChartKind = "line", **more: tuple[str, ...]) -> ReportTable:
    return ReportTable("T", "S", columns, rows, chart, **more)


def test_each_series_has_a_value_per_time(launch: ReportTable) -> None:
    view = drawn(launch)
    assert view.times == tuple(days(3))
    assert view.series == ("Spring hero 15s", "Summer cut 6s")
    assert view.panels[0].values == ((200, 201, 202), (100, 101, 102))
    assert view.notes == ()


def test_series_past_the_tenth_are_summed_where_that_is_right_and_it_is_said() -> None:
    view = drawn(daily([f"Creative {at}" for at in range(12)], count=1))
    assert view.series[-1] == "Other"
    assert len(view.series) == len(view.colours) == 11
    views, watch = view.panels
    assert views.values[-1] == (200 + 100,)
    assert watch.values[-1] == (None,)
    assert view.notes == (
        "The 10 largest of 12 by Views are drawn; the other 2 are summed as “Other”, "
        "except for Average watch time, where they are left out.",
    )


def test_series_of_a_rate_are_left_out_not_summed() -> None:
    rows: list[Row] = [(FIRST, f"n{at}", float(at)) for at in range(12)]
    view = drawn(of((DAY, NAME, WATCH), rows))
    assert "Other" not in view.series
    assert view.series[0] == "n11"
    assert view.notes == ("The 10 largest of 12 by Average watch time are drawn; the other 2 are left out.",)


def test_a_series_called_other_is_not_the_rest() -> None:
    view = drawn(daily(["Other", *(f"n{at}" for at in range(11))], count=1))
    assert view.series[0] == "Other"
    assert view.series[-1] == "Other (the rest)"


def test_rates_are_never_stacked() -> None:
    assert [panel.mark for panel in drawn(replace(daily(["a", "b"]), chart="area")).panels] == ["area", "line"]
    assert [panel.mark for panel in drawn(replace(daily(["a"]), chart="area")).panels] == ["area", "area"]


def test_an_area_over_a_single_time_is_a_bar() -> None:
    assert [panel.mark for panel in drawn(replace(daily(["a", "b"], count=1), chart="area")).panels] == ["bar", "line"]


def test_without_time_the_breakdown_becomes_bars_largest_first() -> None:
    view = drawn(of((NAME, VIEWS), [("small", 1), ("large", 9)], "line"))
    assert (view.categories, view.panels[0].mark, view.panels[0].values) == (("large", "small"), "bar", ((9, 1),))
    many = drawn(of((NAME, VIEWS), [(f"n{at:02}", 100 - at) for at in range(30)], "bar"))
    assert (len(many.categories), many.categories[-1], many.panels[0].values[0][-1]) == (21, "Other", 755)


def test_no_breakdown_is_one_nameless_series() -> None:
    assert drawn(of((DAY, VIEWS), [(FIRST, 1)])).series == ("",)


def test_two_things_of_one_name_stay_two_series() -> None:
    columns = (DAY, Column("id", "Id", "text"), NAME, VIEWS)
    rows: list[Row] = [(FIRST, "1", "Hero", 3), (FIRST, "2", "Hero", 2), (FIRST, "3", "Cut", 1)]
    assert drawn(of(columns, rows, series=("name",))).series == ("1 · Hero", "2 · Hero", "Cut")


def test_long_names_keep_their_ends_and_stay_apart() -> None:
    long = "brand_2026_q4_autumn_launch_preroll_nonskippable_15s_en_gb_lookalike_"
    one, two = drawn(daily([long + "v1", long + "v2"])).series
    assert one != two
    assert one.endswith("_v1")
    same = drawn(daily([long + "a" + long, long + "b" + long])).series
    assert same[1] == f"{same[0]} (2)"


def test_a_missing_amount_is_nothing_and_a_missing_rate_is_unknown() -> None:
    first, second = days(2)
    rows: list[Row] = [(first, "a", 1, 1.0), (second, "a", 2, 2.0), (first, "b", 3, 3.0)]
    views, watch = drawn(of((DAY, NAME, VIEWS, WATCH), rows)).panels
    assert sorted(views.values) == [(1, 2), (3, 0)]
    assert (3.0, None) in watch.values


def test_metrics_past_the_sixth_are_counted() -> None:
    metrics = tuple(Column(f"m{at}", f"Metric {at}", "integer") for at in range(18))
    view = drawn(of((DAY, *metrics), [(FIRST, *range(18))]))
    assert len(view.panels) == 6
    assert view.notes == ("The first 6 of 18 metrics are drawn; CSV and XLSX have all.",)


def test_a_long_series_is_thinned_but_keeps_its_peak() -> None:
    rows: list[Row] = [(FIRST + timedelta(hours=at), 999 if at == 4321 else 1) for at in range(MAX_POINTS + 1)]
    view = drawn(of((DAY, VIEWS), rows))
    assert len(view.times) == len(view.panels[0].values[0]) == MAX_POINTS // 2 + 1
    assert view.panels[0].values[0][4321 // 2] == 999
    assert view.notes == ("Each point is the highest of 2 neighbouring ones; CSV and XLSX have all.",)


@pytest.mark.parametrize(
    "table",
    [
        of((DAY, VIEWS), []),
        of((DAY, VIEWS), [(FIRST, 1)], "table"),
        of((VIEWS,), [(1,)]),
        of((DAY, NAME), [(FIRST, "a")]),
    ],
    ids=["empty", "asked for a table", "nothing to draw along", "nothing to draw"],
)
def test_what_cannot_be_a_chart_is_none(table: ReportTable) -> None:
    assert picture(table) is None


def test_series_must_be_text_columns() -> None:
    with pytest.raises(InternalError) as caught:
        of((DAY, VIEWS), [], series=("views",))
    assert caught.value.details["unknown"] == ["views"]
