"""The values of a schema's text columns, so that "Germany" is known to be a country of customers.

They are read once per source with a bounded query for each column, never of columns that look like
secrets, and found again by their words without case and accents. A column with more values than the
limit is known in part only: ``complete`` says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec
import sqlglot.expressions as exp

from headwater.analyst.schema_joins import Edge, key_of
from headwater.analyst.schema_question import Ref
from headwater.analyst.schema_vocabulary import Vocabulary, is_secret
from headwater.analyst.words import singular, split_identifier, tokenise
from headwater.sources.schema import Rows

Run = Callable[[str], Awaitable[Rows]]
"""Runs one read-only statement on the source."""

MOST_VALUES = 5000
MOST_ROWS = 200_000
_LONGEST = 60
_FEWEST_REFERRING = 5
_UNASKED = frozenset({"address", "phone", "fax", "email", "url", "homepage", "photo", "picture", "path", "notes"})


class Found(msgspec.Struct, frozen=True):
    """One value as the column holds it."""

    ref: Ref
    value: str


class Values(Protocol):
    """What the grammar asks of values."""

    longest: int

    def named(self, words: tuple[str, ...]) -> tuple[Found, ...]:
        """Values that consist of just these words."""

    def of(self, ref: Ref) -> tuple[str, ...]:
        """The values of a column, as far as they are known."""

    def complete(self, ref: Ref) -> bool:
        """Whether all values of a column are known."""

    def words(self) -> Iterable[str]:
        """Every value, for finding the nearest."""


class KnownValues:
    """Values by their words."""

    def __init__(self, found: Iterable[Found], complete: Iterable[Ref] = ()) -> None:
        self._complete = frozenset(complete)
        self._named: dict[tuple[str, ...], dict[Found, None]] = defaultdict(dict)
        self._of: dict[Ref, list[str]] = defaultdict(list)
        for each in found:
            self._of[each.ref].append(each.value)
            words = tuple(token.lower for token in tokenise(each.value) if token.kind != "mark")
            if words and len(words) <= 12:
                self._named[words][each] = None
                self._named[_singulars(words)][each] = None
        self.longest = max(map(len, self._named), default=0)

    def named(self, words: tuple[str, ...]) -> tuple[Found, ...]:
        """Values that consist of just these words, in singular or plural."""
        return tuple(self._named.get(words) or self._named.get(_singulars(words)) or ())

    def of(self, ref: Ref) -> tuple[str, ...]:
        """The values of a column, as far as they are known."""
        return tuple(self._of.get(ref, ()))

    def complete(self, ref: Ref) -> bool:
        """Whether all values of a column are known."""
        return ref in self._complete

    def words(self) -> Iterable[str]:
        """Every value, for finding the nearest."""
        return (value for values in self._of.values() for value in values)


async def read_values(vocabulary: Vocabulary, run: Run) -> KnownValues:
    """Ask the source for the values of every column that people may name them of."""
    found: list[Found] = []
    complete: list[Ref] = []
    for ref in _asked(vocabulary):
        rows = await run(values_query(vocabulary, ref))
        some = rows.truncated or len(rows.rows) >= MOST_VALUES or _is_huge(vocabulary, ref)
        if not some and all(isinstance(row[0], str) and len(row[0]) <= _LONGEST for row in rows.rows):
            complete.append(ref)
        found.extend(
            Found(ref, str(row[0])) for row in rows.rows if isinstance(row[0], str) and len(row[0]) <= _LONGEST
        )
    return KnownValues(found, complete)


def _is_huge(vocabulary: Vocabulary, ref: Ref) -> bool:
    return (vocabulary.tables[ref.table].row_estimate or 0) > MOST_ROWS


def add_references(vocabulary: Vocabulary, values: KnownValues) -> None:
    """Where no keys are declared, a column all of whose values name rows of one other table refers to it."""
    if any(table.foreign_keys for table in vocabulary.schema.tables):
        return
    keys = {Ref(name, key[0]): set(values.of(Ref(name, key[0]))) for name, key in _single_keys(vocabulary)}
    for ref in _asked(vocabulary):
        own = set(values.of(ref))
        if (
            ref in keys
            or not values.complete(ref)
            or vocabulary.joins.parent_by(ref.table, ref.column)
            or len(own) < _FEWEST_REFERRING
        ):
            continue
        parents = [key for key, known in keys.items() if key.table != ref.table and own <= known]
        if len(parents) == 1:
            vocabulary.joins.add(Edge(ref.table, (ref.column,), parents[0].table, (parents[0].column,)))


def _single_keys(vocabulary: Vocabulary) -> list[tuple[str, tuple[str, ...]]]:
    found = [(table.name, key_of(table)) for table in vocabulary.schema.tables]
    return [(name, key) for name, key in found if len(key) == 1]


def values_query(vocabulary: Vocabulary, ref: Ref) -> str:
    """The bounded query for a column's values; of a huge table, those of its first rows."""
    column = exp.column(ref.column, quoted=True)
    source: exp.Expr = exp.to_identifier(ref.table, quoted=True)
    table = exp.Table(this=source)
    inner = exp.select(column).from_(table).where(exp.Not(this=exp.Is(this=column.copy(), expression=exp.null())))
    if _is_huge(vocabulary, ref):
        inner = exp.select(column.copy()).from_(inner.limit(MOST_ROWS).subquery("some"))
    return inner.distinct().limit(MOST_VALUES).sql(dialect=vocabulary.schema.dialect)


def _asked(vocabulary: Vocabulary) -> Iterable[Ref]:
    for table in vocabulary.schema.tables:
        for at, column in enumerate(table.columns):
            ref = Ref(table.name, column.name)
            if is_secret(column.name) or vocabulary.kind(ref) != "text" or table.name in vocabulary.derived:
                continue
            if _UNASKED & set(split_identifier(column.name)):
                continue
            cells = [row[at] for row in table.sample if at < len(row)]
            if not any(
                (isinstance(cell, str) and len(cell) > 2 * _LONGEST) or isinstance(cell, bytes) for cell in cells
            ):
                yield ref


def _singulars(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(singular(word) for word in words)
