"""Which column, date or table a word means where it stands: by what the question speaks of and by the keys.

A candidate is taken only where nothing else fits as well. Otherwise the question is handed back with
each reading spelt out (``Unclear``). What is nearest is no reason by itself: of sales, the country of
the customer is two keys away and that of the shipping address one, and both may be meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headwater.analyst.schema_drafts import Beyond, Noun, Unclear
from headwater.analyst.schema_joins import SeveralPaths, key_of
from headwater.analyst.schema_lexicon import Quality
from headwater.analyst.schema_pieces import Piece
from headwater.analyst.schema_question import Formula, Ref
from headwater.analyst.schema_values import Found, Values
from headwater.analyst.schema_vocabulary import Vocabulary
from headwater.analyst.words import singular, split_identifier, stem

_AMOUNTS = ("total", "amount", "revenue", "sales", "total amount", "grand total", "total price", "order total")


class Scope:
    """One question's words over one vocabulary."""

    def __init__(self, question: str, found: Sequence[Piece], vocabulary: Vocabulary, values: Values) -> None:
        self.values = values
        self.question, self.vocabulary, self.joins = question, vocabulary, vocabulary.joins
        self.stems = {stem(singular(word)) for piece in found for word in split_identifier(piece.text)}
        self.mentioned = {piece.meaning.tables[0] for piece in found if len(piece.meaning.tables) == 1}

    def unclear(self, piece: Piece, readings: Iterable[str], what: str) -> Unclear:
        """The piece may mean several things: ask, with the question spelt out for each."""
        before, after = self.question[: piece.start], self.question[piece.end :]
        suggestions = tuple(f"{before}{reading}{after}" for reading in dict.fromkeys(readings))
        return Unclear(f"“{piece.text}” can mean {what}. Which one is meant?", suggestions[:4])

    def column(self, piece: Piece, home: str | None, strong: tuple[Ref, ...] = (), near: tuple[Ref, ...] = ()) -> Ref:
        """The column that a piece means, seen from a table (None where nothing is known yet)."""
        if not strong and not near:
            strong, near = piece.meaning.columns, piece.meaning.near
        candidates = self._reachable(self._hinted(piece, (*strong, *near)), home)
        own = [ref for ref in candidates if ref.table == home]
        if len(own) == 1 and (own[0] in strong or not [ref for ref in candidates if ref in strong]):
            return own[0]
        if len(own) > 1 and len([ref for ref in own if ref in strong]) == 1:
            return next(ref for ref in own if ref in strong)
        chosen = self._narrowed([ref for ref in candidates if ref.table in self.mentioned], strong)
        chosen = chosen or self._narrowed(candidates, strong)
        if home and len(chosen) > 1:
            chosen = [ref for ref in chosen if self.joins.is_up(home, ref.table)] or chosen
        if len(chosen) == 1:
            return chosen[0]
        if not chosen:
            raise Unclear(
                f"“{piece.text}” does not go together with {self._words(home)} in this data.", (), (piece.text,)
            )
        raise self._several(piece, chosen)

    def _several(self, piece: Piece, chosen: Sequence[Ref]) -> Unclear:
        words = [self.vocabulary.column_words(ref) for ref in chosen]
        if len(set(words)) < len(words):
            words = [
                f"{self.vocabulary.table_words(ref.table, 1)} {' '.join(split_identifier(ref.column))}"
                for ref in chosen
            ]
        return self.unclear(piece, words, " or ".join(f"{ref.table}.{ref.column}" for ref in chosen[:4]))

    def _words(self, table: str | None) -> str:
        return self.vocabulary.table_words(table) if table else "the rest of the question"

    def _reachable(self, candidates: Sequence[Ref], home: str | None) -> list[Ref]:
        known = list(dict.fromkeys(candidates))
        return known if home is None else [ref for ref in known if self.joins.distance(home, ref.table) is not None]

    def _hinted(self, piece: Piece, candidates: Sequence[Ref], *, value: bool = False) -> Sequence[Ref]:
        """Those whose other words the question has, too: "shipped to" for a ship country; all where none has."""
        shared = [{stem(singular(word)) for word in split_identifier(ref.column)} for ref in candidates]
        common = set.intersection(*shared) if value and len(shared) > 1 else set()
        said = {stem(singular(word)) for word in split_identifier(piece.text)}
        hinted = []
        for ref in candidates:
            words = {stem(singular(word)) for word in split_identifier(ref.column)}
            others = words - said - common - {"name", "id", "date"}
            if others and others <= self.stems and not others <= self._table_stems(ref.table):
                hinted.append(ref)
        return hinted or candidates

    def _table_stems(self, table: str) -> set[str]:
        return {stem(singular(word)) for word in split_identifier(table)}

    def _narrowed(self, candidates: Sequence[Ref], strong: tuple[Ref, ...]) -> list[Ref]:
        """Strong ones before near ones, and no key that only refers to another candidate."""
        found = [ref for ref in candidates if ref in strong] or list(candidates)
        return self._merged(found)

    def _merged(self, found: Sequence[Ref]) -> list[Ref]:
        kept = []
        for ref in found:
            edge = self.joins.parent_by(ref.table, ref.column)
            if not (edge and Ref(edge.parent, edge.referred[0]) in found):
                kept.append(ref)
        return kept

    def repeats_names(self, table: str) -> bool:
        """Whether a table without a key of its own has several rows for one name, so that rows are no things."""
        own, names = self.vocabulary.tables[table], self.vocabulary.names_of(table)
        known = len(set(self.values.of(names[0]))) if len(names) == 1 else 0
        # A key beside the name tells the rows apart, declared or not.
        keyed = bool(key_of(own)) and key_of(own) != (names[0].column,)
        return not keyed and 0 < known < (own.row_estimate or 0)

    def named(self, found: Sequence[Piece], tables: Sequence[str]) -> list[str]:
        """Those of the tables that a value of the question is the name of a row of."""
        values = {each.ref for piece in found for each in piece.values}
        return [table for table in tables if values & set(self.vocabulary.names_of(table))]

    def value(self, piece: Piece, home: str | None, only: Sequence[Ref] = (), *, apart: bool = False) -> Found:
        """The column that a value is of, seen from a table; ``apart`` sets it apart from the table's own name."""
        found = [each for each in piece.values if not only or each.ref in only]
        reach = set(self._reachable([each.ref for each in found], home))
        found = [each for each in found if each.ref in reach]
        if apart and len(found) > 1 and home:
            found = [each for each in found if not self._is_name_of(home, each.ref)] or found
        hinted = set(self._hinted(piece, list(dict.fromkeys(each.ref for each in found)), value=True))
        found = [each for each in found if each.ref in hinted]
        refs = list(dict.fromkeys(each.ref for each in found))
        chosen = self._value_column(refs, home)
        if len(chosen) > 1:
            readings = [f"{self.vocabulary.column_words(ref)} {self._as_written(piece)}" for ref in chosen]
            raise self.unclear(piece, readings, " or ".join(f"a {ref.table}.{ref.column}" for ref in chosen[:4]))
        if not chosen:
            raise Unclear(
                f"“{piece.text}” does not go together with {self._words(home)} in this data.", (), (piece.text,)
            )
        same = [each for each in found if each.ref == chosen[0]]
        if len(same) > 1:
            exact = [each for each in same if each.value == piece.text] or same
            if len(exact) > 1:
                raise self.unclear(piece, [f'"{each.value}"' for each in exact], "several values")
            return exact[0]
        return same[0]

    def _is_name_of(self, table: str, ref: Ref) -> bool:
        """Whether a column says which row of the table is meant, in the table or from another."""
        edge = self.joins.parent_by(ref.table, ref.column)
        own = ref.table == table and edge is not None
        return not own and (ref in self.vocabulary.names_of(table) or (edge is not None and edge.parent == table))

    def _as_written(self, piece: Piece) -> str:
        return self.question[piece.start : piece.end]

    def _value_column(self, refs: list[Ref], home: str | None) -> list[Ref]:
        if len(refs) < 2:
            return refs
        own = [ref for ref in refs if ref.table == home]
        twins = [ref for ref in refs if len(own) == 1 and self._is_twin(ref, own[0])]
        if twins:
            return [*own, *twins]
        keys = [ref for ref in own if self.joins.parent_by(ref.table, ref.column)]
        if len(keys) == 1 and len(own) == 1:
            return keys
        if home:
            up = [ref for ref in refs if self.joins.is_up(home, ref.table)]
            refs = self._merged(up or refs)
            if len(own) == 1 and {ref.column for ref in refs} == {own[0].column}:
                return own
        mentioned = [ref for ref in refs if ref.table in self.mentioned and ref.table != home]
        named = [ref for ref in refs if ref in self.vocabulary.names_of(ref.table)]
        for some in (mentioned if len(mentioned) < len(refs) else [], named):
            if len(some) == 1 and not (own and some[0] not in own and some[0] not in named):
                return some
        return refs

    def _is_twin(self, ref: Ref, own: Ref) -> bool:
        """Whether a table that seems to say more of the same rows has the column, too: the two may disagree."""
        key = key_of(self.vocabulary.tables[ref.table])
        edges = [edge for edge in self.joins.edges if (edge.child, edge.parent) == (ref.table, own.table)]
        return ref.column == own.column and ref.column not in key and any(edge.columns == key for edge in edges)

    def date(self, home: str, word: str = "") -> Ref:
        """The column of dates that a time means, of the table or of one above it."""
        tables = [home, *(name for name in self.vocabulary.tables if name != home and self.joins.is_up(home, name))]
        nearest = sorted((self.joins.distance(home, name) or 0, name) for name in tables)
        for distance in sorted({distance for distance, _ in nearest}):
            refs = [ref for at, name in nearest if at == distance for ref in self._dates(name)]
            if word:
                refs = [ref for ref in refs if stem(word) in {stem(part) for part in split_identifier(ref.column)}]
            elif distance and not self._is_event(refs):
                continue
            if refs:
                return self._one_date(refs, word)
        only = self._dates(home)
        if (
            word
            and len(only) == 1
            and set(split_identifier(only[0].column)) <= {"date", "year", "day", "time", "month"}
        ):
            # The one date of a row that says nothing of its own: "papers published in 2020".
            return only[0]
        raise Unclear(f"{self._words(home).capitalize()} have no {word + ' ' if word else ''}date in this data.")

    def _is_event(self, refs: list[Ref]) -> bool:
        """A birth date of a parent is no time of what belongs to it; an order's date is that of its lines."""
        return any(ref.table in self.vocabulary.events() for ref in refs)

    def _dates(self, table: str) -> tuple[Ref, ...]:
        years = (Ref(table, column.name) for column in self.vocabulary.tables[table].columns)
        return self.vocabulary.dates(table) or tuple(
            ref for ref in years if split_identifier(ref.column)[-1:] == ("year",)
        )

    def _one_date(self, refs: list[Ref], word: str) -> Ref:
        own = [
            ref for ref in refs if self._table_stems(ref.table) & {stem(part) for part in split_identifier(ref.column)}
        ]
        hinted = [
            ref
            for ref in refs
            if ({stem(part) for part in split_identifier(ref.column)} - {"date", "time", "at"}) & self.stems
            and ref not in own
        ]
        for some in (refs if word else [], hinted, refs, own):
            if len(some) == 1:
                return some[0]
        words = [self.vocabulary.column_words(ref) for ref in refs]
        raise Unclear(f"There are several dates: {', '.join(words)}. Which one is meant?")

    def revenue(self, home: str | None) -> Ref | Formula:
        """What sales are in this schema: the one formula, or the one column of amounts."""
        formulas = list(self.vocabulary.formulas())
        if home and len(formulas) > 1:
            formulas = [each for each in formulas if self.joins.distance(home, each.price.table) is not None]
        if len(formulas) == 1:
            return formulas[0]
        amounts = [
            Ref(name, column.name)
            for name in self.vocabulary.events()
            for column in self.vocabulary.tables[name].columns
            if " ".join(split_identifier(column.name)) in _AMOUNTS
            and self.vocabulary.is_measure(Ref(name, column.name))
        ]
        if len(amounts) == 1 and not formulas:
            return amounts[0]
        if amounts or formulas:
            raise Unclear("Several columns could be sales here. Name the column that is meant.")
        raise Beyond("Nothing in this data says what was sold for how much: there is no price with a quantity.")

    def costs(self) -> Ref | None:
        """What was spent, where nothing was sold: the one column of costs."""
        if list(self.vocabulary.formulas()) or self.vocabulary.events():
            return None
        refs = [Ref(name, column.name) for name, table in self.vocabulary.tables.items() for column in table.columns]
        costs = [ref for ref in refs if set(split_identifier(ref.column)) <= {"cost", "costs", "spend", "spent", "ad"}]
        return costs[0] if len(costs) == 1 and self.vocabulary.is_measure(costs[0]) else None

    def quality(self, quality: Quality, table: str, piece: Piece) -> Ref:
        """The column of a table that an adjective measures."""
        refs = [Ref(table, column.name) for column in self.vocabulary.tables[table].columns]
        for word in quality.words:
            fitting = [ref for ref in refs if word in split_identifier(ref.column) and self._ordered(ref)]
            if len(fitting) > 1 and word == "date":
                return self._one_date(fitting, "")
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                raise self._several(piece, fitting)
        words = self.vocabulary.table_words(table)
        raise Unclear(
            f"Nothing says by what {words} are “{piece.text}”. Name the column that is meant.", (), (piece.text,)
        )

    def _ordered(self, ref: Ref) -> bool:
        return self.vocabulary.kind(ref) != "text" and not self.vocabulary.is_key(ref)

    def event(self, home: str) -> str:
        """The table in which what was bought or sold of a table's rows is kept."""
        distances = [(self.joins.distance(home, name), name) for name in self.vocabulary.events()]
        known = sorted((distance, name) for distance, name in distances if distance is not None)
        if not known:
            raise Beyond(f"Nothing in this data says what was bought or sold of {self._words(home)}.")
        return known[0][1]

    def check_path(self, start: str, end: str, piece: Piece) -> None:
        """Tables must hang together in one way only."""
        try:
            path = self.joins.path(start, end)
        except SeveralPaths as several:
            ways = [f"{each[-1].edge.child}.{each[-1].edge.columns[0]}" for each in several.paths]
            raise Unclear(
                f"{self._words(start).capitalize()} and {self._words(end)} belong together in several ways"
                f" ({', '.join(dict.fromkeys(ways))}). I cannot tell which one is meant."
            ) from several
        if path is None:
            raise Unclear(f"No key connects {self._words(start)} with {self._words(end)}.", (), (piece.text,))

    def link(self, noun: Noun, other: str, piece: Piece) -> None:
        """A noun is spoken of in connection with another table."""
        if noun.table == other:
            raise Unclear(f"I cannot compare {self._words(other)} with each other yet.")
        self.check_path(noun.table, other, piece)
