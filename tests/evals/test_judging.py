"""What counts as right: the rule itself, and that each suite can be asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from evals.__main__ import every_suite, report
from evals.suite import Case, Result, Suite, judged, outcome, same_rows
from headwater.analyst.reply import Reply
from headwater.reports import ReportTable
from headwater.reports.table import Column


@pytest.mark.parametrize(
    ("expected", "rows", "same"),
    [
        ([(1,)], [(1,)], True),
        ([(1,)], [(1.0000005,)], True),
        ([(1,)], [(1.00001,)], False),
        ([("Ann", 1)], [(1, "ann", "Spain")], True),
        ([("Ann", 1), ("Bob", 2)], [("Bob", 2), ("Ann", 1)], True),
        ([("Ann", 1), ("Bob", 2)], [("Ann", 2), ("Bob", 1)], False),
        ([(1,), (1,)], [(1,)], False),
        ([(1,)], [(1,), (2,)], False),
        ([(1, 2)], [(1,)], False),
        ([("2026-01-01",)], [(datetime(2026, 1, 1, tzinfo=UTC),)], True),
        ([("7",)], [(7,)], True),
        ([], [], True),
        ([], [(1,)], False),
        ([(None,)], [(0,)], False),
    ],
)
def test_rows_are_compared_strictly(
    expected: list[tuple[object, ...]], rows: list[tuple[object, ...]], same: bool
) -> None:
    assert same_rows(expected, rows) is same


def test_order_and_repeats_count_where_the_case_says_so() -> None:
    assert same_rows([(1,), (2,)], [(2,), (1,)])
    assert not same_rows([(1,), (2,)], [(2,), (1,)], ordered=True)
    assert same_rows([(1,), (1,)], [(1,)], repeats=False)


def _answer(value: int) -> Reply:
    table = ReportTable("", "", (Column("n", "N", "integer"),), [(value,)], "table")
    return Reply("answered", str(value), table)


def test_asking_back_is_never_wrong_and_answering_what_has_no_answer_is() -> None:
    asked, case = Reply("ask_back", "?"), Case("1", "s", "?", ((1,),))
    assert [outcome(case, reply) for reply in (asked, _answer(1), _answer(2))] == ["asked", "right", "wrong"]
    assert [outcome(Case("2", "s", "?", None), reply) for reply in (asked, _answer(1))] == ["right", "wrong"]
    either = Case("3", "s", "?", ((1,),), alternatives=(((2,),),))
    assert outcome(either, _answer(2)) == "right"


async def test_the_report_counts_and_lists_what_is_wrong() -> None:
    async def ask(case: Case) -> Reply:
        return _answer(1)

    cases = [Case("1", "s", "right one", ((1,),)), Case("2", "s", "wrong | one", ((5,),))]
    suite = Suite("some", "a try", lambda: cases, ask)
    results: list[Result] = await judged(suite, suite.cases())
    page = report({suite: results}, datetime(2026, 11, 27, tzinfo=UTC))
    assert "| some | 2 | 1 (50.0%) | 0 (0.0%) | 1 (50.0%) | a try |" in page
    assert "| wrong \\| one | ((5,),) | [(1,)] |" in page
    assert "right one" not in page
    missing = report({suite: "NOT RUN: no data"}, datetime(2026, 11, 27, tzinfo=UTC))
    assert "NOT RUN: no data" in missing


def test_every_module_of_suites_has_one_with_a_name_of_its_own() -> None:
    names = [suite.name for suite in every_suite()]
    assert len(set(names)) == len(names) >= 5
