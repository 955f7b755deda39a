"""Which numbers of a text have nothing behind them: neither a result that was read, nor the question. Pure.

A number counts as supported if, at the precision in which it is written, it is a value that was
read, a share's hundredfold (percent), a count of values, or the difference, sum, ratio or change in
percent of two values. Years, dates and times are no figures.

>>> unsupported("Clicks rose by 25 % from 80 to 100.", [80, 100])
[]
>>> unsupported("Clicks were 1.2 million, some 70 % more.", [1_204_311])
['70']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from typing import Final, NamedTuple

MOST_COMBINED: Final = 60
"""Of more values than these no pairs are formed: among thousands some pair gives nearly any number."""

_NUMBER = re.compile(r"(?<![\w.,])[-−+]?\d[\d,\u202f\u00a0]*(?:\.\d+)?(?![\w])|(?<![\w.,])[-−+]?\.\d+")
_NOT_FIGURES = re.compile(
    r"\d{4}-\d{2}(?:-\d{2})?(?:[T ]\d{2}:\d{2}(?::\d{2})?)?|\d{1,2}:\d{2}"
    r"|\b\d{1,2}(?:st|nd|rd|th)?\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\s+\d{1,2}(?:st|nd|rd|th)?\b"
    r"|^\s*\d{1,2}[.)]\s|\b[qQ][1-4]\b",
    re.IGNORECASE | re.MULTILINE,
)
_SCALES: Final = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_SCALE = re.compile(r"\s?(k|thousand|m|million|bn|billion)\b", re.IGNORECASE)
_IS_YEAR = re.compile(r"(?:19|20)\d\d").fullmatch
_IS_SMALL = re.compile(r"\d|10").fullmatch
"""What is also how people count what they list."""
_PERCENT = re.compile(r"\s?(%|per ?cent)", re.IGNORECASE)
_LARGEST_SHARE: Final = 20


def unsupported(text: str, values: Sequence[float], said: str = "") -> list[str]:
    """The numbers of ``text``, as written, that neither ``values`` nor the question ``said`` support."""
    known = {*values, *(figure.value for figure in figures(said)), float(len(values))}
    return [figure.written for figure in figures(text) if not _supported(figure, known, values)]


class Figure(NamedTuple):
    """A number as written, its value, and half a unit of its last written digit."""

    written: str
    value: float
    step: float
    percent: bool


def figures(text: str) -> Iterator[Figure]:
    """Every number of a text that could be a figure."""
    text = _NOT_FIGURES.sub(lambda found: " " * len(found[0]), text)
    for found in _NUMBER.finditer(text):
        plain = re.sub("[,\u202f\u00a0]", "", found[0]).replace("−", "-").lstrip("+")
        scale = _SCALE.match(text, found.end())
        factor = _SCALES[scale[1].lower()] if scale else 1.0
        decimals = len(plain.partition(".")[2])
        percent = bool(_PERCENT.match(text, found.end()))
        yield Figure(found[0], float(plain) * factor, 0.5 * factor / 10**decimals, percent)


def _supported(figure: Figure, known: Iterable[float], values: Sequence[float]) -> bool:
    if not figure.percent and (_IS_YEAR(figure.written) or _IS_SMALL(figure.written)):
        return True
    return any(_is(one, figure) for one in known) or any(_is(one, figure) for one in _derived(values))


def _is(one: float, figure: Figure) -> bool:
    # A fall may be told without its sign, and a rounded half either way.
    slack, size = figure.step * 1.000_001, abs(one)
    shares = (size * 100,) if figure.percent and size <= _LARGEST_SHARE else ()
    return any(abs(each - abs(figure.value)) <= slack for each in (size, *shares))


def _derived(values: Sequence[float]) -> Iterator[float]:
    distinct = list(dict.fromkeys(values))
    yield sum(values)
    if values:
        yield sum(values) / len(values)
    if len(distinct) > MOST_COMBINED:
        return
    for one, other in permutations(distinct, 2):
        yield one - other
        yield one + other
        if other:
            yield one / other
            yield (one - other) / other
