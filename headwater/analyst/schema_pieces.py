"""A question cut into pieces that mean something: signs of the grammar, names of the schema, values, times, numbers.

At each place the longest phrase wins. A phrase may mean several things at once ("order" is a table and
a sign); all are kept, and the grammar takes what fits. A word that means nothing is kept as such, for
it must not be lost. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from headwater.analyst.schema_lexicon import QUALITIES, SIGNS, VERB_COLUMNS, VERBS, Quality, Sign
from headwater.analyst.schema_values import Found, Values
from headwater.analyst.schema_vocabulary import Meaning, Vocabulary
from headwater.analyst.times import Time, find
from headwater.analyst.words import HARMLESS, Token, singular, tokenise

_LONGEST_SIGN = max(map(len, SIGNS))
# A single word in other letters than the value's is taken for it only where a column has no more values than these:
# among thousands of titles there is one for nearly every word.
_FEW = 200
# Words of values that are rarely meant as such unless something else says so.
_COMMON = (
    HARMLESS | VERBS | {"all", "no", "not", "yes", "one", "by", "in", "and", "or", "with", "home", "other", "none"}
)


class Piece(msgspec.Struct, frozen=True):
    """One phrase of the question and all that it may mean; nothing of it at all where ``known`` is false."""

    text: str
    start: int
    end: int
    sign: Sign | None = None
    meaning: Meaning = Meaning()
    values: tuple[Found, ...] = ()
    number: float | None = None
    percent: bool = False
    ordinal: bool = False
    time: Time | None = None
    quality: Quality | None = None
    verb: bool = False
    date_word: str = ""
    quoted: bool = False
    harmless: bool = False

    @property
    def known(self) -> bool:
        """Whether it means anything."""
        return bool(
            self.sign or self.meaning or self.values or self.time or self.quality or self.verb or self.date_word
            or self.harmless
        ) or self.number is not None  # fmt: skip

    @property
    def kind(self) -> str:
        """The kind of its sign, if it is one."""
        return self.sign.kind if self.sign else ""


def pieces(question: str, vocabulary: Vocabulary, values: Values, today: date) -> tuple[Piece, ...]:
    """The pieces of a question, in order; harmless ones are among them."""
    tokens = tokenise(question)
    times = {time.start: time for time in find([token.lower for token in tokens], today) if _is_time(time, tokens)}
    found: list[Piece] = []
    at = 0
    while at < len(tokens):
        size, piece = _longest(tokens, at, vocabulary, values, times)
        found.append(piece)
        at += size
    return tuple(found)


def _is_time(time: Time, tokens: Sequence[Token]) -> bool:
    """ "may" and "march" alone are words, not months."""
    return time.end - time.start > 1 or tokens[time.start].lower not in ("may", "march", "mar", "sun", "sat", "second")


def _longest(
    tokens: Sequence[Token], at: int, vocabulary: Vocabulary, values: Values, times: dict[int, Time]
) -> tuple[int, Piece]:
    token = tokens[at]
    if token.kind == "quoted":
        words = tuple(each.lower for each in tokenise(token.text) if each.kind != "mark")
        return 1, Piece(token.text, token.start, token.end, values=values.named(words), quoted=True)
    time = times.get(at)
    best = (time.end - time.start) if time else 0
    end = min(len(tokens), at + max(vocabulary.longest, values.longest, _LONGEST_SIGN) + 2)
    for size in range(end - at, 0, -1):
        if size < best:
            break
        if piece := _phrase(tokens[at : at + size], vocabulary, values, time if size == best else None):
            return size, piece
    if time:
        return best, Piece(_text(tokens[at : at + best]), token.start, tokens[at + best - 1].end, time=time)
    return 1, _single(token)


def _phrase(tokens: Sequence[Token], vocabulary: Vocabulary, values: Values, time: Time | None) -> Piece | None:
    """What a phrase means as a whole, beyond what a single word always may."""
    if any(token.kind == "quoted" for token in tokens):
        return None
    lower = tuple(token.lower for token in tokens)
    sign = SIGNS.get(lower)
    plain = all(token.kind in ("word", "number") for token in tokens)
    meaning = vocabulary.meaning(lower) if plain and not _only_harmless(lower) else Meaning()
    if len(lower) > 1 and meaning.columns + meaning.near and _begins_noun(lower, vocabulary):
        meaning = Meaning(meaning.tables)
    common = sign is not None or _only_common(lower) or (len(lower) == 1 and tokens[0].kind in ("number", "mark"))
    marks = tokens[0].kind == "mark" or tokens[-1].kind == "mark"
    words = tuple(token.lower for token in tokens if token.kind != "mark")
    found = () if common or marks or _names_kind(words, vocabulary, values) else values.named(words)
    if len(words) == 1:
        found = tuple(each for each in found if tokens[0].text in each.value or len(values.of(each.ref)) <= _FEW)
    if not (sign or meaning or found):
        return None
    if len(lower) == 1:
        return msgspec.structs.replace(_single(tokens[0]), sign=sign, meaning=meaning, values=found, time=time)
    return Piece(_text(tokens), tokens[0].start, tokens[-1].end, sign, meaning, found, time=time)


def _begins_noun(words: tuple[str, ...], vocabulary: Vocabulary) -> bool:
    """Whether rows are spoken of and then something of them: "products cost", which is no name of a column."""
    return singular(words[0]) != words[0] and bool(vocabulary.meaning(words[:1]).tables)


def _names_kind(words: tuple[str, ...], vocabulary: Vocabulary, values: Values) -> bool:
    """Whether a value and its kind stand side by side, as in "colorado river", which other columns may hold whole."""
    tables = vocabulary.meaning(words[-1:]).tables if len(words) > 1 else ()
    return any(found.ref.table == table for table in tables for found in values.named(words[:-1]))


def _only_harmless(words: Sequence[str]) -> bool:
    return all(word in HARMLESS and word not in ("name", "list", "number") for word in words)


def _only_common(words: Sequence[str]) -> bool:
    return all(word in _COMMON or (word,) in SIGNS for word in words) and len(words) < 3


def _single(token: Token) -> Piece:
    lower = token.lower
    return Piece(
        token.text,
        token.start,
        token.end,
        number=token.value,
        percent=token.percent,
        ordinal=token.ordinal,
        quality=QUALITIES.get(lower),
        verb=lower in VERBS,
        date_word=VERB_COLUMNS.get(lower, ""),
        harmless=lower in HARMLESS,
    )


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(token.text for token in tokens)
