"""An organisation's entities by name: an index made once per state of its rows. Pure; it knows no figure.

>>> index = Index([Named("creative", "7", "Jacket finder, 300x600"), Named("creative", "8", "Snow line")])
>>> [(found.entity.id, round(found.score)) for found in index.search("jaket finder 300x600", limit=1)]
[('7', 98)]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

import msgspec
from rapidfuzz import fuzz, process

from headwater.control.creators.roster import Roster
from headwater.control.decisions.book import Book
from headwater.control.entities.tree import EntityTree
from headwater.tools.metric_ads import KINDS

_CUTOFF = 60.0
_AS_GOOD = 5.0
"""Scores that differ by less do not tell two names apart."""
_WORD = re.compile(r"\w+")
_ROSTER_KINDS = {"project": "project", "creator_campaign": "campaign", "creator": "creator", "video": "video"}


class Named(msgspec.Struct, frozen=True):
    """An entity, or a value of a dimension, by the id that callers know."""

    kind: str
    id: str
    name: str


class Found(msgspec.Struct, frozen=True):
    """An entity whose name is near; ``score`` is 100 for the same. ``ambiguous`` when another is as near."""

    entity: Named
    score: float
    ambiguous: bool = False


class Index:
    """Entities by name, by the words of their names, and by nearness."""

    def __init__(self, entities: Iterable[Named]) -> None:
        self.entities = tuple(entities)
        self._plain = [" ".join(words_of(entity.name)) for entity in self.entities]
        self._by_name: dict[str, list[Named]] = {}
        self._by_word: dict[str, set[int]] = {}
        for at, (entity, plain) in enumerate(zip(self.entities, self._plain, strict=True)):
            self._by_name.setdefault(plain, []).append(entity)
            for word in plain.split():
                self._by_word.setdefault(word, set()).add(at)
        self.longest = max((plain.count(" ") + 1 for plain in self._by_name), default=0)

    @property
    def words(self) -> Collection[str]:
        """Every word of a name."""
        return self._by_word.keys()

    def called(self, words: Iterable[str]) -> tuple[Named, ...]:
        """The entities whose name is exactly these words, case and punctuation aside."""
        return tuple(self._by_name.get(" ".join(words), ()))

    def with_words(self, words: Iterable[str]) -> tuple[Named, ...]:
        """The entities whose names have every one of these words."""
        places = [self._by_word.get(word, set()) for word in words]
        return tuple(self.entities[at] for at in sorted(set.intersection(*places))) if places else ()

    def search(self, text: str, *, kind: str | None = None, limit: int = 10) -> tuple[Found, ...]:
        """The entities whose names are nearest, best first."""
        choices: Mapping[int, str] = {
            at: plain
            for at, (entity, plain) in enumerate(zip(self.entities, self._plain, strict=True))
            if kind in (None, entity.kind)
        }
        plain = " ".join(words_of(text))
        ranked = process.extract(plain, choices, scorer=fuzz.WRatio, limit=limit + 1, score_cutoff=_CUTOFF)
        scored = [(self.entities[at], score) for _, score, at in ranked]
        top = scored[0][1] if scored else 0.0
        near = sum(top - score < _AS_GOOD for _, score in scored)
        return tuple(Found(entity, score, near > 1 and top - score < _AS_GOOD) for entity, score in scored[:limit])


@lru_cache(maxsize=65_536)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in lower case without accents.

    >>> words_of("Kitchen & Co: l'été")
    ('kitchen', 'co', 'l', 'ete')
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return tuple(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))


def all_named(tree: EntityTree, roster: Roster, book: Book) -> Iterator[Named]:
    """Every entity of an organisation that questions can name; a creator by its name and by its handle."""
    for kind in KINDS:
        for number in tree.of_kind(kind):
            yield Named(kind, str(number), tree.name(kind, number))
    for kind, of in _ROSTER_KINDS.items():
        for number in roster.numbers(of):
            yield Named(kind, roster.public_id(of, number), roster.label(of, number))
    for number in roster.numbers("creator"):
        handle = roster.handle(number)
        if handle != roster.label("creator", number):
            yield Named("creator", roster.public_id("creator", number), handle)
    for kind, entries in (("offer", book.offers), ("channel", book.channels), ("category", book.categories)):
        for entry in entries.values():
            yield Named(kind, entry.id, entry.name)
