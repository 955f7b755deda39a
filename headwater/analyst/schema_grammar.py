"""The grammar: from the pieces of a question to what it means, or to what must be asked.

Each piece is read by the rule of its kind, from left to right; a rule may look ahead. Nothing is
skipped: a piece that no rule can place raises ``Unclear``, because what it says could change the
answer. Comparisons, ranks and groups are in ``schema_rules``; what is understood is put together in
``schema_meaning``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headwater.analyst.schema_drafts import Beyond, Group, Link, Noun, Unclear
from headwater.analyst.schema_pieces import Piece
from headwater.analyst.schema_question import Compare, Function
from headwater.analyst.schema_reader import Reading
from headwater.analyst.schema_rules import Rules
from headwater.analyst.schema_scope import Scope
from headwater.analyst.words import singular, split_identifier

_ALWAYS_SIGNS = ("prep", "by", "group", "named", "contains", "starts")
_FUNCTIONS: dict[str, Function] = {"sum": "sum", "avg": "avg", "max": "max", "min": "min"}
_TAKES_OBJECT = ("to", "by", "of", "for", "from", "with")
_PERIODS = ("day", "week", "month", "quarter", "year", "date")
_PLAIN = ("prep", "and", "aux", "relative", "all", "than", "or")


class Grammar(Rules):
    """One reading of one question."""

    def __init__(self, found: Sequence[Piece], scope: Scope) -> None:
        super().__init__(found, scope)
        self.signs: dict[str, Callable[[Piece], None]] = {
            "count": self._count,
            "agg": self._aggregate,
            "much": self._much,
            "how": self._how,
            "distinct": self._distinct,
            "group": self.group,
            "by": self.by,
            "most": self.most,
            "top": self.top,
            "without": self._negate,
            "not": self._negate,
            "except": self._negate,
            "cmp": self.compare,
            "between": self.between,
            "after": self._dated,
            "before": self._dated,
            "order": self.ordered,
            "desc": self.direction,
            "asc": self.direction,
            "in stock": self._stock,
            "out of stock": self._stock,
            "named": self._named,
            "contains": self._named,
            "starts": self._named,
            "grain": self._grain,
            "over time": self._over_time,
            "event": self.event,
            "spend": self.revenue,
            "best seller": self.best_seller,
            "order value": self.order_value,
            "revenue": self.revenue,
            "more": self.more,
        }

    def read(self) -> Reading:
        """Read all pieces."""
        if self.pieces and self.pieces[0].start == 0 and self.pieces[0].text.casefold() in ("name", "list"):
            self.at = 1
        if self.pieces and self.pieces[0].text.casefold() == "where":
            self.where, self.at = True, 1
            if (verb := self.peek()) is None or verb.kind != "aux":
                raise Unclear("Where is what? Ask for the column that says it, such as the city or the country of …")
        if self.pieces and self.pieces[0].text.casefold() == "who" and self.pieces[1:] and self.pieces[1].verb:
            raise Unclear("Who is it: say which table's rows you look for, such as customers or employees.")
        while (piece := self.peek()) is not None:
            self.at += 1
            self._step(piece)
        self._check_spent()
        return self

    def _check_spent(self) -> None:
        self._check_averages()
        if self.relation is not None:
            raise Unclear(f"Which {self.vocabulary.table_words(self.relation.noun.table)} are meant?")
        if self.negated:
            raise Unclear("I cannot tell what is denied.")
        if self.date_word:
            raise Unclear(f"I cannot tell what “{self.date_word}” asks for.", (), (self.date_word,))
        if self.number is not None:
            raise Unclear(f"I cannot tell what {self.number:g} is.", (), (f"{self.number:g}",))
        if (self.function or self.outer) and not self.weak:
            raise Unclear("I cannot tell what is to be counted or measured.")

    def _step(self, piece: Piece) -> None:
        if piece.meaning.secret:
            raise Beyond(f"“{piece.text}” is kept secret in this data; I do not read it.")
        if piece.time:
            self._time(piece)
        elif self._is_sign(piece):
            self._sign(piece)
        elif piece.quality and not piece.meaning.tables:
            self.quality(piece)
        elif piece.meaning.tables:
            self._noun(piece)
        elif piece.values and not (piece.meaning.columns and not piece.quoted):
            self._value(piece)
        elif piece.meaning.columns or piece.meaning.near:
            self._column(piece)
        elif piece.number is not None:
            self._number(piece)
        elif piece.date_word and self._date_follows():
            self.date_word = piece.date_word
        elif piece.date_word and self.happened(piece):
            return
        elif not (piece.verb or piece.harmless):
            raise Unclear(f"I do not know “{piece.text}” here.", (), (piece.text,))

    def _is_sign(self, piece: Piece) -> bool:
        """Whether a piece that may be a sign or a name is the sign."""
        if not piece.sign:
            return False
        if piece.kind == "agg" and (piece.meaning.columns or piece.meaning.near):
            following = self.peek(past=("prep",))
            return following is not None and (
                bool(following.meaning) or following.kind in ("revenue", "count", "distinct")
            )
        if piece.kind in ("event", "revenue") and piece.meaning.tables:
            return (
                piece.kind == "revenue" and any(True for _ in self.vocabulary.formulas()) and self.function != "count"
            )
        if piece.kind == "revenue" and piece.meaning.columns:
            return False
        return not (piece.meaning.tables or piece.meaning.columns) or piece.kind in _ALWAYS_SIGNS

    def _sign(self, piece: Piece) -> None:
        if piece.kind in _PLAIN:
            self.preposition = piece.sign.arg if piece.sign and piece.kind == "prep" else self.preposition
        elif piece.kind in self.signs:
            self.signs[piece.kind](piece)
        else:
            raise Unclear(f"I do not know “{piece.text}” here.", (), (piece.text,))

    def _count(self, piece: Piece) -> None:
        self.outer = self.function if self.function in ("avg", "min", "max") else None
        self.function = "count"

    def _aggregate(self, piece: Piece) -> None:
        following = self.peek(past=("prep", "all"))
        if self.function or self.number is not None:
            raise Unclear(f"I cannot tell what “{piece.text}” asks for here.")
        if following is not None and following.kind == "count" and piece.sign and piece.sign.arg == "sum":
            return
        self.function = _FUNCTIONS[piece.sign.arg] if piece.sign else None

    def _much(self, piece: Piece) -> None:
        self.function, self.weak = "sum", True

    def _how(self, piece: Piece) -> None:
        following = self.peek()
        if following is None or not following.quality:
            raise Unclear("I answer how many, how much, which and what; I cannot say how or why.")
        self.quality(self.take(following), asked=True)

    def _distinct(self, piece: Piece) -> None:
        self.distinct = True
        if piece.text.casefold().startswith("number"):
            self._count(piece)

    def _negate(self, piece: Piece) -> None:
        if self.negated:
            raise Unclear("I cannot read two denials in one question.")
        self.negated, self.denial = True, piece.kind

    def _noun(self, piece: Piece) -> None:
        table = self.one_table(piece)
        if self.relation is not None and self.relation.noun.table == table:
            self.related_to(self.relation.noun)
            self.superlative_of(self.open[-1])
            self._apposition(table, piece)
            return
        self._check_described(piece, table)
        negated, self.negated = self.negated, False
        if self.function or (self.rank and self.rank.figure is None and self.rank.column is None and self.rank_waits):
            if negated:
                raise Unclear("I cannot read the denial here.")
            self.figure_of_rows(table, piece)
        elif not negated and self._begins(table):
            self._begin(Noun(table), piece)
        elif not negated and (same := self._same(table)):
            self.opened(same)
        elif not negated and self._listed_beside(piece, table):
            self.columns.append(piece)
            return
        else:
            self._linked(table, piece, negated)
        self._apposition(table, piece)

    def _check_described(self, piece: Piece, table: str) -> None:
        """A column right before another table's rows says something of them that the schema does not."""
        previous = self.pieces[self.at - 2] if self.at > 1 else None
        if (
            previous is None
            or previous.sign
            or previous.values
            or previous.meaning.tables
            or previous.number is not None
        ):
            return
        refs = (*previous.meaning.columns, *previous.meaning.near)
        if refs and previous in self.columns and not any(ref.table == table for ref in refs):
            raise Unclear(f"I know “{previous.text}” and “{piece.text}”, but not both as one.", (), (piece.text,))

    def _begins(self, table: str) -> bool:
        return self.focus is None and self.focus_column is None and not self.figures

    def _begin(self, noun: Noun, piece: Piece) -> None:
        owner = self._owner_of_columns(noun)
        if owner is not None:
            # "the unit price of order 10248": its lines have it, and belong to it.
            self.focus, self.focus_piece = owner, piece
            self.say(owner, Link(noun))
            self.opened(owner)
            self.open.append(noun)
            return
        self.focus, self.focus_piece = noun, piece
        if self.number is not None:
            self._limit_to(self.number)
        self.opened(noun)
        self.superlative_of(noun)

    def _owner_of_columns(self, noun: Noun) -> Noun | None:
        """Where the columns that were asked for are only those of one table below: its rows are looked for."""
        refs = [ref for piece in self.columns for ref in (*piece.meaning.columns, *piece.meaning.near)]
        tables = {ref.table for ref in refs}
        if len(tables) != 1 or any(self.scope.joins.is_up(noun.table, table) for table in tables) or self.number:
            return None
        (table,) = tables
        one_way = self.scope.joins.is_up(table, noun.table) and self.superlative is None and self.rank is None
        return Noun(table, implied=True) if one_way else None

    def _limit_to(self, number: float) -> None:
        self.number = None
        if number < 1 or number != int(number):
            raise Unclear(f"{number:g} is no number of rows.")
        if self.rank:
            self.rank.count = int(number)
        else:
            self.count = int(number)

    def _same(self, table: str) -> Noun | None:
        """A table that was spoken of already, where nothing tells two of its rows apart."""
        found = [noun for noun in self.open if noun.table == table]
        figures = [figure.noun for figure in self.figures if figure.noun.table == table]
        if self.focus and self.focus.table == table and (self.figures or self.rank):
            return self.focus
        previous = self.pieces[self.at - 2] if self.at > 1 else None
        joined = self.preposition in ("of", "for", "in") or (previous is not None and previous.kind == "aux")
        return figures[0] if figures and joined and figures[0] in found else None

    def _listed_beside(self, piece: Piece, table: str) -> bool:
        """ "products and their categories": what is listed beside the rows themselves."""
        previous = self.pieces[self.at - 2] if self.at > 1 else None
        return bool(
            self.focus and not self.figures and previous is not None and previous.kind == "and"
            and self.scope.joins.is_up(self.focus.table, table) and table != self.focus.table
        )  # fmt: skip

    def _linked(self, table: str, piece: Piece, negated: bool) -> None:
        owner = self.focus if negated and self.focus else self.base()
        if owner is None and self.focus_column is not None:
            self.opened(Noun(table))
            if negated:
                raise Unclear("I cannot read the denial here.")
            return
        if owner is None:
            raise Unclear(f"I cannot tell what “{piece.text}” is said of.", (), (piece.text,))
        if not (negated and self.focus):
            owner = self.nearest([table], owner)
        previous = self.pieces[self.at - 2] if self.at > 1 else None
        if previous is not None and previous.kind == "and" and not negated:
            raise Unclear(
                f"I cannot tell what “{piece.text}” is listed with. Ask for one after the other.", (), (piece.text,)
            )
        self.scope.link(owner, table, piece)
        noun = Noun(table)
        self.say(owner, Link(noun, negated))
        self.opened(noun)
        self.superlative_of(noun)

    def _apposition(self, table: str, piece: Piece) -> None:
        """A name or number right behind a table: "category Beverages", "order 10248"."""
        following = self.peek()
        if following is None or following.sign or not self.open:
            return
        noun = self.open[-1]
        if noun.table != table:
            return
        if following.number is not None and not following.values and not following.time:
            key = self.vocabulary.key_number(table)
            one = singular(piece.text.casefold()) == piece.text.casefold()
            if key and one and not self._unit_follows():
                self.take(following)
                self.say(noun, Compare(key, "=", (int(following.number),)))
        elif following.values and any(each.ref.table == table for each in following.values) and not following.meaning:
            self.take(following)
            only = [each.ref for each in following.values if each.ref.table == table]
            self.say(noun, self._compare(following, noun, self._listed(following), only))

    def _unit_follows(self) -> bool:
        after = self.peek(1)
        return after is not None and bool(after.meaning)

    def _column(self, piece: Piece) -> None:
        if self.relates(piece):
            return
        if any(
            edge.child == edge.parent and edge.columns == (ref.column,) and edge.child == ref.table
            for ref in piece.meaning.columns
            for edge in self.scope.joins.edges
        ):
            raise Unclear(f"I cannot follow “{piece.text}” from one row of a table to another yet.", (), (piece.text,))
        self._check_object(piece)
        if self.filter_column(piece) or self.given_column(piece) or self.has_column(piece):
            return
        self._check_beside(piece)
        previous = self.pieces[self.at - 2] if self.at > 1 else None
        if previous is not None and previous.text.casefold() == "and" and self._lists_figures():
            # "total impressions and clicks": both are totals.
            self.function = self.listed_function
        negated, self.negated = self.negated, False
        if self._flag(piece, "no" if negated else "yes"):
            return
        if self.function or (self.rank_waits and self.rank):
            self.figure_of_column(piece)
        elif self.focus is None and not self.columns and not self.figures and self._column_asked(piece):
            self.focus_column = Group(
                self.at, candidates=piece.meaning.columns, near=piece.meaning.near, text=piece.text
            )
            self.focus_piece = piece
            if self.number is not None:
                self._limit_to(self.number)
        else:
            self.columns.append(piece)

    def _check_beside(self, piece: Piece) -> None:
        """Two columns side by side, or one of another, are something that is not in the schema as such."""
        previous = self.pieces[self.at - 2] if self.at > 1 else None
        if previous is not None and previous.text.casefold() == "of" and self.at > 2:
            previous = self.pieces[self.at - 3]
        if previous is None or previous.sign or previous.meaning.tables or previous.values:
            return
        if previous.meaning.columns or previous.meaning.near:
            raise Unclear(f"I know “{previous.text}” and “{piece.text}”, but not both as one.", (), (piece.text,))

    def _lists_figures(self) -> bool:
        """Whether the piece before the "and" was measured, and nothing was said of it since."""
        measured = self.pieces[self.at - 3] if self.at > 2 else None
        if measured is None or not self.figures or self.focus or self.function or self.listed_function is None:
            return False
        refs = (*measured.meaning.columns, *measured.meaning.near)
        return self.figures[-1].of in refs and not self.groups

    def _check_object(self, piece: Piece) -> None:
        """Behind a column such as "reports to" a value of another column tells of another row than it is in."""
        following = self.peek(past=("prep",))
        refs = [ref for ref in piece.meaning.columns if split_identifier(ref.column)[-1] in _TAKES_OBJECT]
        if refs and following is not None and following.values and not {one.ref for one in following.values} & {*refs}:
            raise Unclear(f"I cannot follow “{piece.text}” to “{following.text}” in this data.", (), (piece.text,))

    def _check_averages(self) -> None:
        """ "average daily spend" may be that of all rows of a day, or of the days' totals: not the same figure."""
        averaged = any(figure.function == "avg" and figure.each is None for figure in self.figures)
        for group in self.groups if averaged else ():
            before = self.pieces[group.at - 2].text.casefold() if group.at > 1 else ""
            period = group.grain or (group.text.casefold() if group.text.casefold() in _PERIODS else None)
            if period and (group.text.casefold().endswith("ly") or before in ("per", "each", "every")):
                raise Unclear(
                    f"Is it the average of each {period}'s rows, or of the {period}s' totals? I can give the average by"
                    f" {period}, or the total by {period}.",
                    (),
                    (group.text,),
                )

    def _column_asked(self, piece: Piece) -> bool:
        """Whether a column is what is looked for ("which country has …"), not something told of rows."""
        following = self.peek(past=("prep", "aux", "relative", "all"))
        verb = self.peek()
        with_sign = verb is not None and verb.kind in ("prep", "aux", "relative") and verb.text.casefold() != "of"
        return (
            with_sign
            and following is not None
            and following.kind in ("most", "count", "quality", "agg", "revenue", "cmp")
        )

    def _number(self, piece: Piece) -> None:
        number = piece.number or 0.0
        if piece.ordinal:
            raise Unclear(f"I cannot look for the {piece.text} alone. Ask for the top so many.", (), (piece.text,))
        if self.rank and self.rank.count is None:
            self._limit_to(number)
        elif self.focus is None and not self.figures and self.number is None:
            self.number = number
        else:
            raise Unclear(f"I cannot tell what {piece.text} is.", (), (piece.text,))

    def _grain(self, piece: Piece) -> None:
        if not (self.figures or self.function or self.focus):
            # "monthly sales": said before what is measured.
            self.groups.append(Group(self.at, grain=piece.sign.arg, text=piece.text))  # type: ignore[union-attr, arg-type]
            return
        if piece.text.casefold().endswith("ly") or " by " in piece.text:
            self.groups.append(Group(self.at, grain=piece.sign.arg, text=piece.text))  # type: ignore[union-attr, arg-type]
            return
        raise Unclear(f"I cannot tell what “{piece.text}” asks for here.", (), (piece.text,))

    def _over_time(self, piece: Piece) -> None:
        self.groups.append(Group(self.at, grain="month", text=piece.text))
