"""What a check answers with: rows that must be refused, the field to blame, and words for the sender."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, NamedTuple, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.decisions import Outcome
from headwater.catalogue.model import Field
from headwater.ingest.records import LISTED_ERRORS, RecordError, RecordErrors

Words = Callable[[Any], str]
"""Makes a message from the value that is refused (None when it is absent)."""


class Entities(Protocol):
    """The organisation's creatives, as far as facts name them."""

    @property
    def creative_ids(self) -> frozenset[int]:
        """All creatives of the organisation, archived ones too."""

    def component_owner(self, component_id: int) -> int | None:
        """The creative that a component belongs to; None for one that the organisation does not have."""


class Roster(Protocol):
    """The organisation's creators and videos, as far as facts name them."""

    def find(self, kind: str, public_id: str) -> int | None:
        """The number of what has this UUID; None for one that the organisation does not have."""


class Book(Protocol):
    """The organisation's offers, channels and what else decisions name, as far as facts do."""

    def find(self, kind: str, public_id: str) -> int | None:
        """The number of what has this id, archived or not; None for one that the organisation does not have."""

    def outcome(self, key: str) -> Outcome | None:
        """The outcome type of this key."""

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """All outcome types by key."""


class Known(NamedTuple):
    """Everything that an organisation's facts can name."""

    entities: Entities
    roster: Roster
    book: Book

    def find(self, field: Field, public_id: str) -> int | None:
        """The number of the entity that a ``uuid`` or ``ref`` field names."""
        return (self.roster if field.kind == "uuid" else self.book).find(field.entity, public_id)


class Problem(msgspec.Struct, frozen=True):
    """Rows (a boolean mask) whose ``field`` breaks a rule."""

    rows: pa.Array
    field: str
    words: Words


def always(message: str) -> Words:
    """The same words whatever the value."""
    return lambda _: message


def refuse(
    problems: list[Problem], columns: Mapping[str, pa.Array] | pa.RecordBatch, index: pa.Array
) -> tuple[pa.Array, RecordErrors]:
    """Which rows are good, and the errors of the others; ``columns`` holds the values by field name."""
    refused = pa.array([False] * len(index))
    errors = []
    for problem in problems:
        rows = pc.fill_null(problem.rows, False)
        refused = pc.or_(refused, rows)
        for position in islice(pc.indices_nonzero(rows).to_pylist(), LISTED_ERRORS):
            value = columns[problem.field][position].as_py()
            errors.append(RecordError(index[position].as_py(), problem.field, problem.words(value)))
    return pc.invert(refused), RecordErrors.of(refused.true_count, errors)
