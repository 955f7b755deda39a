"""A question's words as items with a meaning each: metrics, kinds, entities, times, numbers, signs, unknown words.

Every word is in exactly one item. Nothing is decided here about what the question asks. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec
from rapidfuzz.distance import Prefix

from headwater.analyst.calendar_words import COUNTS, MONTHS, UNITS, WEEKDAYS
from headwater.analyst.metric_lexicon import CONTENT, LEXICON, VOCABULARY, Filler, Kind, Meaning, match
from headwater.analyst.times import Time, find
from headwater.analyst.words import HARMLESS, Token, misspelt, singular, tokenise
from headwater.tools.metric_entities import Index, Named, words_of


class Entity(msgspec.Struct, frozen=True):
    """One of these entities; ``whole`` when its full name was written, as it is part of that of ``others``."""

    entities: tuple[Named, ...]
    whole: bool
    others: tuple[Named, ...] = ()


class Amount(msgspec.Struct, frozen=True):
    """A number."""

    value: float
    ordinal: bool = False
    percent: bool = False


class Unknown(msgspec.Struct, frozen=True):
    """Words that are in no list."""


class Item(msgspec.Struct, frozen=True):
    """What the text at ``[start, end)`` of the question means; ``phrase`` are its words mended and in the singular."""

    start: int
    end: int
    text: str
    phrase: str
    meaning: Meaning | Entity | Amount | Time | Unknown


class Reading(msgspec.Struct, frozen=True):
    """The items in order, and the slips of spelling that were read as what they must have meant."""

    question: str
    items: tuple[Item, ...]
    corrected: tuple[tuple[str, str], ...] = ()


class _Unit(msgspec.Struct, frozen=True):
    """One word of the question; ``word`` as written in lower case, ``base`` in the singular."""

    word: str
    base: str
    token: Token


_MARKS: Final = frozenset("<>=") | {"<=", ">="}
_TOO_SHORT_FOR_TIME: Final = frozenset({"may", "mar", "dec", "sun", "sat", "second"})
_TIME_WORDS: Final = frozenset({*MONTHS, *UNITS, *WEEKDAYS, *COUNTS, "yesterday", "today", "quarter", "previous"})
_ENDING_WORDS: Final = "s es d ed er ers or ors r rs ing y ies ion ions al ly able ism ist ment ness ive e"
_ENDINGS: Final = frozenset({"", *_ENDING_WORDS.split()})
_NEVER_NAMES: Final = frozenset({"last", "past", "next", "this", "that", "end", "start", "beginning", "days", "weeks"})
_DENIALS: Final = frozenset(
    [
        "no",
        "not",
        "none",
        "never",
        "nor",
        "neither",
        "without",
        "except",
        "excluding",
        "but",
        "other",
        "minus",
        "unlike",
    ]
)
"""Names have them, too, but what they deny must not be taken for the name: "creatives with no clicks"."""
_ADJECTIVES: Final = frozenset(
    ["new", "old", "good", "bad", "big", "small", "long", "short", "high", "low", "own", "first"]
)
"""Words of names that tell more often what is meant than which: alone they name nothing."""
_BEFORE_NAMES: Final = frozenset(
    ["of", "for", "on", "in", "from", "about", "did", "does", "and", "vs", "versus", "than", "against", "with", "by"]
)
_LINKS: Final = frozenset({"in", "on", "of", "the", "and", "a", "for", "to", "from", "at", "with", "by", "all", "it"})
"""Words that do not tell names apart."""


def read(question: str, index: Index, today: date) -> Reading:
    """The question's items."""
    units = list(_units(tokenise(question)))
    units, corrected = _corrected(units, index)
    times = {time.start: time for time in find([unit.word for unit in units], today) if _is_time(units, time)}
    items: list[Item] = []
    at = 0
    while at < len(units):
        length, meaning = _next(units, at, times, index)
        first, last = units[at].token, units[at + length - 1].token
        phrase = " ".join(unit.base for unit in units[at : at + length])
        items.append(Item(first.start, last.end, question[first.start : last.end], phrase, meaning))
        at += length
    return Reading(question, tuple(_joined(items, question)), corrected)


def _units(tokens: Sequence[Token]) -> Iterator[_Unit]:
    for token in tokens:
        if token.kind == "mark":
            if token.text in _MARKS:
                yield _Unit(token.text, token.text, token)
        elif token.kind in ("quoted", "date"):
            yield _Unit(token.lower, token.lower, token)
        elif token.kind == "number" and token.value is not None and not token.ordinal and not token.text.isalpha():
            whole = token.value == int(token.value) if abs(token.value) < 1e15 else False
            word = str(int(token.value)) if whole else token.text
            yield _Unit(word, word, token)
        else:
            for word in words_of(token.text) or (token.lower,):
                yield _Unit(word, singular(word), token)


def _corrected(units: list[_Unit], index: Index) -> tuple[list[_Unit], tuple[tuple[str, str], ...]]:
    """With slips of one or two letters mended, where only one word can have been meant."""
    found: list[_Unit] = []
    said: list[tuple[str, str]] = []
    for unit in units:
        if unit.token.kind != "word" or _known(unit, index):
            found.append(unit)
            continue
        meant = misspelt(unit.base, sorted({*CONTENT, *_TIME_WORDS})) or misspelt(unit.word, sorted(index.words))
        if meant is None or not meant.isalpha() or _inflected(unit.base, meant):
            found.append(unit)
            continue
        found.append(_Unit(meant, singular(meant), unit.token))
        said.append((unit.token.text, meant))
    return found, tuple(said)


def _inflected(word: str, meant: str) -> bool:
    """Whether only the ending differs: that is another word ("delivers", "delivery") and no slip."""
    shared = Prefix.similarity(word, meant)
    return {word[shared:], meant[shared:]} <= _ENDINGS


def _known(unit: _Unit, index: Index) -> bool:
    known = unit.base in VOCABULARY or unit.word in VOCABULARY or unit.word in HARMLESS or unit.word in index.words
    return known or unit.word in _TIME_WORDS


def _is_time(units: Sequence[_Unit], time: Time) -> bool:
    """ "may" is a month only where something says so, and a quoted name is never a time."""
    alone = time.end - time.start == 1 and units[time.start].word in _TOO_SHORT_FOR_TIME
    return not alone and all(unit.token.kind != "quoted" for unit in units[time.start : time.end])


def _next(
    units: Sequence[_Unit], at: int, times: Mapping[int, Time], index: Index
) -> tuple[int, Meaning | Entity | Amount | Time | Unknown]:
    """The longest of what begins at a place: a whole name, a time, a phrase; else part of a name."""
    unit = units[at]
    if unit.token.kind == "quoted":
        named = index.called(words_of(unit.token.text))
        return 1, Entity(named, whole=True) if named else Unknown()
    time = times.get(at)
    timed = time.end - at if time else 0
    phrase = match([one.base for one in units], at)
    said = phrase[0] if phrase else 0
    length, named = _whole_name(units, at, index)
    if named and (length > max(timed, said) or (length >= said and _beside_kind(units, at, length, named))):
        return length, _whole(units[at : at + length], named, index)
    if time and timed >= said:
        return timed, time
    if phrase and not (isinstance(phrase[1], Filler) and _opens_name(units, at, index)):
        return phrase
    if named:
        return length, _whole(units[at : at + length], named, index)
    if unit.token.kind == "number" and unit.token.value is not None:
        return 1, Amount(unit.token.value, unit.token.ordinal, unit.token.percent)
    if phrase:
        return phrase
    return _part_of_name(units, at, index, times)


def _whole(part: Sequence[_Unit], named: tuple[Named, ...], index: Index) -> Entity:
    holding = _holding([unit.word for unit in part], index)
    return Entity(named, whole=True, others=tuple(one for one in holding if one not in named))


def _beside_kind(units: Sequence[_Unit], at: int, length: int, named: tuple[Named, ...]) -> bool:
    """Whether the word before or behind a name says that it is one of these: "the Video group"."""
    places = [place for place in (at - 1, at + length) if 0 <= place < len(units)]
    meanings = [LEXICON.get(units[place].base) for place in places]
    kinds = {kind for meaning in meanings if isinstance(meaning, Kind) for kind in meaning.kinds}
    return any(one.kind in kinds for one in named)


def _whole_name(units: Sequence[_Unit], at: int, index: Index) -> tuple[int, tuple[Named, ...]]:
    """The longest full name that begins at a place."""
    for length in range(min(index.longest, len(units) - at), 0, -1):
        words = [unit.word for unit in units[at : at + length]]
        if any(unit.token.kind == "quoted" for unit in units[at : at + length]):
            continue
        named = index.called(words)
        if named and (length > 1 or words[0] not in _LINKS):
            return length, named
    return 0, ()


def _opens_name(units: Sequence[_Unit], at: int, index: Index) -> bool:
    """Whether a full name begins here with a word that means nothing elsewhere."""
    return _whole_name(units, at, index)[0] > 1


def _part_of_name(
    units: Sequence[_Unit], at: int, index: Index, times: Mapping[int, Time]
) -> tuple[int, Entity | Unknown]:
    """The longest run of words from here that some names have; its first word is in no list."""
    if units[at].word in _DENIALS and not units[at].token.text[:1].isupper():
        return 1, Unknown()
    best: tuple[int, tuple[Named, ...]] = (0, ())
    for length in range(1, min(index.longest, len(units) - at) + 1):
        part = units[at : at + length]
        if (length > 1 and at + length - 1 in times) or any(unit.token.kind == "quoted" for unit in part):
            break
        named = _holding([unit.word for unit in part], index)
        if not named:
            break
        if units[at + length - 1].word not in _LINKS:
            best = length, named
    if best[0] > 1 or (best[0] == 1 and _is_called(units, at)):
        return best[0], Entity(best[1], whole=False)
    return 1, Unknown()


def _is_called(units: Sequence[_Unit], at: int) -> bool:
    """Whether a single word of a longer name stands where a name would: "for Lisbon", but not "the weather"."""
    if units[at].word in _NEVER_NAMES | _TIME_WORDS | _DENIALS | _ADJECTIVES:
        return False
    before = [unit for unit in units[max(at - 2, 0) : at] if unit.word != "the"]
    if at and units[at].token.text[:1].isupper():
        return True
    return bool(before) and (before[-1].word in _BEFORE_NAMES or isinstance(LEXICON.get(before[-1].base), Kind))


def _holding(words: Sequence[str], index: Index) -> tuple[Named, ...]:
    """The entities whose names have the words one behind the other."""
    phrase = f" {' '.join(words)} "
    return tuple(one for one in index.with_words(words) if phrase in f" {' '.join(words_of(one.name))} ")


def _joined(items: Sequence[Item], question: str) -> Iterator[Item]:
    """Unknown words that stand side by side as one item."""
    last: Item | None = None
    for item in items:
        if last is not None and isinstance(last.meaning, Unknown) and isinstance(item.meaning, Unknown):
            text = question[last.start : item.end]
            last = Item(last.start, item.end, text, text, Unknown())
            continue
        if last is not None:
            yield last
        last = item
    if last is not None:
        yield last
