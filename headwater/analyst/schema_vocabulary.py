"""The words by which people speak of a schema's tables and columns, and what each may mean.

A phrase may mean several things; the grammar decides by what stands around it, or asks. Names are
split at capitals and underscores, read in singular and plural, with and without the table's own name
("product name", "name"). Columns that look like secrets are kept apart: no question reaches them.

>>> from headwater.sources.schema import Schema, SourceColumn, SourceTable
>>> columns = (SourceColumn("ProductID", "int", primary_key=True), SourceColumn("ProductName", "text"))
>>> vocabulary = Vocabulary(Schema("sqlite", (SourceTable("Products", columns),)))
>>> vocabulary.meaning(("products",)).tables, vocabulary.meaning(("product", "names")).columns
(('Products',), (Ref(table='Products', column='ProductName'),))
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from headwater.analyst.schema_joins import Joins, key_of
from headwater.analyst.schema_lexicon import (
    COLUMN_SYNONYMS,
    DISCOUNT,
    EVENT_TABLES,
    NAMES,
    PRICE,
    QUANTITY,
    SECRET,
    TABLE_SYNONYMS,
)
from headwater.analyst.schema_question import Formula, Ref, Value
from headwater.analyst.words import plural, singular, split_identifier, stem
from headwater.sources.schema import Schema, SourceColumn, SourceTable

Words = tuple[str, ...]
_JOINED = ("name", "id", "title", "code", "key", "type", "date", "description", "number")
_PREPOSITIONS = ("in", "on", "per", "of", "by", "to", "for", "from", "at", "with")
_PLACES = frozenset({"address", "street", "city", "town", "state", "region", "province", "country", "location"})
_FLAGS = (("1", "0"), ("yes", "no"), ("y", "n"), ("true", "false"), ("t", "f"))
_PREFIXES = ("tbl", "dim", "fact", "fct", "stg", "vw", "raw", "mst")
_TEXT = re.compile(r"char|text|string|enum|clob|symbol|name", re.IGNORECASE)
_NUMBER = re.compile(r"int|num|dec|real|float|double|money|serial", re.IGNORECASE)
_TIME = re.compile(r"date|time", re.IGNORECASE)
_ISO = re.compile(r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d|$)")


class Meaning(msgspec.Struct, frozen=True):
    """What a phrase may mean: tables, columns named so, and columns whose name only ends so (``near``)."""

    tables: tuple[str, ...] = ()
    columns: tuple[Ref, ...] = ()
    near: tuple[Ref, ...] = ()
    secret: bool = False

    def __bool__(self) -> bool:
        return bool(self.tables or self.columns or self.near or self.secret)


class Vocabulary:
    """All phrases of one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.joins = Joins(schema)
        self.tables = {table.name: table for table in schema.tables}
        self._tables: dict[Words, dict[str, None]] = defaultdict(dict)
        self._columns: dict[Words, dict[Ref, None]] = defaultdict(dict)
        self._near: dict[Words, dict[Ref, None]] = defaultdict(dict)
        self._secret: set[Words] = {_stems(phrase.split()) for phrase in SECRET}
        self.words: set[str] = set()
        for table in schema.tables:
            self._add_table(table)
        self._add_synonyms()
        self.longest = max(map(len, (*self._tables, *self._columns, *self._near)), default=1)

    def meaning(self, words: Sequence[str]) -> Meaning:
        """What a phrase of words may mean."""
        key = _stems(words)
        if key in self._secret:
            return Meaning(secret=True)
        return Meaning(
            tuple(self._tables.get(key, ())), tuple(self._columns.get(key, ())), tuple(self._near.get(key, ()))
        )

    def column(self, ref: Ref) -> SourceColumn:
        """The column itself."""
        return next(column for column in self.tables[ref.table].columns if column.name == ref.column)

    def kind(self, ref: Ref) -> str:
        """``time``, ``number`` or ``text``; a text that holds ISO dates is ``time``."""
        column, table = self.column(ref), self.tables[ref.table]
        at = table.columns.index(column)
        seen = [row[at] for row in table.sample if at < len(row) and row[at] is not None]
        iso = bool(seen) and all(isinstance(cell, str) and _ISO.match(cell) for cell in seen)
        if (_TIME.search(column.type) and not (seen and all(isinstance(cell, int | float) for cell in seen))) or iso:
            return "time"
        if _NUMBER.search(column.type) and not _TEXT.search(column.type):
            return "number"
        return "number" if not column.type and seen and not isinstance(seen[0], str) else "text"

    def is_key(self, ref: Ref) -> bool:
        """Whether the column only tells rows apart or refers to others."""
        table = self.tables[ref.table]
        names = split_identifier(ref.column)
        linking = any(ref.column in edge.columns for edge in self.joins.edges if edge.child == table.name)
        return linking or (ref.column in key_of(table) and names[-1:] in (("id",), ("key",), ("code",)))

    def is_measure(self, ref: Ref) -> bool:
        """Whether the column holds amounts that can be summed or averaged."""
        return self.kind(ref) == "number" and not self.is_key(ref) and ref.column not in key_of(self.tables[ref.table])

    def names_of(self, table: str) -> tuple[Ref, ...]:
        """The columns that people know the table's rows by; the key where there is none."""
        own = self.tables[table]
        by_words = {" ".join(self._own_words(own, column)): column.name for column in own.columns}
        if "first name" in by_words and "last name" in by_words:
            return (Ref(table, by_words["first name"]), Ref(table, by_words["last name"]))
        for wanted in NAMES:
            if wanted in by_words and self.kind(Ref(table, by_words[wanted])) == "text":
                return (Ref(table, by_words[wanted]),)
        same = [
            column.name for column in own.columns if " ".join(self._own_words(own, column)) in ("", table.casefold())
        ]
        return tuple(Ref(table, name) for name in (same[:1] or key_of(own) or [own.columns[0].name]))

    def shown(self, table: str) -> tuple[Ref, ...]:
        """The columns that a list of the table's rows shows: its names, behind a key that is a word."""
        names, key = self.names_of(table), key_of(self.tables[table])
        if len(key) != 1 or Ref(table, key[0]) in names:
            return names
        return (Ref(table, key[0]), *names) if self.kind(Ref(table, key[0])) == "text" else names

    def places(self, table: str) -> tuple[Ref, ...]:
        """The columns that say where the table's rows are."""
        found = []
        for column in self.tables[table].columns:
            edge = self.joins.parent_by(table, column.name)
            words = {*split_identifier(column.name), *(split_identifier(edge.parent) if edge else ())}
            if words & _PLACES and Ref(table, column.name) not in self.names_of(table):
                found.append(Ref(table, column.name))
        return tuple(found)

    def table_words(self, table: str, count: int = 2) -> str:
        """What people call the table's rows."""
        words = _name_words(self.tables[table])
        one = words[-1].removesuffix("s") if stem(words[-1]) + "s" == words[-1] else singular(words[-1])
        return " ".join((*words[:-1], one if count == 1 else plural(one)))

    def column_words(self, ref: Ref) -> str:
        """What people call the column, with its table's name where its own says too little."""
        words = split_identifier(ref.column)
        table = self.table_words(ref.table, 1)
        return " ".join(words) if words[0] == table.split()[0] else f"{table} {' '.join(words)}"

    def flag(self, ref: Ref, values: Sequence[str]) -> tuple[Value, Value] | None:
        """How a column of yes and no says yes and how it says no; None where it is another kind of column."""
        type_ = self.column(ref).type.casefold()
        if type_.startswith("bool"):
            return True, False
        for yes, no in _FLAGS:
            if values and {value.casefold() for value in values} <= {yes, no}:
                spelt = {value.casefold(): value for value in values}
                return spelt.get(yes, yes), spelt.get(no, no)
        at = self.tables[ref.table].columns.index(self.column(ref))
        seen = {row[at] for row in self.tables[ref.table].sample if at < len(row)}
        return (1, 0) if seen and seen <= {0, 1} and type_.startswith(("bit", "tinyint(1)")) else None

    def key_number(self, table: str) -> Ref | None:
        """The table's key, where it is one number."""
        key = key_of(self.tables[table])
        ref = Ref(table, key[0]) if len(key) == 1 else None
        return ref if ref and self.kind(ref) == "number" else None

    def formulas(self) -> Iterator[Formula]:
        """Amounts that tables can work out from price and quantity."""
        for table in self.tables.values():
            if table.name in self.derived:
                continue
            names = {" ".join(split_identifier(column.name)): Ref(table.name, column.name) for column in table.columns}
            price, quantity = _first(names, PRICE), _first(names, QUANTITY)
            if price and quantity and self.is_measure(price) and self.is_measure(quantity):
                yield Formula(price, quantity, _first(names, DISCOUNT))

    def events(self) -> tuple[str, ...]:
        """Tables in which buying and selling is kept."""
        return tuple(
            table.name
            for table in self.tables.values()
            if {singular(word) for word in _name_words(table)} & set(EVENT_TABLES) and self.is_linked(table.name)
        )

    def is_linked(self, table: str) -> bool:
        """Whether keys connect the table with others."""
        return any(table in (edge.child, edge.parent) for edge in self.joins.edges)

    @cached_property
    def derived(self) -> frozenset[str]:
        """Tables without keys among tables that have them, such as views: meant only where they are named."""
        keyed = {table.name for table in self.schema.tables if any(column.primary_key for column in table.columns)}
        if len(keyed) < 2:
            return frozenset()
        return frozenset(name for name in self.tables if name not in keyed and not self.is_linked(name))

    def dates(self, table: str) -> tuple[Ref, ...]:
        """The table's columns of dates and times."""
        refs = (Ref(table, column.name) for column in self.tables[table].columns)
        return tuple(ref for ref in refs if self.kind(ref) == "time" and not is_secret(ref.column))

    def _own_words(self, table: SourceTable, column: SourceColumn) -> Words:
        """A column's words without its table's name."""
        words, own = column_parts(table, column), tuple(singular(word) for word in _name_words(table))
        return words[len(own) :] if len(words) > len(own) and words[: len(own)] == own else words

    def _add_table(self, table: SourceTable) -> None:
        name = _name_words(table)
        if table.name not in self.derived or len(name) > 1:
            self._tables[_stems(name)][table.name] = None
        self.words.update({" ".join(name), plural(name[-1])})
        for column in table.columns:
            words = column_parts(table, column)
            if is_secret(column.name):
                self._secret.add(_stems(words))
                continue
            if not words or table.name in self.derived:
                continue
            self._add_column(Ref(table.name, column.name), table, column, words, name)

    def _add_column(self, ref: Ref, table: SourceTable, column: SourceColumn, words: Words, name: Words) -> None:
        own = self._own_words(table, column)
        one = (*name[:-1], singular(name[-1]))
        for phrase in {words, own, (*one, *own), (*one, *words), (name[-1], *own)}:
            self._columns[_stems(phrase)][ref] = None
        self.words.update(words)
        self.words.add(" ".join(words))
        if not self.is_key(ref):
            for part in _parts(own):
                self._near[_stems(part)][ref] = None
        if own[-1:] == ("name",) and len(own) > 1 and ref in self.names_of(table.name):
            self._near[_stems(own[:-1])][ref] = None
        if edge := self.joins.parent_by(table.name, column.name):
            role = words[:-1] if words[-1] in ("id", "key", "code") else words
            if role and _stems(role) != _stems(_name_words(self.tables[edge.parent])):
                self._columns[_stems(role)][ref] = None

    def _add_synonyms(self) -> None:
        for group in TABLE_SYNONYMS:
            keys = [_stems(phrase.split()) for phrase in group]
            found = {table: None for key in keys for table in self._tables.get(key, ())}
            for key in keys if len(found) == 1 else ():
                if key not in self._tables and key not in self._columns:
                    self._tables[key] = dict(found)
        for group in COLUMN_SYNONYMS:
            keys = [_stems(phrase.split()) for phrase in group]
            known = {ref: None for key in keys for ref in (*self._columns.get(key, ()), *self._near.get(key, ()))}
            for key in keys if known else ():
                if key not in self._columns and key not in self._tables and key not in self._near:
                    self._near[key] = dict(known)
                    for ref in known:
                        self._near[(*_stems(self.table_words(ref.table, 1).split()), *key)][ref] = None


def _parts(own: Words) -> Iterator[Words]:
    """By which parts of its name a column may be called: its end, or what stands before a preposition."""
    at = next((at for at, word in enumerate(own) if word in _PREPOSITIONS), None)
    if at:
        yield own[:at]
        return
    for start in range(1, len(own)):
        yield own[start:]


def column_parts(table: SourceTable, column: SourceColumn) -> Words:
    """The words of a column's name, also where its table's name is written together with it ("papertitle")."""
    words, own = split_identifier(column.name), "".join(singular(word) for word in _name_words(table))
    rest = words[0].removeprefix(own) if len(words) == 1 else ""
    return (*own.split(), rest) if rest in _JOINED and rest != words[0] else words


def is_secret(name: str) -> bool:
    """Whether a column's name says that its values are nobody's to see.

    >>> is_secret("password_hash"), is_secret("CardNumber"), is_secret("passenger_count")
    (True, True, False)
    """
    words = split_identifier(name)
    joined = f" {' '.join(words)} "
    return any(f" {word} " in joined for word in SECRET)


def _name_words(table: SourceTable) -> Words:
    words = split_identifier(table.name.rsplit(".", 1)[-1]) or (table.name.casefold(),)
    return words[1:] if len(words) > 1 and words[0] in _PREFIXES else words


def _stems(words: Sequence[str]) -> Words:
    return tuple(stem(singular(word)) for word in words)


def _first(names: dict[str, Ref], wanted: tuple[str, ...]) -> Ref | None:
    return next((names[name] for name in wanted if name in names), None)
