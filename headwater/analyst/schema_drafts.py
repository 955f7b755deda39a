"""What the grammar has understood so far: nouns with what is said of them, figures asked for, how to group and rank.

Drafts are changed while a question is read, because what stands later may say more of what came before;
``built`` turns them into the frozen structs of ``schema_question``. They know no words.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from headwater.analyst.schema_question import (
    Extreme,
    Formula,
    Function,
    Grain,
    Linked,
    Measure,
    Measured,
    Operator,
    Ref,
    Related,
    Restriction,
    Selection,
)


class Unclear(Exception):
    """The question has several readings, or none; ``suggestions`` are whole questions that would be understood."""

    def __init__(self, text: str, suggestions: tuple[str, ...] = (), unknown: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text, self.suggestions, self.unknown = text, suggestions, unknown


class Beyond(Exception):
    """The question asks for what the analyst does not do."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass
class Noun:
    """Rows of a table that the question speaks of (or only implies), and what it says of them."""

    table: str
    implied: bool = False
    said: list[Restriction | Link | Relation | Compared | ExtremeDraft] = field(default_factory=list)

    def built(self) -> Selection:
        """The rows that are meant."""
        said = sorted(self.said, key=lambda each: isinstance(each, ExtremeDraft))
        return Selection(self.table, tuple(_built(each) for each in said))


@dataclass
class Link:
    """Rows of another noun belong to it, or (``negated``) none does."""

    noun: Noun
    negated: bool = False


@dataclass
class Relation:
    """Rows of one table that a table of pairs relates to each other."""

    pairs: str
    near: str
    far: str
    noun: Noun
    negated: bool = False


@dataclass
class Figure:
    """A figure that is asked for; ``weak`` sums only what can be summed ("how much")."""

    function: Function
    noun: Noun
    of: Ref | Formula | None = None
    each: str | None = None
    outer: Function = "avg"

    def built(self) -> Measure:
        """The figure as it is."""
        return Measure(self.function, self.noun.built(), self.of, self.each, self.outer)


@dataclass
class Compared:
    """A figure of what belongs to a noun's rows compares so with a number."""

    figure: Figure
    operator: Operator
    value: float


@dataclass
class ExtremeDraft:
    """Only the rows with the largest or smallest value."""

    by: Ref | Figure
    largest: bool


@dataclass
class Group:
    """What to group by: a table, candidates for a column, or a period; ``at`` is the place in the question."""

    at: int
    table: str | None = None
    candidates: tuple[Ref, ...] = ()
    near: tuple[Ref, ...] = ()
    grain: Grain | None = None
    text: str = ""


@dataclass
class Rank:
    """Best or worst first: of how many, and by what."""

    most: bool
    count: int | None = None
    figure: Figure | None = None
    column: Ref | None = None


def _built(said: Restriction | Link | Relation | Compared | ExtremeDraft) -> Restriction:
    if isinstance(said, Link):
        return Linked(said.noun.built(), said.negated)
    if isinstance(said, Relation):
        return Related(said.pairs, said.near, said.far, said.noun.built(), said.negated)
    if isinstance(said, Compared):
        return Measured(said.figure.built(), said.operator, said.value)
    if isinstance(said, ExtremeDraft):
        return Extreme(said.by.built() if isinstance(said.by, Figure) else said.by, said.largest)
    return said
