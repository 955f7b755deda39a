"""Which numbers of a text have nothing behind them: neither a result that was read, nor the question. Pure.

A number counts as supported if, at the precision in which it is written, it is a value that was
read, a share's hundredfold (percent), a count of values, or the difference, sum, ratio or change in
percent of two values. Years, dates and times are no figures.

>>> unsupported("Clicks rose by 25 % from 80 to 100.", [80, 100])
[]
>>> unsupported("Clicks were 1.2 million, some 70 % more.", [1_204_311])
['70']
>>> unsupported("Some 12k or twelve thousand clicks in 9 million; 42 decisions on 4 May 2025.", [])
['12k', '9 million', '42', 'twelve thousand']
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final, NamedTuple

from headwater.analyst.words import tokenise

MOST_COMBINED: Final = 60
"""Of more values than these no pairs are formed: among thousands some pair gives nearly any number."""

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:i?emb(?:er|re))?"
    r"|oct(?:ober|obre|ubre)?|nov(?:i?emb(?:er|re))?|d[eé]c(?:emb(?:er|re))?|diciembre|oktober|dezember)\b"
)
_DAY: Final = r"\b(?:0?[1-9]|[12]\d|3[01])"
_NOT_FIGURES = re.compile(
    rf"\b(?:19|20)\d\d-(?:0\d|1[0-2])(?:-[0-3]\d)?(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}})?)?\b|\b\d{{1,2}}:\d{{2}}\b"
    rf"|{_DAY}(?:st|nd|rd|th)\b|{_DAY}\.?\s+(?:of\s+|de\s+)?{_MONTH}|\b{_MONTH}\.?\s+(?:0?[1-9]|[12]\d|3[01])\b(?![.,]\d)"
    r"|^\s*\d{1,2}[.)]\s|\b[qQ][1-4]\b",
    re.IGNORECASE | re.MULTILINE,
)
# Whatever stands before or behind the digits: what is written close to them must not hide them.
_NUMBER = re.compile(r"[-−+]?(?:\d++(?:,\d{3}(?!\d))*+(?:\.\d++)?+|\.\d++)(?:[eE]([-−+]?\d{1,3}+))?+")
_SCALES: Final = (
    (1e2, "hundred"),
    (1e3, r"k|thousand|tausend|mil|mille|千"),
    (1e4, "万|萬"),
    (1e5, "lakh"),
    (1e6, r"m|mm|mn|mio|mln|mil(?:li?|i|h)?[oóõ]\w*"),
    (1e7, "crore"),
    (1e8, "亿|億"),
    (1e9, r"b|bn|mrd|billions?"),
    (1e12, r"tn|trillions?"),
    (12.0, "dozen"),
)
_SCALE = re.compile("|".join(rf"(\s?(?:{words})(?![a-z]))" for _, words in _SCALES), re.IGNORECASE)
_IS_YEAR = re.compile(r"(?:19|20)\d\d").fullmatch
_IS_SMALL = re.compile(r"\d|10").fullmatch
"""What is also how people count what they list."""
_PERCENT = re.compile(r"\s?(%|per ?cent)", re.IGNORECASE)
_LARGEST_SHARE: Final = 20
_SPACED_THOUSANDS = re.compile("(?<=\\d)[\u2009\u202f\u00a0](?=\\d{3}(?!\\d))")
_MARKS_WITHIN = re.compile(r"(?<=\d)[*_`~\\]+(?=\d)")
_NO_WORDS = re.compile(r"[^\w\s.,%]|_")
_ROUND: Final = (1e9, 1e6, 1e3, 1e2, 1e1)


class Figure(NamedTuple):
    """A number as written, its value, and half a unit of its last written digit."""

    written: str
    value: float
    step: float
    percent: bool


def unsupported(text: str, values: Sequence[float], said: str = "") -> list[str]:
    """The numbers of ``text``, as written, that neither ``values`` nor the question ``said`` support."""
    held = [figure for figure in figures(text) if not _is_free(figure)]
    if not held:
        return []
    known = {*values, *(figure.value for figure in figures(said)), float(len(values)), *_derived(values)}
    sizes = sorted(abs(one) for one in known if math.isfinite(one))
    return [figure.written for figure in held if not _supported(figure, sizes)]


def figures(text: str) -> Iterator[Figure]:
    """Every number of a text that could be a figure, in digits or in English words."""
    text = _NOT_FIGURES.sub(lambda found: " " * len(found[0]), _plain(text))
    for found in _NUMBER.finditer(text):
        scale = _SCALE.match(text, found.end())
        factor = _SCALES[scale.lastindex - 1][0] if scale and scale.lastindex else 1.0
        end = scale.end() if scale else found.end()
        digits = found[0].replace(",", "").replace("−", "-")
        decimals = len(digits.lower().partition("e")[0].partition(".")[2])
        exponent = max(-300, min(300, int((found[1] or "0").replace("−", "-"))))
        unit = factor * 10.0 ** (exponent - decimals)
        yield Figure(text[found.start() : end].strip(), float(digits) * factor, unit / 2, _is_percent(text, end))
    yield from _in_words(text)


def _plain(text: str) -> str:
    """With digits of any script as one run, whatever cannot be seen or only marks them up between them."""
    text = unicodedata.normalize("NFKC", _SPACED_THOUSANDS.sub(",", text))
    return _MARKS_WITHIN.sub("", "".join(one for one in text if unicodedata.category(one) != "Cf"))


def _in_words(text: str) -> Iterator[Figure]:
    text = _NO_WORDS.sub(" ", text)
    for token in tokenise(text):
        if token.kind == "number" and token.value is not None and not any(one.isdigit() for one in token.text):
            unit = next((one for one in _ROUND if token.value and token.value % one == 0), 1.0)
            # Their last word may be one of scale: "two million" is a number of millions.
            yield Figure(token.text, token.value, unit / 2, _is_percent(text, token.end))


def _is_percent(text: str, end: int) -> bool:
    return bool(_PERCENT.match(text, end))


def _is_free(figure: Figure) -> bool:
    """Whether nobody need support it: years, and how people count what they list."""
    if figure.percent:
        return False
    in_words = figure.written.isascii() and not any(one.isdigit() for one in figure.written)
    return bool(_IS_YEAR(figure.written) or _IS_SMALL(figure.written) or (in_words and figure.value <= 10))


def _supported(figure: Figure, sizes: Sequence[float]) -> bool:
    # A fall may be told without its sign, and a rounded half either way.
    slack, size = figure.step * 1.000_001, abs(figure.value)
    if _any_within(sizes, size - slack, size + slack):
        return True
    return figure.percent and _any_within(sizes, (size - slack) / 100, min((size + slack) / 100, _LARGEST_SHARE))


def _any_within(ordered: Sequence[float], low: float, high: float) -> bool:
    at = bisect_left(ordered, low)
    return at < len(ordered) and ordered[at] <= high


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
