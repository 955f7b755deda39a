"""The hierarchy as rows of one table: what a search leaves, down to a depth, and not too much of it. Pure.

>>> campaigns = (TreeNode("campaign", 2, "Winter", ()), TreeNode("campaign", 3, "Sun", ()))
>>> [row.name for row in rows([TreeNode("workspace", 1, "Nord", campaigns)], "winter", "creative").rows]
['Nord', 'Winter']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Literal

import msgspec

from headwater.control.entities.kinds import KINDS, Kind
from headwater.control.entities.nested import TreeNode

Depth = Literal["campaign", "creative_group", "creative"]
MOST: Final = 200
"""Rows of a page."""
PATHS: Final[dict[str, str]] = {
    "campaign": "/ads/campaigns",
    "creative_group": "/ads/groups",
    "creative": "/ads/creatives",
}


class Row(msgspec.Struct, frozen=True):
    """One thing of the hierarchy; ``level`` is 0 for a workspace, which has no page of its own."""

    kind: Kind
    id: int
    name: str
    level: int

    @property
    def path(self) -> str:
        """Its page; empty where it has none."""
        return f"{PATHS[self.kind]}/{self.id}" if self.kind in PATHS else ""


class Rows(msgspec.Struct, frozen=True):
    """What is shown, and how many more there are."""

    rows: tuple[Row, ...]
    left_off: int

    def of_kind(self, kind: Kind) -> tuple[int, ...]:
        """The ids of a kind."""
        return tuple(row.id for row in self.rows if row.kind == kind)


def rows(workspaces: Sequence[TreeNode], search: str, depth: Depth, most: int = MOST) -> Rows:
    """What has every word of ``search`` in its name, with what is above and below it, down to ``depth``."""
    words = search.casefold().split()
    every = _down(workspaces, words, KINDS.index(depth), 0, matched=not words)
    shown = tuple(islice(every, most))
    return Rows(shown, sum(1 for _ in every))


def _down(nodes: Sequence[TreeNode], words: list[str], deepest: int, level: int, *, matched: bool) -> Iterator[Row]:
    for node in nodes:
        found = matched or _named(node, words)
        if not found and not any(_holds(child, words) for child in node.children):
            continue
        if level <= deepest or not matched:
            yield Row(node.kind, node.id, node.name, level)
        # What is searched for is shown however deep it lies.
        if level < deepest or not found:
            yield from _down(node.children, words, deepest, level + 1, matched=found)


def _holds(node: TreeNode, words: list[str]) -> bool:
    return _named(node, words) or any(_holds(child, words) for child in node.children)


def _named(node: TreeNode, words: list[str]) -> bool:
    return all(word in node.name.casefold() for word in words) or [str(node.id)] == words
