"""What facts about decisions name, by the callers' own ids; ``--create-missing`` makes what is not there.

Records carry these ids as they are, so nothing is put in their place: they are only read
to find what is missing. An offer is called as ``offer_name`` says and put into the
category that ``category`` names; a channel takes ``channel_name`` and ``channel_type``.
What exists is left as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Protocol

import msgspec

from headwater.catalogue.decisions import DECISION_TRACES, INTERACTIONS
from headwater.catalogue.model import Dataset, RowDataset
from headwater.cli.importing.columns import details
from headwater.cli.importing.entities import Directory, KnownEntities
from headwater.cli.importing.names import Row, external
from headwater.cli.importing.readers import Fault
from headwater.control.decisions.kinds import (
    BY_KIND,
    Body,
    CategoryBody,
    ChannelBody,
    FlowBody,
    ModelBody,
    OfferBody,
    SegmentBody,
)
from headwater.control.decisions.rules import checked
from headwater.errors import InvalidRequest

DecisionKind = Literal["category", "channel", "offer", "segment", "decision_flow", "algorithm_model"]
MADE: Final[tuple[DecisionKind, ...]] = (
    "category",
    "channel",
    "offer",
    "segment",
    "decision_flow",
    "algorithm_model",
)
"""The kinds of which an id says enough, in the order in which they can be made."""

_LONGEST: Final = 64
_UNKNOWN_TYPE: Final = "imported"
_LISTS: Final = ("qualification_results", "contact_policy_results", "scoring_results", "selected_offers")
_IN_LISTS: Final[Mapping[str, DecisionKind]] = {"offer_id": "offer", "model_id": "algorithm_model"}

Wanted = tuple[DecisionKind, str]


class DecisionDirectory(Directory[DecisionKind, Body, str], Protocol):
    """The decision entities of one organisation."""


class DecisionNames:
    """Makes the entities that records of one dataset name and that are not there."""

    def __init__(self, dataset: RowDataset, directory: DecisionDirectory) -> None:
        self._fields = {field.name: field.entity for field in dataset.sent if field.entity in MADE}
        self._lists = ("candidates", *_LISTS) if dataset.name == DECISION_TRACES.name else ()
        self._details = details(dataset)
        self._known: KnownEntities[DecisionKind, Body, str] = KnownEntities(directory)

    def key(self, row: Row) -> str:
        """What all records that name the same have in common; empty when a record names nothing."""
        if not any(column in row for column in self._columns):
            return ""
        return repr([row.get(column) for column in self._naming])

    def without(self, row: Row) -> Row:
        """The record without the columns that name."""
        return {name: value for name, value in row.items() if name not in self._naming}

    async def look_up(self, rows: Mapping[str, Row]) -> dict[str, dict[str, Any] | Fault]:
        """By key, the fields that name, as they were, once all that they name is there; or why it cannot be."""
        found: dict[str, dict[str, Any] | Fault] = {}
        wanted: defaultdict[DecisionKind, dict[str, Body]] = defaultdict(dict)
        for key, row in rows.items():
            try:
                for kind, name in self._named(row):
                    wanted[kind].setdefault(name, checked(_new(kind, name, row)))
                found[key] = {column: row[column] for column in self._columns if column in row}
            except InvalidRequest as error:
                found[key] = Fault(str(error.details.get("field")), error.message)
        for kind in MADE:
            await self._known.ensure(kind, wanted[kind])
        return found

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*self._fields, *self._lists)

    @property
    def _naming(self) -> tuple[str, ...]:
        return (*self._columns, *self._details)

    def _named(self, row: Row) -> Iterator[Wanted]:
        if (category := external(row, "category", _LONGEST)) is not None and "offer_id" in self._fields:
            yield "category", category
        for column, kind in self._fields.items():
            if (name := external(row, column, _LONGEST)) is not None:
                yield kind, name
        for column in self._lists:
            yield from _in_list(_items(row.get(column)))


def hints(dataset: Dataset, makes: bool) -> dict[str, str]:
    """By the fields of a dataset that name something, what to do where it is not there."""
    kinds = {field.name: field.entity for field in dataset.sent if field.kind == "ref"}
    if dataset.name == DECISION_TRACES.name:
        kinds |= dict.fromkeys(("candidates", *_LISTS), "offer")
    if dataset.name == INTERACTIONS.name:
        kinds["outcome"] = "outcome_type"
    found = {}
    for field, kind in kinds.items():
        if makes and kind in MADE:
            continue
        path = BY_KIND[kind].path
        words = f"Make {path.replace('-', ' ')} with POST /api/v1/{path} first, under the ids that the records have"
        if kind == "outcome_type":
            words = f"Make outcome types with POST /api/v1/{path} first, under the keys that the records have"
        found[field] = f"{words}, or let --create-missing make them." if kind in MADE else f"{words}."
    return found


def _items(value: object) -> Sequence[object]:
    """A list; what is none is for ingest to refuse."""
    return value if isinstance(value, list) else ()


def _in_list(items: Iterable[object]) -> Iterator[Wanted]:
    for item in items:
        if isinstance(item, str):
            yield "offer", item
        elif isinstance(item, dict):
            for field, kind in _IN_LISTS.items():
                if isinstance(name := item.get(field), str):
                    yield kind, name


def _new(kind: DecisionKind, name: str, row: Row) -> Body:
    """An entity as its id and the record's other columns say."""
    try:
        return msgspec.convert({"id": name, **_BODIES[kind](name, row)}, _FORMS[kind])
    except msgspec.ValidationError as error:
        words = f"{kind.replace('_', ' ')} '{name[:_LONGEST]}' cannot be made: {error}".replace("`", "")
        raise InvalidRequest(words, field=f"{kind}_id") from None


def _offer(name: str, row: Row) -> dict[str, Any]:
    called = external(row, "offer_name") or name
    return {"name": called, "status": "active", "categoryId": external(row, "category", _LONGEST)}


def _channel(name: str, row: Row) -> dict[str, Any]:
    called, kind = external(row, "channel_name") or name, external(row, "channel_type", _LONGEST)
    return {"name": called, "channelType": kind or _UNKNOWN_TYPE}


_FORMS: Final[Mapping[DecisionKind, type[Body]]] = {
    "category": CategoryBody,
    "channel": ChannelBody,
    "offer": OfferBody,
    "segment": SegmentBody,
    "decision_flow": FlowBody,
    "algorithm_model": ModelBody,
}
_BODIES: Final[Mapping[DecisionKind, Callable[[str, Row], dict[str, Any]]]] = {
    "category": lambda name, _: {"name": name},
    "channel": _channel,
    "offer": _offer,
    "segment": lambda name, _: {"name": name},
    "decision_flow": lambda name, _: {"key": name, "name": name},
    "algorithm_model": lambda name, _: {"key": name, "name": name, "modelType": _UNKNOWN_TYPE},
}


def ids_of(bodies: Collection[Body]) -> list[str]:
    """The ids that bodies carry; all that are made here do."""
    return [str(body.id) for body in bodies]
