"""Runs all suites and writes ``RESULTS.md``: ``python -m evals``, or some of them by name."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from evals import suites
from evals.suite import Missing, Result, Suite, judged

RESULTS = Path(__file__).with_name("RESULTS.md")
_INTRO = """# What the built-in analyst gets right

Written by `make evals`; what is counted is in [README.md](README.md). *Asked* is asking back or declining.
"""


def every_suite() -> list[Suite]:
    """The suites of all modules in ``evals/suites``, by name."""
    found = [import_module(f"{suites.__name__}.{module.name}") for module in iter_modules(suites.__path__)]
    return sorted((module.SUITE for module in found), key=lambda suite: suite.name)


async def run(chosen: Sequence[Suite]) -> dict[Suite, list[Result] | str]:
    """The results of each suite, or why there are none."""
    results: dict[Suite, list[Result] | str] = {}
    for suite in chosen:
        try:
            results[suite] = await judged(suite, suite.cases())
        except Missing as missing:
            results[suite] = f"NOT RUN: {missing}"
        told = results[suite]
        print(suite.name, told if isinstance(told, str) else counts(told), flush=True)
    return results


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many of each outcome."""
    return {kind: sum(result.outcome == kind for result in results) for kind in ("right", "asked", "wrong")}


def report(results: dict[Suite, list[Result] | str], when: datetime) -> str:
    """The page."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [_INTRO, f"{when:%Y-%m-%d}, {machine}.", "", "| suite | questions | right | asked | wrong | what it is |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | --- |")
    every: list[Result] = []
    for suite, told in results.items():
        if isinstance(told, str):
            lines.append(f"| {suite.name} | | | | | {told} |")
            continue
        every += told
        lines.append(f"| {suite.name} | {_row(told)} | {suite.about} |")
    if every:
        lines.append(f"| **all** | {_row(every)} | |")
    for suite, told in results.items():
        if not isinstance(told, str):
            lines += _wrong(suite, told)
    return "\n".join(lines) + "\n"


def _row(results: Sequence[Result]) -> str:
    made = counts(results)
    shares = (f"{made[kind]} ({made[kind] / max(len(results), 1):.1%})" for kind in ("right", "asked", "wrong"))
    return f"{len(results)} | {' | '.join(shares)}"


def _wrong(suite: Suite, results: Sequence[Result]) -> list[str]:
    wrong = [result for result in results if result.outcome == "wrong"]
    if not wrong:
        return []
    lines = ["", f"## Wrong in {suite.name}", "", "| question | expected | got |", "| --- | --- | --- |"]
    for result in wrong:
        table = result.reply.table
        got = [tuple(row) for row in table.rows] if table else []
        lines.append(f"| {_cell(result.case.question)} | {_cell(result.case.expected)} | {_cell(got)} |")
    return lines


def _cell(shown: object) -> str:
    text = "asking back" if shown is None else str(shown)
    return (text if len(text) <= 160 else f"{text[:157]}…").replace("|", "\\|").replace("\n", " ")


def main(names: Sequence[str]) -> int:
    """Run suites; only a run of all of them is written down."""
    chosen = [suite for suite in every_suite() if not names or suite.name in names]
    results = asyncio.run(run(chosen))
    text = report(results, datetime.now(UTC))
    if names:
        print(text)
    else:
        RESULTS.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
