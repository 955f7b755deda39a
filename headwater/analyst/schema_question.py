"""What a question over a schema means: sets of rows, what is measured of them, how it is grouped and ranked.

Plain structs between the grammar, which makes them, and the SQL, which is made from them. They name
tables and columns as the schema spells them and know nothing of words or of SQL.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Operator = Literal["=", "<>", ">", ">=", "<", "<=", "like"]
"""``like`` finds a pattern with per cent signs, whatever the case."""
Function = Literal["count", "sum", "avg", "min", "max", "distinct"]
Grain = Literal["year", "quarter", "month", "week", "day"]
Value = str | int | float


class Ref(msgspec.Struct, frozen=True, order=True):
    """One column of a table."""

    table: str
    column: str


class Formula(msgspec.Struct, frozen=True):
    """An amount that no column holds: price × quantity, less the discount where there is one."""

    price: Ref
    quantity: Ref
    discount: Ref | None = None

    @property
    def words(self) -> str:
        """The formula as people write it, with the columns' own names."""
        less = f" × (1 − {self.discount.column})" if self.discount else ""
        return f"{self.price.column} × {self.quantity.column}{less}"


class Compare(msgspec.Struct, frozen=True):
    """The column compares so with one of the values; a column of another table is reached over keys."""

    ref: Ref
    operator: Operator
    values: tuple[Value, ...]


class CompareColumns(msgspec.Struct, frozen=True):
    """Two columns of the set's own table compare so."""

    left: Ref
    operator: Operator
    right: Ref


class Missing(msgspec.Struct, frozen=True):
    """The column is empty; with ``negated``, it is not."""

    ref: Ref
    negated: bool = False


class Within(msgspec.Struct, frozen=True):
    """The date or time of the column is in ``[start, end)``; either may be open."""

    ref: Ref
    start: date | None
    end: date | None


class Linked(msgspec.Struct, frozen=True):
    """Some row of the selection belongs to the row over keys; with ``negated``, none does."""

    selection: Selection
    negated: bool = False


class Related(msgspec.Struct, frozen=True):
    """A table of pairs relates the row to one of the selection, which is of the same table.

    ``near`` is the pair's column for the row itself, ``far`` the one for the other; with ``negated``, none does.
    """

    pairs: str
    near: str
    far: str
    selection: Selection
    negated: bool = False


class Measured(msgspec.Struct, frozen=True):
    """What is measured of the rows that belong to the row compares so with a number."""

    measure: Measure
    operator: Operator
    value: float


class Extreme(msgspec.Struct, frozen=True):
    """The row has the largest (or smallest) value of all that the restrictions before this one leave."""

    by: Ref | Measure
    largest: bool


Restriction = Compare | CompareColumns | Missing | Within | Linked | Related | Measured | Extreme


class Selection(msgspec.Struct, frozen=True):
    """The rows of a table that all restrictions leave."""

    table: str
    restrictions: tuple[Restriction, ...] = ()


class Measure(msgspec.Struct, frozen=True):
    """A figure of the rows of a selection: each of its rows is taken once, whatever it is grouped by.

    ``of`` is what is summed (of ``count`` nothing). With ``each``, the figure is made for every row
    of that table that has any, and ``outer`` of those figures is the answer.
    """

    function: Function
    selection: Selection
    of: Ref | Formula | None = None
    each: str | None = None
    outer: Function = "avg"


class Dimension(msgspec.Struct, frozen=True):
    """What figures are grouped by: the rows of a table, the values of a column, or periods of a date."""

    table: str
    column: str | None = None
    grain: Grain | None = None


class Aggregation(msgspec.Struct, frozen=True):
    """Figures, in groups where there are dimensions, best first where ``ranked`` (by the first measure).

    ``having`` leaves only the groups whose first measure compares so with the number.
    """

    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...] = ()
    ranked: Literal["most", "fewest"] | None = None
    limit: int | None = None
    having: tuple[Operator, float] | None = None


class Listing(msgspec.Struct, frozen=True):
    """Rows of a selection, by some of their columns; ``order`` is a column and whether largest first.

    ``single`` says that the question takes it for granted that there is just one row.
    """

    selection: Selection
    columns: tuple[Ref, ...]
    order: tuple[Ref, bool] | None = None
    limit: int | None = None
    distinct: bool = False
    single: bool = False


SchemaQuestion = Aggregation | Listing
