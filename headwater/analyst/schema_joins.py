"""How the tables of a schema hang together: keys, as declared or as names show, and the paths along them.

It decides which path a question means only where there is one; where there are several as short, it
says so. It reads names alone, no rows.

>>> from headwater.sources.schema import ForeignKey, Schema, SourceColumn, SourceTable
>>> orders = SourceTable("orders", (SourceColumn("id", "int", primary_key=True), SourceColumn("customer_id", "int")))
>>> customers = SourceTable("customers", (SourceColumn("id", "int", primary_key=True),))
>>> graph = Joins(Schema("sqlite", (orders, customers)))
>>> [(step.edge.child, step.up) for step in graph.path("orders", "customers")]
[('orders', True)]
"""

from __future__ import annotations

from collections import defaultdict

import msgspec

from headwater.analyst.words import singular, split_identifier
from headwater.sources.schema import Schema, SourceColumn, SourceTable

_KEY_WORDS = ("id", "key", "code", "no", "number", "name")
_FARTHEST = 6


class Edge(msgspec.Struct, frozen=True):
    """``columns`` of each row of ``child`` name one row of ``parent`` by its columns ``referred``."""

    child: str
    columns: tuple[str, ...]
    parent: str
    referred: tuple[str, ...]


class Step(msgspec.Struct, frozen=True):
    """One edge walked: ``up`` from child to parent, which meets one row at most; down may meet many."""

    edge: Edge
    up: bool

    @property
    def target(self) -> str:
        """The table that the step leads to."""
        return self.edge.parent if self.up else self.edge.child


Path = tuple[Step, ...]


class SeveralPaths(Exception):
    """Two tables hang together in several ways as short as each other."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        super().__init__("several paths")
        self.paths = paths


class Joins:
    """The tables of a schema as a graph."""

    def __init__(self, schema: Schema) -> None:
        self.edges = tuple(dict.fromkeys(edge for table in schema.tables for edge in _edges(table, schema)))
        self._steps: dict[str, list[Step]] = defaultdict(list)
        for edge in self.edges:
            if edge.child != edge.parent:
                self._steps[edge.child].append(Step(edge, up=True))
                self._steps[edge.parent].append(Step(edge, up=False))
        self._found: dict[tuple[str, str], tuple[Path, ...]] = {}

    def add(self, edge: Edge) -> None:
        """An edge that the rows show, where no keys are declared."""
        self.edges = (*self.edges, edge)
        self._steps[edge.child].append(Step(edge, up=True))
        self._steps[edge.parent].append(Step(edge, up=False))
        self._found.clear()

    def path(self, start: str, end: str) -> Path | None:
        """The one shortest path, () from a table to itself, None where there is none; many-to-one is preferred.

        Raises SeveralPaths where several are as good.
        """
        paths = self._shortest(start, end)
        if len(paths) > 1:
            raise SeveralPaths(paths)
        return paths[0] if paths else None

    def up(self, start: str, end: str) -> Path | None:
        """The path that meets at most one row of ``end`` for each of ``start``, where there is one.

        Raises SeveralPaths where several are as good.
        """
        paths = [path for path in self._shortest(start, end) if all(step.up for step in path)]
        if len(paths) > 1:
            raise SeveralPaths(tuple(paths))
        return paths[0] if paths else None

    def distance(self, start: str, end: str) -> int | None:
        """Steps of the shortest path."""
        paths = self._shortest(start, end)
        return len(paths[0]) if paths else None

    def is_up(self, start: str, end: str) -> bool:
        """Whether each row of ``start`` belongs to one row of ``end`` at most."""
        return any(all(step.up for step in path) for path in self._shortest(start, end))

    def parent_by(self, table: str, column: str) -> Edge | None:
        """The edge whose only column this is."""
        return next((edge for edge in self.edges if edge.child == table and edge.columns == (column,)), None)

    def pairs(self) -> tuple[tuple[Edge, Edge], ...]:
        """Tables that relate rows of one table to each other: two keys of theirs refer to it, and none elsewhere."""
        found = []
        for name in dict.fromkeys(edge.child for edge in self.edges):
            own = [edge for edge in self.edges if edge.child == name]
            if (
                len(own) == 2
                and own[0].parent == own[1].parent != name
                and len({len(edge.columns) for edge in own}) == 1
            ):
                found.append((own[0], own[1]))
        return tuple(found)

    def _shortest(self, start: str, end: str) -> tuple[Path, ...]:
        if (start, end) not in self._found:
            self._found[start, end] = self._search(start, end)
        return self._found[start, end]

    def _search(self, start: str, end: str) -> tuple[Path, ...]:
        """All paths over parents alone that are shortest; without any, all shortest paths."""
        if start == end:
            return ((),)
        for only_up in (True, False):
            reached: list[Path] = [()]
            for _ in range(_FARTHEST):
                reached = [
                    (*path, step)
                    for path in reached
                    for step in self._steps[path[-1].target if path else start]
                    if (step.up or not only_up) and step.target != start and step.target not in _targets(path)
                ]
                if found := tuple(path for path in reached if path[-1].target == end):
                    return found
        return ()


def _targets(path: Path) -> set[str]:
    return {step.target for step in path}


def _edges(table: SourceTable, schema: Schema) -> list[Edge]:
    declared = [Edge(table.name, key.columns, key.table, key.referred) for key in table.foreign_keys]
    valid = [edge for edge in declared if _exists(edge, schema)]
    referred = any(key.table == table.name for each in schema.tables for key in each.foreign_keys)
    if valid or (referred and not declared) or (not declared and any(each.foreign_keys for each in schema.tables)):
        return valid
    return [edge for column in table.columns for edge in _by_name(table, column, schema)]


def _exists(edge: Edge, schema: Schema) -> bool:
    """Some engines let a key be declared that refers to what does not exist."""
    columns = {table.name: {column.name for column in table.columns} for table in schema.tables}
    return (
        edge.parent in columns
        and set(edge.columns) <= columns[edge.child]
        and set(edge.referred) <= columns[edge.parent]
    )


def _by_name(table: SourceTable, column: SourceColumn, schema: Schema) -> list[Edge]:
    """Where no keys are declared: what a column's name says of the table that it refers to."""
    found = []
    for other in schema.tables:
        if other.name != table.name and (target := _named_key(column.name, other)) and not _is_own_key(column, table):
            found.append(Edge(table.name, (column.name,), other.name, (target,)))
    return found if len(found) == 1 else []


def _is_own_key(column: SourceColumn, table: SourceTable) -> bool:
    """Whether the column is the table's own key, not one that it has from another table."""
    own = "".join(_singular(split_identifier(table.name)))
    return key_of(table) == (column.name,) and _squeezed(column.name) in (
        own,
        *(f"{own}{word}" for word in _KEY_WORDS),
        "id",
    )


def _named_key(name: str, other: SourceTable) -> str | None:
    """The column of the other table that a name such as ``customer_id`` refers to."""
    key = key_of(other)
    if len(key) != 1:
        return None
    words, table = split_identifier(name), _singular(split_identifier(other.name))
    same = _squeezed(name) == _squeezed(key[0]) and split_identifier(name) not in (("id",), ("name",), ("code",))
    if same and (len(words) > 1 or len(_squeezed(name)) > 2):
        return key[0]
    for word in _KEY_WORDS:
        if _squeezed(name) == _squeezed("".join(table) + word) and split_identifier(key[0])[-1:] in ((word,), ("id",)):
            return key[0]
    return None


def key_of(table: SourceTable) -> tuple[str, ...]:
    """The columns that tell a table's rows apart: the declared key, else the one that its name shows; may be ().

    >>> from headwater.sources.schema import SourceColumn, SourceTable
    >>> key_of(SourceTable("states", (SourceColumn("state_name", "text"), SourceColumn("area", "int"))))
    ('state_name',)
    """
    declared = tuple(column.name for column in table.columns if column.primary_key)
    if declared:
        return declared
    own = "".join(_singular(split_identifier(table.name)))
    names = {_squeezed(column.name): column.name for column in table.columns}
    for wanted in ("id", *(own + word for word in _KEY_WORDS), own[:1] + "id"):
        if wanted in names:
            return (names[wanted],)
    return ()


def _singular(words: tuple[str, ...]) -> tuple[str, ...]:
    return (*words[:-1], singular(words[-1])) if words else ()


def _squeezed(name: str) -> str:
    return "".join(split_identifier(name))
