"""Rules of the grammar for comparisons, adjectives, groups, ranks and order.

They belong to ``schema_grammar``, which calls them; each places what one piece asks for, or raises.
"""

from __future__ import annotations

import msgspec

from headwater.analyst.schema_drafts import ExtremeDraft, Figure, Group, Noun, Rank, Unclear
from headwater.analyst.schema_figures import Figures
from headwater.analyst.schema_lexicon import MILLISECONDS, Quality
from headwater.analyst.schema_pieces import Piece
from headwater.analyst.schema_question import Compare, Formula, Operator, Ref
from headwater.analyst.words import singular, split_identifier

_BETWEEN = ("aux", "prep", "all", "relative", "mark")


class Rules(Figures):
    """Comparisons, adjectives, groups and ranks."""

    # Comparisons

    def compare(self, piece: Piece) -> None:
        """ "more than 10 orders", "over 5 million inhabitants"."""
        value, number = self._amount(piece)
        following = self.peek(past=("prep",)) if self.peek() and self.peek().kind != "prep" else self.peek()  # type: ignore[union-attr]
        if following is not None and following.kind == "prep" and following.text.casefold() in ("of", "in"):
            following = self.peek(1)
        if following is None:
            raise Unclear(f"{piece.text} {number.text} of what?", (), (number.text,))
        if following.meaning.tables and following.kind != "revenue":
            self.take(following)
            self._compared(Figure("count", Noun(self.one_table(following))), piece, value, number)
        elif following.kind == "revenue":
            self.take(following)
            of = self.scope.revenue(self.focus.table if self.focus else None)
            table = of.price.table if isinstance(of, Formula) else of.table
            self._compared(Figure("sum", Noun(table), of), piece, value, number)
        elif following.meaning.columns or following.meaning.near:
            self.take(following)
            self._compare_column(following, piece, value, number)
        else:
            raise Unclear(f"{piece.text} {number.text} of what?", (), (number.text,))

    def _compare_column(self, column: Piece, piece: Piece, value: float, number: Piece) -> None:
        operator = self._operator(piece)

        def say(noun: Noun) -> None:
            ref = self.scope.column(column, noun.table)
            if not self.scope.joins.is_up(noun.table, ref.table):
                raise Unclear(f"Is it a single {column.text}, or the sum of all? I cannot tell.", (), (column.text,))
            self._check_amount(ref, column)
            self.say(noun, Compare(ref, operator, (_whole(value),)))

        self.said_of(lambda noun: True, say, number)

    def _check_amount(self, ref: Ref, piece: Piece) -> None:
        if self.vocabulary.kind(ref) != "number":
            raise Unclear(f"“{piece.text}” is no number in this data.", (), (piece.text,))

    def filter_column(self, piece: Piece) -> bool:
        """ "unit price over 50", "rating between 3 and 4", "country is Germany": a column that begins a condition."""
        following = self.peek(past=_BETWEEN)
        if following is None or self.function:
            return False
        if following.kind == "cmp":
            behind = self.pieces[self.pieces.index(following, self.at) + 2 :]
            if behind and (behind[0].meaning or behind[0].kind == "revenue"):
                return False
            self.take(following)
            if self.peek(past=("mark",)) is None:
                raise Unclear(f"“{following.text}” what?", (), (following.text,))
            value, number = self._amount(following)
            self._compare_column(piece, following, value, number)
            return True
        if following.kind == "between":
            self.take(following)
            self._between_column(piece)
            return True
        beside = self.peek()
        if beside is not None and beside.text.casefold() == "of" and following.number is not None:
            beside = following
        if beside is following and following.number is not None and not following.values and not following.meaning:
            self.take(following)
            self._compare_column(piece, msgspec.structs.replace(following, sign=None), following.number, following)
            return True
        return self._apposed_value(piece, following)

    def _apposed_value(self, piece: Piece, following: Piece) -> bool:
        """ "country Germany", "genre is Rock", "ship country is not Germany"."""
        beside = self.peek()
        negated = following.kind in ("not", "except")
        if negated:
            following = self.pieces[self.pieces.index(following) + 1] if following is not self.pieces[-1] else following
        refs = [*piece.meaning.columns, *piece.meaning.near]
        values = [each for each in following.values if each.ref in refs]
        said = (
            beside is following
            or negated
            or (beside is not None and beside.text.casefold() in ("is", "are", "was", "="))
        )
        if not values or not said or (following.meaning and not following.quoted):
            return False
        self.take(following)
        others = self._listed(following)[1:]

        def say(noun: Noun) -> None:
            found = self.scope.value(following, noun.table, refs)
            self.scope.check_path(noun.table, found.ref.table, following)
            more = [self.scope.value(other, noun.table, (found.ref,)).value for other in others]
            self.say(noun, Compare(found.ref, "<>" if negated else "=", (found.value, *more)))

        tables = {each.ref.table for each in values}
        self.said_of(
            lambda noun: any(self.scope.joins.distance(noun.table, table) is not None for table in tables),
            say,
            following,
        )
        return True

    def between(self, piece: Piece) -> None:
        """Only behind a column, or of a time."""
        raise Unclear("Between what? Name the column before “between”.", (), (piece.text,))

    def _between_column(self, column: Piece) -> None:
        low = self.peek()
        high = self.peek(2)
        joint = self.peek(1)
        if not (low and high and joint and joint.kind == "and" and low.number is not None and high.number is not None):
            raise Unclear("I need two numbers: between 10 and 20.")
        self.take(high)
        self._bound(column, ">=", low.number, low)
        self._bound(column, "<=", high.number, low)

    def _bound(self, column: Piece, operator: Operator, value: float, number: Piece) -> None:
        def say(noun: Noun) -> None:
            ref = self.scope.column(column, noun.table)
            self._check_amount(ref, column)
            self.say(noun, Compare(ref, operator, (_whole(value),)))

        self.said_of(lambda noun: True, say, number)

    # Adjectives

    def quality(self, piece: Piece, *, asked: bool = False) -> None:
        """ "longest", "more expensive than 50", "how long"."""
        quality = piece.quality
        if quality is None:
            raise Unclear(f"I do not know “{piece.text}” here.", (), (piece.text,))
        if asked:
            self.asked.append((piece, quality))
            return
        following = self.peek()
        if following is not None and following.kind == "than":
            self.take(following)
            self._longer(piece, quality)
            return
        superlative = piece.text.casefold().endswith("est") or (self.rank is not None and self.rank_waits)
        if not superlative:
            raise Unclear(f"How “{piece.text}”? I need a number or a superlative.", (), (piece.text,))
        largest = quality.largest
        if self.rank and self.rank_waits:
            largest = quality.largest if self.rank.most else not quality.largest
            self.rank, self.rank_waits = None, False
        self._superlative(piece, quality, largest)

    def _superlative(self, piece: Piece, quality: Quality, largest: bool) -> None:
        following, behind = self.peek(past=("all",)), self.peek(1)
        joined = following is not None and following.kind in ("prep", "by") and behind is not None
        ref = self.own_measure(behind, self.focus) if joined and behind and self.focus else None
        if behind is not None and ref is not None:
            # "the largest in population": by what is said outright.
            self.rank = Rank(largest, self._counted())
            self._rank_by(behind, ref)
            return
        if following is not None and (following.kind in ("agg", "revenue", "count") or self._names_amount(following)):
            nested = self.base()
            if nested is not None and nested is not self.focus and self._is_nested(nested, following, largest):
                return
            if not self.focus and not self.focus_column and self._names_amount(following) and not self.columns:
                self.function = "max" if largest else "min"
                return
            self.rank, self.rank_waits, self.rank_by_adjective = Rank(largest, self._counted()), True, True
            if self._names_amount(following) and self.focus is not None and self.own_measure(following, self.focus):
                self._rank_by(following, self.scope.column(following, self.focus.table))
            return
        if (
            following is not None
            and not following.meaning.tables
            and (following.meaning.columns or following.meaning.near)
        ):
            raise Unclear(f"I cannot tell by what “{following.text}” is “{piece.text}”.", (), (piece.text,))
        self.superlative = (piece, quality, largest)
        if following is None or not following.meaning.tables or following.kind == "prep":
            noun = self.focus
            if noun is None:
                if following is not None and (following.values or following.number is not None or following.meaning):
                    return
                raise Unclear(f"The “{piece.text}” of what?", (), (piece.text,))
            self.superlative_of(noun)

    def _is_nested(self, noun: Noun, following: Piece, largest: bool) -> bool:
        """ "the state with the largest population" inside a longer question: only that row is meant."""
        ref = self.own_measure(following, noun) if not following.meaning.tables else None
        if ref is None or any(noun is figure.noun for figure in self.figures):
            return False
        self.take(following)
        behind = self.peek()
        if behind is not None and not behind.sign and not behind.meaning.tables and behind.meaning:
            raise Unclear(f"I know “{following.text}” and “{behind.text}”, but not both as one.", (), (behind.text,))
        self.say(noun, ExtremeDraft(ref, largest))
        return True

    def _names_amount(self, piece: Piece) -> bool:
        refs = (*piece.meaning.columns, *piece.meaning.near)
        return bool(refs) and not piece.meaning.tables and any(self.vocabulary.kind(ref) != "text" for ref in refs)

    def superlative_of(self, noun: Noun) -> None:
        """The adjective that waits is said of this noun."""
        if self.superlative is None:
            return
        piece, quality, largest = self.superlative
        self.superlative = None
        ref = self.scope.quality(quality, noun.table, piece)
        if noun is self.focus:
            if self.rank and (self.rank.column or self.rank.figure):
                raise Unclear("I cannot rank by two things at once.")
            self.rank = Rank(largest, self.rank.count if self.rank else self._counted(), column=ref)
        else:
            self.say(noun, ExtremeDraft(ref, largest))

    def more(self, piece: Piece) -> None:
        """ "more expensive than 50", "less expensive than 50"."""
        adjective, than = self.peek(), self.peek(1)
        if adjective is None or adjective.quality is None or than is None or than.kind != "than":
            raise Unclear(f"“{piece.text}” than what?", (), (piece.text,))
        self.take(than)
        largest = adjective.quality.largest == (piece.sign is not None and piece.sign.arg == "more")
        self._longer(adjective, Quality(adjective.quality.words, largest))

    def _longer(self, piece: Piece, quality: Quality) -> None:
        value, number = self._amount(piece)
        unit = self.peek()
        factor = MILLISECONDS.get(singular(unit.text.casefold())) if unit is not None else None
        if unit is not None and factor:
            self.take(unit)

        def say(noun: Noun) -> None:
            ref = self.scope.quality(quality, noun.table, piece)
            own = next(
                (size for word, size in MILLISECONDS.items() if word in map(singular, split_identifier(ref.column))), 0
            )
            if bool(factor) != bool(own) and factor:
                raise Unclear(f"Nothing says in which unit {self.vocabulary.column_words(ref)} is.", (), (number.text,))
            if own and not factor:
                raise Unclear(f"{number.text} of which unit?", (), (number.text,))
            scaled = value * factor / own if factor and own else value
            self.say(noun, Compare(ref, ">" if quality.largest else "<", (_whole(scaled),)))

        self.said_of(lambda noun: True, say, number)

    # Groups, ranks and order

    def group(self, piece: Piece) -> None:
        """ "per country", "for each customer and year"."""
        while True:
            following = self.peek(past=("all", "distinct"))
            if following is None or not self._can_group(following):
                raise Unclear(f"“{piece.text}” what?", (), (piece.text,))
            self.take(following)
            self._add_group(following)
            joint, after = self.peek(), self.peek(1)
            if after is not None and after.kind in ("group", "by"):
                after = self.peek(2)
            if not (joint and joint.kind == "and" and after and self._can_group(after) and self._ends_after(after)):
                return
            while self.peek() is not after:
                self.at += 1

    def _ends_after(self, piece: Piece) -> bool:
        at = self.pieces.index(piece, self.at) + 1
        return at >= len(self.pieces) or bool(self.pieces[at].sign) or self.pieces[at].time is not None

    def _can_group(self, piece: Piece) -> bool:
        if piece.kind == "grain":
            return True
        return bool(piece.meaning.tables or piece.meaning.columns or piece.meaning.near) and piece.kind != "revenue"

    def _add_group(self, piece: Piece) -> None:
        meaning = piece.meaning
        if piece.kind == "grain" and not any(ref.table in self.scope.mentioned for ref in meaning.columns):
            self.groups.append(Group(self.at, grain=piece.sign.arg, text=piece.text))  # type: ignore[union-attr, arg-type]
        elif meaning.tables:
            self.groups.append(Group(self.at, table=self.one_table(piece), text=piece.text))
        else:
            self.groups.append(Group(self.at, candidates=meaning.columns, near=meaning.near, text=piece.text))
        self.group_pieces.append(piece)

    def by(self, piece: Piece) -> None:
        """By what to group, to rank, or who did it: what follows decides."""
        following = self.peek(past=("all",))
        if following is None:
            raise Unclear("By what?", (), (piece.text,))
        ranks = following.kind in ("agg", "count", "revenue", "most", "distinct")
        if self.rank and not (self.rank.figure or self.rank.column):
            self._ranked_by(following)
        elif ranks and (self.focus or self.focus_column) and not self.figures:
            self.rank, self.rank_waits = Rank(True, self._counted()), True
        elif following.values and not following.meaning.tables:
            self.preposition = "by"
        elif self.figures and self._can_group(following) and not self._value_behind(following):
            self.group(piece)
        elif self.focus and not self.figures and self._can_group(following) and self.own_measure(following, self.focus):
            self.take(following)
            self.order = (following, None)
        elif (
            self._can_group(following)
            and not self.figures
            and (self.columns or self.focus)
            and not self._value_behind(following)
        ):
            self.group(piece)
        else:
            self.preposition = "by"

    def _value_behind(self, piece: Piece) -> bool:
        at = self.pieces.index(piece, self.at) + 1
        following = self.pieces[at] if at < len(self.pieces) else None
        previous = self.pieces[at - 3] if at > 2 else None
        plural = bool(piece.meaning.tables) and singular(piece.text.casefold()) != piece.text.casefold()
        passive = previous is not None and previous.verb
        if following is None:
            return passive and plural
        return bool(following.values and not following.meaning) or (plural and following.kind in ("prep", "relative"))

    def _ranked_by(self, following: Piece) -> None:
        assert self.rank  # noqa: S101
        self.rank_waits = True
        if following.meaning.tables or following.kind in ("agg", "count", "revenue", "distinct", "most"):
            if following.kind == "most":
                self.take(following)
            return
        if self.focus and (ref := self.own_measure(following, self.focus)):
            self.take(following)
            self.rank.column, self.rank_waits = ref, False

    def most(self, piece: Piece) -> None:
        """ "the most orders", "fewest", and "most" before an adjective."""
        if self.rank is not None:
            raise Unclear("I cannot rank by two things at once.")
        following = self.peek(past=("all",))
        self.rank = Rank(piece.sign is not None and piece.sign.arg == "most", self._counted())
        self.rank_waits = True
        if following is None:
            raise Unclear(f"The “{piece.text}” of what?", (), (piece.text,))
        nested, largest = self.base(), self.rank.most
        if nested is not None and nested is not self.focus and self._is_nested(nested, following, largest):
            self.rank, self.rank_waits = None, False
        elif self.focus and not following.meaning.tables and (ref := self.own_measure(following, self.focus)):
            self._rank_by(following, ref)

    def _rank_by(self, piece: Piece, ref: Ref) -> None:
        """Rank what is asked for by its own column, where nothing else was spoken of in between."""
        self.take(piece)
        behind = self.peek()
        beside = behind is not None and not behind.sign and not behind.meaning.tables and bool(behind.meaning)
        if self.base() is not self.focus or beside or self.rank is None:
            raise Unclear(f"I cannot tell what “{piece.text}” is to rank.", (), (piece.text,))
        self.rank.column, self.rank_waits = ref, False

    def top(self, piece: Piece) -> None:
        """ "top 5 customers by sales"."""
        if self.rank is not None:
            raise Unclear("I cannot rank by two things at once.")
        number = self.peek()
        count = self._counted()
        if number is not None and number.number is not None and not number.values:
            self.take(number)
            count = int(number.number)
        self.rank = Rank(piece.sign is not None and piece.sign.arg == "most", count)
        if count is not None and count < 1:
            raise Unclear("How many of the best?")
        following = self.peek()
        if following is not None and following.kind == "most":
            self.take(following)
            following = self.peek()
        if following is not None and following.quality:
            self.count, self.rank = count, None
            self.take(following)
            self._superlative(
                following,
                following.quality,
                following.quality.largest == (piece.sign is not None and piece.sign.arg == "most"),
            )
        elif following is not None and following.kind == "best seller":
            raise self._no_basis()

    def best_seller(self, piece: Piece) -> None:
        """Best by what? Only what follows can say."""
        self.rank = self.rank or Rank(True, self._counted())

    def _no_basis(self) -> Unclear:
        return Unclear("Best by what? Say “by sales”, “by quantity” or “by number of orders”.")

    def ordered(self, piece: Piece) -> None:
        """ "sorted by price descending"."""
        following = self.peek(past=("agg", "count"))
        if following is not None and following.values and not following.meaning and "order" in piece.text.casefold():
            # "products ordered by Ernst Handel": who ordered them.
            self.event(piece)
            return
        named = following is not None and (following.meaning or following.kind in ("revenue", "grain"))
        if following is None or not named or self.order:
            raise Unclear("Sorted by what?", (), (piece.text,))
        self.take(following)
        self.order = (following, None)

    def direction(self, piece: Piece) -> None:
        """Which way to sort what is sorted already."""
        if self.order is None:
            raise Unclear(f"“{piece.text}” by what?", (), (piece.text,))
        self.order = (self.order[0], piece.kind == "desc")


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value
