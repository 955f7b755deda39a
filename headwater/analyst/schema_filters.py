"""Rules of the grammar for what narrows rows down: values, names, stock, yes and no, and times.

They belong to ``schema_grammar``, which calls them; each says something of the nearest noun that it
fits, or raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from headwater.analyst.schema_drafts import Link, Noun, Relation, Unclear
from headwater.analyst.schema_pieces import Piece
from headwater.analyst.schema_question import Compare, CompareColumns, Missing, Ref, Value, Within
from headwater.analyst.schema_reader import Reading
from headwater.analyst.words import singular, split_identifier


class Filters(Reading):
    """What is said of nouns."""

    def _value(self, piece: Piece) -> None:
        listed = self._listed(piece)
        if self.relation is not None:
            self._relate_value(listed)
            return
        negated, self.negated = self.negated, False
        apart = self.preposition in ("in", "from", "for") and not piece.quoted
        following = self.peek()

        def say(noun: Noun) -> None:
            self._say_value(noun, listed, negated, apart)

        if following is not None and following.meaning.tables and self._describes(piece, following):
            # "Rock tracks": one noun, which the next piece names.
            self.floating.append(say)
            return
        tables = {each.ref.table for each in piece.values}

        def fits(noun: Noun) -> bool:
            return any(self.scope.joins.distance(noun.table, table) is not None for table in tables)

        beside = [figure.noun for figure in self.figures]
        owner = self._owner_of_value(tables)
        if owner is not None and not (len(beside) > 1 and owner is beside[-1]):
            say(owner)
        else:
            self.said_of(fits, say, piece)

    def _owner_of_value(self, tables: set[str]) -> Noun | None:
        """The noun with the shortest way to a value's column; of several, the one spoken of last."""
        found: list[tuple[int, int, Noun]] = []
        for at, noun in enumerate(self.open):
            ways = [self.scope.joins.distance(noun.table, table) for table in tables]
            known = [way for way in ways if way is not None]
            if known:
                found.append((min(known), -at, noun))
        return min(found, key=lambda each: each[:2])[2] if found else None

    def given_column(self, piece: Piece) -> bool:
        """ "sacramento is the capital": the value stands before its column."""
        if self.at < 3 or self.pieces[self.at - 2].kind != "aux" or self.open or len(self.floating) != 1:
            return False
        value = self.pieces[self.at - 3]
        refs = [*piece.meaning.columns, *piece.meaning.near]
        if not any(each.ref in refs for each in value.values):
            return False
        self.floating.clear()

        def say(noun: Noun) -> None:
            found = self.scope.value(value, noun.table, refs)
            self.scope.check_path(noun.table, found.ref.table, value)
            self.say(noun, Compare(found.ref, "=", (found.value,)))

        self.floating.append(say)
        return True

    def _describes(self, piece: Piece, noun: Piece) -> bool:
        """Whether a value stands before the noun that it is said of."""
        if noun.kind in ("revenue", "event") or len(noun.meaning.tables) != 1:
            return False
        table = noun.meaning.tables[0]
        return any(self.scope.joins.is_up(table, each.ref.table) for each in piece.values)

    def focus_or_figure(self, noun: Noun) -> bool:
        """Whether the noun is what is asked for."""
        return noun is self.focus or any(noun is figure.noun for figure in self.figures)

    def _listed(self, piece: Piece) -> list[Piece]:
        """Values of one column in a row: "Germany, France or Italy"."""
        listed = [piece]
        while (joint := self.peek()) is not None and joint.kind in ("and", "or"):
            following = self.peek(1)
            if following is not None and following.kind in ("and", "or"):
                following = self.peek(2)
            if following is None or not following.values or following.meaning.tables or following.sign:
                break
            if not {each.ref for each in following.values} & {each.ref for each in piece.values}:
                break
            listed.append(self.take(following))
        return listed

    def _say_value(self, noun: Noun, listed: list[Piece], negated: bool, apart: bool) -> None:
        compare = self._compare(listed[0], noun, listed, (), apart)
        owner = compare.ref.table
        self.scope.check_path(noun.table, owner, listed[0])
        down = owner != noun.table and not self.scope.joins.is_up(noun.table, owner)
        if len(listed) > 1 and down and not negated and any(p.kind == "and" for p in self.pieces[: self.at]):
            raise Unclear(
                "Is it all of them together, or any one of them? I can only look for any: join them with “or”."
            )
        if down and not negated and self._is_joined(listed[0]) and any(isinstance(each, Compare) for each in noun.said):
            raise Unclear("Is it both at once, each at some time, or any of them? Ask for one of them.")
        if negated and down and not self.focus_or_figure(noun):
            raise Unclear(f"I cannot tell what is to be without {listed[0].text}.", (), (listed[0].text,))
        if negated and down:
            self.say(noun, Link(Noun(owner, said=[compare]), negated=True))
        elif negated:
            if self.scope.repeats_names(owner):
                raise Unclear(
                    f"Several rows stand for one of the {self.vocabulary.table_words(owner)}; “not” is unclear."
                )
            self.say(noun, Compare(compare.ref, "<>", compare.values))
        else:
            self.say(noun, compare)

    def _is_joined(self, piece: Piece) -> bool:
        at = self.pieces.index(piece)
        return at > 0 and self.pieces[at - 1].kind in ("and", "or")

    def _compare(
        self, piece: Piece, noun: Noun, listed: list[Piece], only: Sequence[Ref], apart: bool = False
    ) -> Compare:
        asked = {ref for column in self.columns for ref in (*column.meaning.columns, *column.meaning.near)}
        if not only and asked:
            # "the capital of washington": what is asked for is not what the value is of.
            only = [each.ref for each in piece.values if each.ref not in asked]
        first = self.scope.value(piece, noun.table, only, apart=apart and not noun.implied)
        values: list[Value] = [first.value]
        for other in listed[1:]:
            values.append(self.scope.value(other, noun.table, (first.ref,)).value)
        return Compare(first.ref, "=", tuple(values))

    def _stock(self, piece: Piece) -> None:
        def say(noun: Noun) -> None:
            refs = [
                Ref(noun.table, column.name)
                for column in self.vocabulary.tables[noun.table].columns
                if "stock" in column.name.casefold() and self.vocabulary.is_measure(Ref(noun.table, column.name))
            ]
            if len(refs) != 1:
                raise Unclear(
                    f"Nothing says which {self.vocabulary.table_words(noun.table)} are in stock.", (), (piece.text,)
                )
            empty = (piece.kind == "out of stock") != negated
            self.say(noun, Compare(refs[0], "=" if empty else ">", (0,)))

        negated, self.negated = self.negated, False
        self.said_of(lambda noun: True, say, piece)

    def _named(self, piece: Piece) -> None:
        following = self.peek()
        if following is None:
            raise Unclear("Which name?")
        self.take(following)
        text = following.text

        def say(noun: Noun) -> None:
            names = self.vocabulary.names_of(noun.table)
            if len(names) != 1:
                raise Unclear(f"{self.vocabulary.table_words(noun.table).capitalize()} have several names; say which.")
            if self.vocabulary.kind(names[0]) != "text":
                raise Unclear(f"{self.vocabulary.table_words(noun.table).capitalize()} have no names in this data.")
            patterns = {"named": text, "contains": f"%{text}%", "starts": f"{text}%"}
            self.say(
                noun,
                Compare(
                    names[0], "like" if piece.kind != "named" else "=", (self._exact(names[0], following, patterns),)
                ),
            )

        self.said_of(lambda noun: True, say, piece)

    def _exact(self, ref: Ref, piece: Piece, patterns: dict[str, str]) -> str:
        before = self.pieces[self.pieces.index(piece) - 1]
        if before.kind == "named":
            found = [each.value for each in piece.values if each.ref == ref]
            if not found and self.scope.values.complete(ref):
                raise Unclear(f"Nothing is called “{piece.text}”.", (), (piece.text,))
            return found[0] if found else piece.text
        return patterns[before.kind]

    def has_column(self, piece: Piece) -> bool:
        """ "customers with a fax": the column is not empty."""
        previous = self.pieces[self.at - 2] if self.at > 1 else None
        noun = self.open[-1] if self.open else None
        if previous is None or noun is None or previous.sign is None or previous.sign.arg != "with" or self.function:
            return False
        between = self.scope.question[previous.end : piece.start].strip().casefold()
        refs = [ref for ref in (*piece.meaning.columns, *piece.meaning.near) if ref.table == noun.table]
        if between not in ("a", "an", "any") or len(refs) != 1:
            return False
        self.say(noun, Missing(refs[0], negated=True))
        return True

    def relates(self, piece: Piece) -> bool:
        """ "states that border Texas": a table of pairs relates rows of one table; only its verb says how."""
        for edges in self.scope.joins.pairs():
            named = [edge for edge in edges if Ref(edge.child, edge.columns[0]) in piece.meaning.columns]
            plain = [edge for edge in edges if edge not in named and self._is_plain(edge.columns[0], edge.parent)]
            owner = next((noun for noun in reversed(self.open) if noun.table == edges[0].parent), None)
            if len(named) == 1 and len(plain) == 1 and owner is not None:
                negated, self.negated = self.negated, False
                noun = Noun(edges[0].parent)
                pairs = Relation(edges[0].child, plain[0].columns[0], named[0].columns[0], noun, negated)
                self.say(owner, pairs)
                self.relation = pairs
                return True
        return False

    def _is_plain(self, column: str, table: str) -> bool:
        """Whether a column of pairs is named for the table alone, so that it is who does what the other says."""
        own = set(split_identifier(table)) | {"id", "name", "key", "code"}
        return {singular(word) for word in split_identifier(column)} <= {singular(word) for word in own}

    def related_to(self, noun: Noun) -> None:
        """The other rows of a relation are spoken of."""
        self.relation = None
        self.open.append(noun)

    def _relate_value(self, listed: list[Piece]) -> None:
        relation = self.relation
        if relation is None or len(listed) > 1:
            raise Unclear("Is it any of them, or all? Ask for one after the other.")
        noun, behind = relation.noun, self.peek()
        if behind is not None and behind.meaning.tables and behind.meaning.tables != (noun.table,):
            raise Unclear(f"Only {self.vocabulary.table_words(noun.table)} are related so.", (), (behind.text,))
        found = self.scope.value(listed[0], noun.table, self.vocabulary.names_of(noun.table))
        self.say(noun, Compare(found.ref, "=", (found.value,)))
        self.relation = None

    def happened(self, piece: Piece) -> bool:
        """ "orders that have (not) been shipped": that a date is there, or is missing; whether it is that."""
        following = self.peek()
        led = following is not None and (
            following.kind in ("prep", "by", "event") or following.values or following.number
        )
        if led or not self.open:
            return False
        noun = self.open[-1]
        try:
            ref = self.scope.date(noun.table, piece.date_word)
        except Unclear:
            return False
        if ref.table != noun.table:
            return False
        negated, self.negated = self.negated, False
        self.say(noun, Missing(ref, negated=not negated))
        return True

    def _date_follows(self) -> bool:
        following = self.peek(past=("prep",))
        return following is not None and (
            following.time is not None or following.kind in ("after", "before", "between")
        )

    def _dated(self, piece: Piece) -> None:
        """after, before, since: an open period, or two dates of one row compared."""
        following = self.peek(past=("prep",))
        if following is None:
            raise Unclear(f"I cannot tell what stands {piece.text} what.", (), (piece.text,))
        if following.meaning.columns and piece.sign and piece.sign.arg != "=":
            self._compare_dates(piece, following)
            return
        if following.time and following.time.dates:
            first, last = following.time.dates.first, following.time.dates.last
        elif following.number is not None and 1000 <= following.number <= 2999:
            first, last = _year(int(following.number))
        elif piece.text.casefold() == "from":
            self.preposition = "from"
            return
        else:
            raise Unclear(f"I cannot tell what stands {piece.text} what.", (), (piece.text,))
        self.take(following)
        if piece.kind == "before":
            self.within(piece, None, first)
        else:
            self.within(piece, first if piece.sign and piece.sign.arg == "=" else _next(last), None)

    def _compare_dates(self, piece: Piece, following: Piece) -> None:
        word, self.date_word = self.date_word, ""
        self.take(following)

        def say(noun: Noun) -> None:
            right = self.scope.column(following, noun.table)
            left = self.scope.date(noun.table, word)
            if left.table != noun.table or right.table != noun.table or self.vocabulary.kind(right) != "time":
                raise Unclear("I can only compare two dates of the same row.")
            self.say(noun, CompareColumns(left, ">" if piece.kind == "after" else "<", right))

        if not word:
            raise Unclear(f"What is {piece.text} “{following.text}”?", (), (piece.text,))
        self.said_of(lambda noun: True, say, piece)

    def _time(self, piece: Piece) -> None:
        time = piece.time
        if time is None or time.dates is None or time.kind not in ("span", "future"):
            raise Unclear(
                f"I cannot tell which days “{piece.text}” means. Write dates as 2026-11-03.", (), (piece.text,)
            )
        if piece.text.casefold().startswith("since"):
            self.within(piece, time.dates.first, None)
        else:
            self.within(piece, time.dates.first, _next(time.dates.last))

    def _flag(self, piece: Piece, wanted: str) -> bool:
        """A column of yes and no, as an adjective: "discontinued products"."""
        noun_piece = self.peek()
        home = self.base().table if self.open else None  # type: ignore[union-attr]
        if home is None and noun_piece is not None and noun_piece.meaning.tables:
            home = noun_piece.meaning.tables[0]
        refs = [ref for ref in (*piece.meaning.columns, *piece.meaning.near) if ref.table == home]
        flags = self.vocabulary.flag(refs[0], self.scope.values.of(refs[0])) if len(refs) == 1 else None
        if flags is None:
            if wanted == "no" and len(refs) == 1 and self.denial == "without":
                self.said_of(lambda noun: noun.table == home, lambda noun: self.say(noun, Missing(refs[0])), piece)
                return True
            if wanted == "no":
                raise Unclear(f"I cannot tell what “not {piece.text}” is.", (), (piece.text,))
            return False
        value = flags[0] if wanted == "yes" else flags[1]
        self.said_of(
            lambda noun: noun.table == home, lambda noun: self.say(noun, Compare(refs[0], "=", (value,))), piece
        )
        return True

    def within(self, piece: Piece, start: date | None, end: date | None) -> None:
        """A period is said of the nearest noun that has a date."""
        word, self.date_word = self.date_word, ""

        def dated(noun: Noun) -> bool:
            try:
                self.scope.date(noun.table, word)
            except Unclear as problem:
                return "several dates" in problem.text
            return True

        def say(noun: Noun) -> None:
            self.say(noun, Within(self.scope.date(noun.table, word), start, end))

        self.said_of(dated, say, piece)


def _next(day: date) -> date | None:
    return day + timedelta(days=1) if day < date.max else None


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)
