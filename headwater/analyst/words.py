"""Text basics that both halves of the analyst read questions with: tokens, numbers, stems, names, nearness.

It knows English and nothing of metrics, schemas or dates, and decides nothing: what a word means
is said by whoever asks. Positions are kept, so that an answer can name the caller's own words.

>>> [token.text for token in tokenise("Top 5 products, please?")]
['Top', '5', 'products', ',', 'please', '?']
>>> [(token.text, token.value) for token in tokenise("over two hundred and five or 1,250.5 or 5k") if token.value]
[('two hundred and five', 205.0), ('1,250.5', 1250.5), ('5k', 5000.0)]
>>> split_identifier("SupportRepId"), split_identifier("order_details"), split_identifier("HTTPStatus2")
(('support', 'rep', 'id'), ('order', 'details'), ('http', 'status', '2'))
>>> nearest("custmers", ["customers", "orders"])
('customers',)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

import msgspec
import snowballstemmer
from rapidfuzz import fuzz, process

Kind = Literal["word", "number", "date", "quoted", "mark"]

_HARMLESS = """
    a an the please kindly me us i my our we you your show give tell display present print provide output return
    find get fetch see let want wants wanted need needs like would could can should know learn
    list name what which who whom whose is are was were be been being am do does did done have has had having
    there here it its this that these those just also exactly actually currently now so ok okay hi hello hey thanks
    thank to of data information info overall altogether whats s re
"""
HARMLESS = frozenset(_HARMLESS.split())
"""Words that carry no meaning of their own; grammar may still use some ("which", "did", "of") as signs."""

_UNIT_WORDS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen
"""
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINAL_WORDS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_UNITS = {word: float(at) for at, word in enumerate(_UNIT_WORDS.split())}
_TENS = {word: 10.0 * at for at, word in enumerate(_TEN_WORDS.split(), 2)}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "dozen": 12.0}
_ORDINALS = {word: float(at) for at, word in enumerate(_ORDINAL_WORDS.split(), 1)}
_SUFFIXES = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9}

_LEXEME = re.compile(
    r"""(?P<quoted>"[^"]*"|“[^”]*”|«[^»]*»|(?<!\w)'[^']+'(?!\w)|‘[^’]+’|`[^`]*`)
    | (?P<date>\d{4}-\d{1,2}-\d{1,2}(?!\d)|\d{1,4}/\d{1,2}/\d{1,4}|\d{1,2}\.\d{1,2}\.\d{4})
    | (?P<number>(?<![\w.])(?P<digits>[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)
        (?P<suffix>st|nd|rd|th|k|mn|m|bn|b)?(?![\w])\s?(?P<percent>%)?)
    | (?P<word>\w+(?:['’](?!s\b)\w+)*)
    | (?P<possessive>['’]s\b)
    | (?P<mark>[<>!]=|\S)""",
    re.VERBOSE | re.IGNORECASE,
)


class Token(msgspec.Struct, frozen=True):
    """One piece of a question, at ``[start, end)`` of it.

    ``text`` is as written, of ``quoted`` without the quotes. ``value`` is the number that it says:
    of ``number`` always, of an ordinal word ("third") with ``ordinal``. ``percent`` says that a per
    cent sign stood behind; the value is as written ("12 %" is 12).
    """

    text: str
    start: int
    end: int
    kind: Kind
    value: float | None = None
    ordinal: bool = False
    percent: bool = False

    @property
    def lower(self) -> str:
        """The text without case and accents: what words are compared by."""
        return fold(self.text)

    @property
    def stem(self) -> str:
        """The stem of the text."""
        return stem(self.lower)


def tokenise(text: str) -> tuple[Token, ...]:
    """All pieces of a text in order; only white space and a possessive "'s" are left out."""
    return tuple(_joined_numbers([_token(match) for match in _LEXEME.finditer(text) if not match["possessive"]]))


def fold(text: str) -> str:
    """Without case, accents and surrounding space.

    >>> fold(" Côte de BLAYE")
    'cote de blaye'
    """
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """The stem that forms of one word share (Porter 2 for English).

    >>> stem("categories") == stem("category"), stem("shipped") == stem("ships")
    (True, True)
    """
    return str(snowballstemmer.stemmer("english").stemWord(word.casefold()))


@lru_cache(maxsize=8192)
def singular(word: str) -> str:
    """A noun's singular by the regular rules; what is not a plural stays.

    >>> [singular(word) for word in ("cities", "boxes", "orders", "status", "class", "people", "employees")]
    ['city', 'box', 'order', 'status', 'class', 'person', 'employee']
    """
    irregular = {
        "people": "person",
        "men": "man",
        "women": "woman",
        "children": "child",
        "data": "data",
        "series": "series",
    }
    if word in irregular:
        return irregular[word]
    if len(word) < 4 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """A noun's plural by the regular rules.

    >>> plural("city"), plural("box"), plural("order"), plural("orders")
    ('cities', 'boxes', 'orders', 'orders')
    """
    if singular(word) != word:
        return word
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh", "z")) else "s")


@lru_cache(maxsize=8192)
def split_identifier(name: str) -> tuple[str, ...]:
    """The words of a name in camelCase, snake_case, kebab-case or with spaces, in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)", " ", name)
    return tuple(fold(word) for word in re.split(r"[\W_]+", spaced) if word)


def nearest(word: str, choices: Iterable[str], *, limit: int = 3, cutoff: float = 75.0) -> tuple[str, ...]:
    """The choices that look most like a word, best first, none below ``cutoff`` of 100."""
    found = process.extract(word, list(choices), scorer=fuzz.WRatio, processor=fold, limit=limit, score_cutoff=cutoff)
    return tuple(choice for choice, _, _ in found)


def misspelt(word: str, choices: Iterable[str]) -> str | None:
    """The one choice that a word can only be a slip of: one or two letters off, with no rival as near.

    >>> misspelt("catgories", ["categories", "customers"]), misspelt("cat", ["car", "cap"])
    ('categories', None)
    """
    if len(word) < 5:
        return None
    found = process.extract(word, list(choices), scorer=fuzz.ratio, processor=fold, limit=2, score_cutoff=86.0)
    if not found or (len(found) > 1 and found[1][1] == found[0][1]):
        return None
    return str(found[0][0])


def _token(match: re.Match[str]) -> Token:
    text = match.group().rstrip()
    start, end = match.start(), match.start() + len(text)
    if match["quoted"] is not None:
        return Token(text[1:-1], start, end, "quoted")
    if match["date"] is not None:
        return Token(text, start, end, "date")
    if match["number"] is not None:
        return _number(match, text, start, end)
    if match["word"] is not None:
        ordinal = _ORDINALS.get(text.casefold())
        value = _UNITS.get(text.casefold(), _TENS.get(text.casefold()))
        if value is not None:
            return Token(text, start, end, "number", value)
        return Token(text, start, end, "word", ordinal, ordinal=ordinal is not None)
    return Token(text, start, end, "mark")


def _number(match: re.Match[str], text: str, start: int, end: int) -> Token:
    suffix = (match["suffix"] or "").casefold()
    value = float(match["digits"].replace(",", "").replace("−", "-")) * _SUFFIXES.get(suffix, 1.0)
    ordinal = suffix in ("st", "nd", "rd", "th")
    return Token(text, start, end, "number", value, ordinal=ordinal, percent=bool(match["percent"]))


def _joined_numbers(tokens: list[Token]) -> Iterator[Token]:
    """Runs of number words as one number: "two hundred and five", "3 million"."""
    at = 0
    while at < len(tokens):
        size, value = _number_run(tokens, at)
        if size > 1 or (size and tokens[at].lower in _SCALES):
            parts = tokens[at : at + size]
            text = " ".join(part.text for part in parts)
            yield Token(text, parts[0].start, parts[-1].end, "number", value, percent=parts[-1].percent)
        else:
            yield tokens[at]
        at += max(size, 1)


def _number_run(tokens: list[Token], at: int) -> tuple[int, float]:
    """How many tokens from ``at`` on say one number, and which."""
    total = current = 0.0
    size, last, last_was_scale = 0, 0.0, False
    for offset, token in enumerate(tokens[at:]):
        word = token.lower
        if word in _SCALES and (size or word != "dozen"):
            if not size and at and tokens[at - 1].lower not in ("a", "one", "than", "over", "under", "of"):
                break
            current = (current or 1.0) * _SCALES[word]
            if _SCALES[word] >= 1e3:
                total, current = total + current, 0.0
            size, last_was_scale = offset + 1, True
        elif word == "and" and last_was_scale and _follows(tokens, at + offset + 1):
            continue
        elif token.kind == "number" and not token.ordinal and _continues(token, offset, last, last_was_scale):
            current += token.value or 0.0
            size, last, last_was_scale = offset + 1, token.value or 0.0, False
        else:
            break
    return size, total + current


def _follows(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and (tokens[at].lower in _UNITS or tokens[at].lower in _TENS)


def _continues(token: Token, offset: int, last: float, last_was_scale: bool) -> bool:
    if offset == 0:
        return True
    if token.lower not in _UNITS and token.lower not in _TENS:
        return False
    return last_was_scale or (last in _TENS.values() and (token.value or 0.0) < 10)
