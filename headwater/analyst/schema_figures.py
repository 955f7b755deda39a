"""Rules of the grammar for figures: what is counted, summed or averaged, sales, and buying and selling.

They belong to ``schema_grammar``, which calls them; each adds a figure to the reading, or raises.
"""

from __future__ import annotations

from headwater.analyst.schema_drafts import Compared, Figure, Link, Noun, Rank, Unclear
from headwater.analyst.schema_filters import Filters
from headwater.analyst.schema_pieces import Piece
from headwater.analyst.schema_question import Formula, Operator, Ref
from headwater.analyst.words import singular, split_identifier, stem

NOT_ADDED = ("price", "rate", "percent", "percentage", "discount", "rating", "year", "age", "level", "density")


class Figures(Filters):
    """What is measured."""

    def figure_of_rows(self, table: str, piece: Piece) -> None:
        """ "how many orders", "most orders": rows are counted."""
        amounts = [
            column.name
            for column in self.vocabulary.tables[table].columns
            if {"total", "amount"} & set(split_identifier(column.name))
            and self.vocabulary.is_measure(Ref(table, column.name))
        ]
        if self.function == "sum" and amounts:
            words = self.vocabulary.table_words(table)
            raise Unclear(f"Is it the number of {words}, or the sum of their {amounts[0]}?", (), (piece.text,))
        namesake = self._namesake(table, piece)
        if namesake is not None and self.function in ("sum", "avg", "min", "max"):
            self._figure(Figure(self.function, Noun(table), namesake), piece)
            return
        self.check_namesake(table, piece)
        if self.function in ("avg", "min", "max"):
            # "average orders per customer" is that of their number.
            self.outer = self.function
        self._figure(Figure("count", Noun(table)), piece)

    def _namesake(self, table: str, piece: Piece) -> Ref | None:
        """The table's own amount that is called as the table is: "clicks" of "clicks"."""
        said = [stem(singular(word)) for word in split_identifier(piece.text)]
        refs = [Ref(table, column.name) for column in self.vocabulary.tables[table].columns]
        named = [ref for ref in refs if [stem(singular(word)) for word in split_identifier(ref.column)] == said]
        return next((ref for ref in named if self.vocabulary.is_measure(ref)), None)

    def check_namesake(self, table: str, piece: Piece) -> None:
        """Rows are not counted where an amount of theirs has the same name."""
        if (ref := self._namesake(table, piece)) is not None:
            raise Unclear(
                f"Is it the number of rows of {ref.table}, or the sum of their {ref.column}? Ask for the total"
                f" {ref.column} if it is the sum.",
                (),
                (piece.text,),
            )

    def figure_of_column(self, piece: Piece) -> None:
        """ "average freight", "how many countries": a column is measured, or its values are counted."""
        base = self.base() or self.focus
        home = base.table if base and not self.rank_waits else None
        if base is None:
            tables = {ref.table: None for ref in (piece.meaning.columns or piece.meaning.near)}
            named = self.scope.named(self.pieces, tuple(tables)) if len(tables) > 1 else []
            home = named[0] if len(named) == 1 else None
        ref = self.scope.column(piece, home, *self._measures(piece))
        if self.function in (None, "count") and not self.vocabulary.is_measure(ref):
            self._figure(Figure("distinct", Noun(ref.table, implied=base is None), ref), piece)
            return
        if self.function == "distinct" or (self.function == "count" and self.distinct):
            self._figure(Figure("distinct", Noun(ref.table, implied=base is None), ref), piece)
            return
        if self.weak and set(split_identifier(ref.column)) & set(NOT_ADDED):
            self.function, self.weak = None, False
            self.columns.append(piece)
            return
        if not self.vocabulary.is_measure(ref) and not (
            self.function in ("min", "max") and self.vocabulary.kind(ref) == "time"
        ):
            raise Unclear(f"“{piece.text}” is no amount that can be measured.", (), (piece.text,))
        if self.rank_by_adjective and self.function is None:
            readings = [f"total {piece.text}", f"average {piece.text}"]
            raise self.scope.unclear(piece, readings, "the total, the average or a single one")
        function = "sum" if self.function in (None, "count") else self.function
        self.listed_function = function
        self._figure(Figure(function or "sum", Noun(ref.table, implied=base is None), ref), piece)

    def _measures(self, piece: Piece) -> tuple[tuple[Ref, ...], tuple[Ref, ...]]:
        """Of a piece's columns those that can be measured, where that is what is asked; all where none can."""
        strong, near = piece.meaning.columns, piece.meaning.near
        if self.function in (None, "count", "min", "max") and not self.rank_waits:
            return strong, near
        kept = [tuple(ref for ref in refs if self.vocabulary.is_measure(ref)) for refs in (strong, near)]
        return (kept[0], kept[1]) if kept[0] or kept[1] else (strong, near)

    def revenue(self, piece: Piece) -> None:
        """Sales, which may be a formula."""
        if piece.kind == "spend" and (costs := self.scope.costs()):
            self.function = self.function or "sum"
            self._figure(Figure(self.function, Noun(costs.table), costs), piece)
            return
        if piece.kind == "spend" and any(each.kind == "revenue" for each in self.pieces[self.at :]):
            # "which category generated the highest sales": the verb only leads to them.
            return
        base = self.focus.table if self.focus else None
        of = self.scope.revenue(base)
        beside = self.peek()
        if piece.kind == "spend" and beside is not None and beside.kind == "most" and self.rank is None:
            self.take(beside)
            self.rank, self.rank_waits = (
                Rank(beside.sign is not None and beside.sign.arg == "most", self._counted()),
                True,
            )
        table = of.price.table if isinstance(of, Formula) else of.table
        function = self.function or "sum"
        if function == "count":
            raise Unclear("Sales are an amount here. Ask for total sales, or how many orders.", (), (piece.text,))
        if self.function in ("avg", "min", "max"):
            self.outer, function = self.function, "sum"
        figure = Figure(function, Noun(table), of)
        if (comparison := self.peek(past=("aux", "prep"))) is not None and comparison.kind == "cmp":
            self.take(comparison)
            self._compared(figure, comparison, *self._amount(comparison))
            return
        previous = self.pieces[self.at - 2] if self.at > 1 else None
        if self.focus and previous is not None and previous.text.casefold() == "and" and not self.figures:
            self.beside_focus = self.pieces[self.at - 3] is self.focus_piece
        self._figure(figure, piece)

    def order_value(self, piece: Piece) -> None:
        """What an order comes to: the sum over its lines."""
        of = self.scope.revenue(None)
        if not isinstance(of, Formula):
            self.revenue(piece)
            return
        lines = of.price.table
        headers = [
            name for name in self.vocabulary.events() if name != lines and self.scope.joins.distance(lines, name) == 1
        ]
        if len(headers) != 1 or self.function not in ("avg", "min", "max", None):
            raise Unclear("Ask for the average, the smallest or the largest order value.", (), (piece.text,))
        figure = Figure("sum", Noun(lines), of, headers[0], self.function or "avg")
        self.function = None
        self._figure(figure, piece)

    def _figure(self, figure: Figure, piece: Piece) -> None:
        """A figure is asked for, or ranks what is asked for."""
        if self.outer and figure.function in ("count", "sum"):
            figure.outer, figure.each = self.outer, ""
        self.function, self.outer, self.weak = None, None, False
        if self.rank and (self.rank_waits or not (self.rank.figure or self.rank.column)):
            self.rank.figure, self.rank_waits = figure, False
        self.figures.append(figure)
        self.opened(figure.noun)

    def event(self, piece: Piece) -> None:
        """bought, sold: that what was spoken of is connected with buying and selling."""
        base = self.focus or self.base()
        if self.figures and not self.negated:
            table = self.figures[0].noun.table
            if table in self.vocabulary.events() or any(
                self.scope.joins.is_up(table, name) for name in self.vocabulary.events()
            ):
                return
            base = base or self.figures[0].noun
        if base is None:
            self.verb_waits = piece
            return
        event = self.scope.event(base.table)
        following = self.peek()
        if following is not None and following.kind == "most":
            raise Unclear("By what? Say by sales, by quantity or by number of orders.", (), (piece.text,))
        counted = any(figure.noun is base for figure in self.figures) and not self.negated
        if counted and not self.distinct and any(each.price.table == event for each in self.vocabulary.formulas()):
            words = self.vocabulary.table_words(base.table)
            raise Unclear(
                f"Is it how many different {words}, or how many units? Ask for one of them.", (), (piece.text,)
            )
        if event == base.table or (self.open and self.open[-1].table == event):
            return
        if not self.negated and following is not None and following.meaning.tables and self.focus is None:
            return
        noun = Noun(event)
        negated, self.negated = self.negated, False
        self.scope.check_path(base.table, event, piece)
        self.say(base, Link(noun, negated))
        self.open.append(noun)

    def _compared(self, figure: Figure, piece: Piece, value: float, number: Piece) -> None:
        """What belongs to a noun's rows is counted or summed, and compared."""
        operator = self._operator(piece)
        if self.focus_column is not None and not self.open:
            self.having = (figure, operator, value)
            self.figures.append(figure)
            self.opened(figure.noun)
            return
        owner = self._owner(figure, number)
        if owner is self.focus and not self.figures and operator in (">", ">=") and self.having is None:
            self.having = (figure, operator, value)
            self.figures.append(figure)
        else:
            self.say(owner, Compared(figure, operator, value))
        self.opened(figure.noun)

    def _amount(self, piece: Piece) -> tuple[float, Piece]:
        number = self.peek(past=("mark",))
        if number is None or number.number is None:
            raise Unclear(f"“{piece.text}” what? I need a number behind it.", (), (piece.text,))
        if number.percent:
            raise Unclear("I cannot compare with a percentage.", (), (number.text,))
        self.take(number)
        return number.number, number

    def _operator(self, piece: Piece) -> Operator:
        operator: Operator = piece.sign.arg if piece.sign else "="  # type: ignore[assignment]
        negated, self.negated = self.negated, False
        opposite: dict[Operator, Operator] = {
            ">": "<=",
            "<": ">=",
            ">=": "<",
            "<=": ">",
            "=": "<>",
            "<>": "=",
            "like": "<>",
        }
        return opposite[operator] if negated else operator

    def _owner(self, figure: Figure, number: Piece) -> Noun:
        for noun in reversed(self.open):
            if noun.table != figure.noun.table:
                self.scope.check_path(noun.table, figure.noun.table, number)
                if not self.focus_or_figure(noun) and noun is not self.open[0]:
                    words = self.vocabulary.table_words(noun.table, 1)
                    raise Unclear(
                        f"Is it {number.text} in one {words}, or altogether? I cannot tell.", (), (number.text,)
                    )
                if self.scope.joins.is_up(noun.table, figure.noun.table):
                    raise Unclear(f"Each of the {self.vocabulary.table_words(noun.table)} has one at most.")
                return noun
        raise Unclear(f"I cannot tell what {number.text} is said of.", (), (number.text,))

    def _counted(self) -> int | None:
        count, self.count = self.count, None
        if self.number is not None:
            count, self.number = int(self.number), None
        return count
