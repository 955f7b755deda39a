"""A fixed part of the evaluations: nothing that was right over Northwind and Chinook becomes wrong."""

from __future__ import annotations

import pytest

from evals.suite import Missing, judged
from evals.suites import chinook, northwind


@pytest.mark.parametrize("suite", [northwind.SUITE, chinook.SUITE], ids=lambda suite: suite.name)
async def test_nothing_is_wrong_and_nearly_all_is_right(suite) -> None:  # type: ignore[no-untyped-def]
    try:
        cases = suite.cases()
    except Missing as missing:
        pytest.skip(f"NO REAL DATA: {missing}")
    results = await judged(suite, cases)
    wrong = [(result.case.question, result.reply.text) for result in results if result.outcome == "wrong"]
    asked = [result.case.question for result in results if result.outcome == "asked"]
    assert not wrong
    assert len(asked) <= len(results) // 12, asked
