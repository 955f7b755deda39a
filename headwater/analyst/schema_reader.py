"""What stands while a question is read: its pieces, the place, and the drafts so far.

Only the moves that every rule of the grammar needs: look ahead, take, find the noun that something is
said of. The rules themselves are in ``schema_grammar`` and ``schema_rules``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headwater.analyst.schema_drafts import Compared, ExtremeDraft, Figure, Group, Link, Noun, Rank, Relation, Unclear
from headwater.analyst.schema_lexicon import Quality
from headwater.analyst.schema_pieces import Piece
from headwater.analyst.schema_question import Compare, Function, Operator, Ref, Restriction, Within
from headwater.analyst.schema_scope import Scope

Said = Restriction | Link | Relation | Compared | ExtremeDraft


class Reading:
    """The state of one reading."""

    def __init__(self, found: Sequence[Piece], scope: Scope) -> None:
        self.scope, self.vocabulary = scope, scope.vocabulary
        self.pieces = tuple(piece for piece in found if _counts(piece))
        self.at = 0
        self.focus: Noun | None = None
        self.focus_piece: Piece | None = None
        self.focus_column: Group | None = None
        self.columns: list[Piece] = []
        self.figures: list[Figure] = []
        self.groups: list[Group] = []
        self.rank: Rank | None = None
        self.order: tuple[Piece | Figure, bool | None] | None = None
        self.having: tuple[Figure, Operator, float] | None = None
        self.open: list[Noun] = []
        self.floating: list[Callable[[Noun], None]] = []
        self.function: Function | None = None
        self.outer: Function | None = None
        self.weak = False
        self.distinct = False
        self.negated = False
        self.denial = ""
        self.preposition = ""
        self.date_word = ""
        self.number: float | None = None
        self.rank_waits = False
        self.superlative: tuple[Piece, Quality, bool] | None = None
        self.asked: list[tuple[Piece, Quality]] = []
        self.count: int | None = None
        self.group_pieces: list[Piece] = []
        self.verb_waits: Piece | None = None
        self.beside_focus = False
        self.where = False
        self.rank_by_adjective = False
        self.listed_function: Function | None = None
        self.relation: Relation | None = None

    def peek(self, ahead: int = 0, *, past: tuple[str, ...] = ()) -> Piece | None:
        """A piece further on, without signs of some kinds before it; None at the end."""
        at = self.at + ahead
        while at < len(self.pieces) and (
            self.pieces[at].kind in past or ("verb" in past and self.pieces[at].verb and not self.pieces[at].meaning)
        ):
            at += 1
        return self.pieces[at] if at < len(self.pieces) else None

    def before(self) -> Piece | None:
        """The piece that was taken before the present one."""
        return self.pieces[self.at - 1] if self.at else None

    def take(self, piece: Piece) -> Piece:
        """Go on behind a piece that lies ahead."""
        self.at = self.pieces.index(piece, self.at) + 1
        return piece

    def say(self, noun: Noun, said: Said) -> None:
        """Something is said of a noun; what would contradict it, or narrow it twice, is not."""
        for before in noun.said:
            if isinstance(said, Compare) and isinstance(before, Compare) and _both_are(said, before):
                raise Unclear(f"Is {said.ref.column} to be both? Join values with “or” where any of them will do.")
            if isinstance(said, Within) and isinstance(before, Within) and not _make_a_period(said, before):
                raise Unclear("I read two times here. Say from which day to which day.")
        noun.said.append(said)

    def opened(self, noun: Noun) -> Noun:
        """A noun of which what follows may speak; what was said before any noun is said of it."""
        self.open.append(noun)
        waiting, self.floating = self.floating, []
        for each in waiting:
            each(noun)
        return noun

    def targets(self, fits: Callable[[Noun], bool]) -> list[Noun]:
        """The nearest noun of which something can be said, with all figures that are listed beside it."""
        for noun in reversed(self.open):
            if fits(noun):
                beside = [figure.noun for figure in self.figures]
                last = beside and noun is beside[-1]
                return [each for each in beside if fits(each)] if last else [noun]
        return []

    def nearest(self, tables: Sequence[str], otherwise: Noun) -> Noun:
        """The noun with the shortest way to one of the tables; of several, the one spoken of last."""
        best, shortest = otherwise, 99
        for noun in reversed(self.open):
            ways = [self.scope.joins.distance(noun.table, table) for table in tables if noun.table != table]
            known = [way for way in ways if way is not None] + [0 for table in tables if noun.table == table]
            if known and min(known) < shortest and not (noun.table in tables and len(tables) == 1):
                best, shortest = noun, min(known)
        return best

    def base(self) -> Noun | None:
        """The noun that was spoken of last."""
        return self.open[-1] if self.open else None

    def said_of(self, fits: Callable[[Noun], bool], say: Callable[[Noun], None], piece: Piece) -> None:
        """Say something of the nearest noun that it fits, or of the first that comes."""
        targets = self.targets(fits)
        if not targets and self.open:
            raise Unclear(f"I cannot tell what “{piece.text}” is said of.", (), (piece.text,))
        if not targets:
            self.floating.append(say)
        for target in targets:
            say(target)

    def one_table(self, piece: Piece) -> str:
        """The table that a piece means."""
        tables = piece.meaning.tables
        if len(tables) > 1:
            readings = [self.vocabulary.table_words(table) for table in tables]
            raise self.scope.unclear(piece, readings, " or ".join(tables))
        return tables[0]

    def own_measure(self, piece: Piece, noun: Noun) -> Ref | None:
        """The noun's own column of amounts that a piece means, if it does."""
        refs = [ref for ref in (*piece.meaning.columns, *piece.meaning.near) if ref.table == noun.table]
        fitting = [ref for ref in refs if self.vocabulary.is_measure(ref)]
        return fitting[0] if len(fitting) == 1 else None


def _counts(piece: Piece) -> bool:
    if piece.kind == "mark":
        return False
    return not (piece.harmless and not piece.sign and not piece.meaning and not piece.values and not piece.time)


def _both_are(one: Compare, other: Compare) -> bool:
    return one.ref == other.ref and one.operator == other.operator == "="


def _make_a_period(one: Within, other: Within) -> bool:
    """Whether two times are of different dates, or the beginning and the end of one period."""
    open_ended = all((each.start is None) != (each.end is None) for each in (one, other))
    return one.ref != other.ref or (open_ended and (one.start is None) != (other.start is None))
