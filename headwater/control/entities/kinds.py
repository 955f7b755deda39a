"""The five kinds of entity, each below the one before it, and what callers call a parent's id."""

from __future__ import annotations

from typing import Final, Literal, get_args

Kind = Literal["workspace", "campaign", "creative_group", "creative", "component"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

PARENT: Final[dict[Kind, Kind]] = dict(zip(KINDS[1:], KINDS[:-1], strict=True))
PARENT_FIELD: Final[dict[Kind, str]] = {kind: f"{parent}_id" for kind, parent in PARENT.items()}


def words(kind: Kind) -> str:
    """The kind as a sentence has it.

    >>> words("creative_group")
    'creative group'
    """
    return kind.replace("_", " ")
