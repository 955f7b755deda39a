"""Values of one statement as they are bound, and the few conditions that most statements share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from headwater.catalogue.decisions import JOINS, RESET, SEGMENT_MEMBERS
from headwater.catalogue.model import RowDataset
from headwater.query.window import Window
from headwater.scope import Scope
from headwater.storage.port import Dialect, Statement
from headwater.storage.schema import ORGANISATION


class Binding:
    """Collects what a statement binds; the organisation is the first value of each."""

    def __init__(self, scope: Scope, dialect: Dialect) -> None:
        self.dialect = dialect
        self._scope = scope
        self._args: list[object] = []
        self._organisation = self.value(scope.organisation_id, "BIGINT")

    def value(self, value: object, type_name: str) -> str:
        """The text that stands for ``value``."""
        self._args.append(value)
        return self.dialect.placeholder(len(self._args) - 1, type_name)

    def own(self, alias: str) -> str:
        """The condition that a row is the organisation's."""
        return f"{alias}.{ORGANISATION} = {self._organisation}"

    def one_of(self, column: str, numbers: Sequence[int]) -> str:
        """The condition that a column has one of the numbers."""
        wanted = self.dialect.zipped({"wanted": self.value(list(numbers), "BIGINT[]")})
        return f"{column} IN (SELECT wanted FROM {wanted} AS numbers)"

    def within(self, column: str, window: Window, type_name: str = "TIMESTAMP") -> list[str]:
        """The conditions that a time, or a date for ``DATE``, lies in the window."""
        found = []
        for operator, bound in ((">=", window.start), ("<", window.end)):
            if bound is not None:
                found.append(f"{column} {operator} {self.value(_as(bound, type_name), type_name)}")
        return found

    def facts(self, dataset: RowDataset, window: Window) -> list[str]:
        """The conditions that a row ``fact`` is the organisation's and lies in the window."""
        return [self.own("fact"), *self.within(f"fact.{dataset.time_column}", window)]

    def members(self, segments: Sequence[int], customer: str = "") -> str:
        """A relation of ``segment_id`` and ``customer_id``: who is on the lists; of one customer only, if given."""
        table, last = SEGMENT_MEMBERS.table, self.dialect.last("own.op", "own.arrival")
        listed = [self.own("own"), self.one_of("own.segment_id", segments), "own.arrival > coalesce(emptied.since, 0)"]
        listed += [f"own.customer_id = {customer}"] if customer else []
        return (
            f"(SELECT own.segment_id AS segment_id, own.customer_id AS customer_id FROM {table} AS own"
            f" LEFT JOIN (SELECT reset.segment_id AS segment_id, max(reset.arrival) AS since FROM {table} AS reset"
            f" WHERE {self.own('reset')} AND reset.op = '{RESET}' GROUP BY reset.segment_id) AS emptied"
            f" ON emptied.segment_id = own.segment_id WHERE {' AND '.join(listed)}"
            f" GROUP BY own.segment_id, own.customer_id HAVING {last} = '{JOINS}')"
        )

    def in_segment(self, column: str, segment: int | None) -> list[str]:
        """The condition that a customer is on a segment's list; none without a segment."""
        if segment is None:
            return []
        return [f"{column} IN (SELECT customer_id FROM {self.members([segment])} AS members)"]

    def statement(self, sql: str, columns: Sequence[str], purpose: str) -> Statement:
        """The finished statement."""
        return Statement(sql, tuple(self._args), tuple(columns), self._scope, purpose)


def _as(bound: datetime, type_name: str) -> object:
    return bound.date() if type_name == "DATE" else bound
