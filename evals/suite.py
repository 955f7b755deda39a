"""What a suite of questions is, how an answer is judged, and how many were right.

A suite is one module in ``evals/suites`` with a ``SUITE``. It gives cases, and asks one of them. An
outcome is ``right``, ``asked`` (the analyst asked back or declined) or ``wrong``; there is no fourth.

The rule by which rows are equal:

* The expected rows and the answer's are compared as multisets; in order only where the case says so.
* Each expected column must be found among the answer's columns with all its values in the same rows.
  The answer may have further columns: they name the rows (a key, a name) or show the figure that was
  asked for or ranked by.
* Numbers are equal within 1e-6 of the expected one, text without case and surrounding space, dates by
  their day. A number that is kept as text is equal to the same number.
* Public sets repeat rows where their SQL forgot DISTINCT; for those (``repeats=False``) rows that are
  the same on both sides count once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import permutations
from typing import Literal

import msgspec

from headwater.analyst.reply import Reply

Outcome = Literal["right", "asked", "wrong"]
Row = Sequence[object]
_MOST_COLUMNS = 7


class Case(msgspec.Struct, frozen=True):
    """One question and the rows that answer it; ``source`` says of what it is asked.

    ``expected`` is None where the right thing is to ask back or decline; any figure is then wrong.
    """

    id: str
    source: str
    question: str
    expected: tuple[tuple[object, ...], ...] | None
    ordered: bool = False
    repeats: bool = True
    alternatives: tuple[tuple[tuple[object, ...], ...], ...] = ()


class Result(msgspec.Struct, frozen=True):
    """What came of one case."""

    case: Case
    outcome: Outcome
    reply: Reply


class Suite(msgspec.Struct, frozen=True):
    """Questions that belong together.

    ``cases`` gives them, or raises ``Missing`` with the reason why there are none here. ``ask`` asks one.
    """

    name: str
    about: str
    cases: Callable[[], Sequence[Case]]
    ask: Callable[[Case], Awaitable[Reply]]


class Missing(Exception):
    """What a suite needs is not on this machine."""


async def judged(suite: Suite, cases: Iterable[Case]) -> list[Result]:
    """Ask every case."""
    results = []
    for case in cases:
        reply = await suite.ask(case)
        results.append(Result(case, outcome(case, reply), reply))
    return results


def outcome(case: Case, reply: Reply) -> Outcome:
    """Whether a reply is right; where asking back is right, it is."""
    if reply.outcome != "answered" or reply.table is None:
        return "right" if case.expected is None else "asked"
    if case.expected is None:
        return "wrong"
    rows = [tuple(row) for row in reply.table.rows]
    every = (case.expected, *case.alternatives)
    return "right" if any(same_rows(expected, rows, case.ordered, case.repeats) for expected in every) else "wrong"


def same_rows(expected: Sequence[Row], rows: Sequence[Row], ordered: bool = False, repeats: bool = True) -> bool:
    """Whether the answer's rows say what is expected, by the rule above.

    >>> same_rows([("Ann", 3)], [(7, "ann ", 3.0000000001)])
    True
    >>> same_rows([(3,)], [(4,)]), same_rows([(1,), (1,)], [(1,)]), same_rows([], [])
    (False, False, True)
    """
    if not expected or not rows:
        return not expected and not rows
    if len(expected[0]) > len(rows[0]) or len(rows[0]) > _MOST_COLUMNS:
        return False
    wanted = [tuple(map(_plain, row)) for row in expected]
    given = [tuple(map(_plain, row)) for row in rows]
    return any(
        _match(wanted, [tuple(row[at] for at in chosen) for row in given], ordered, repeats)
        for chosen in permutations(range(len(given[0])), len(wanted[0]))
    )


def _match(wanted: list[tuple[object, ...]], given: list[tuple[object, ...]], ordered: bool, repeats: bool) -> bool:
    if not repeats:
        wanted, given = list(dict.fromkeys(wanted)), list(dict.fromkeys(given))
    if len(wanted) != len(given):
        return False
    if not ordered:
        if Counter(wanted) == Counter(given):
            return True
        wanted, given = sorted(wanted, key=_sortable), sorted(given, key=_sortable)
    return all(_equal(a, b) for one, other in zip(wanted, given, strict=True) for a, b in zip(one, other, strict=True))


def _equal(wanted: object, given: object) -> bool:
    if isinstance(wanted, float) and isinstance(given, float):
        return math.isclose(wanted, given, rel_tol=1e-6, abs_tol=1e-9)
    return wanted == given


def _plain(cell: object) -> object:
    """A cell in the form in which cells are compared."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, int | float | Decimal):
        return float(cell)
    if isinstance(cell, str):
        try:
            return float(cell)
        except ValueError:
            return cell.strip().casefold()
    return cell


def _sortable(row: tuple[object, ...]) -> tuple[tuple[str, object], ...]:
    return tuple(
        (type(cell).__name__, "" if cell is None else round(cell, 4) if isinstance(cell, float) else cell)
        for cell in row
    )
