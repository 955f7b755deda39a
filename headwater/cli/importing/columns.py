"""A file's columns under the dataset's names: ``--map`` renames, ``--set`` fills in.

Knows which names a dataset has, and not what their values may be.

>>> from headwater.catalogue.ads import AD_EVENTS
>>> columns = Columns(AD_EVENTS, ["time=ts"], ["event=impressions"])
>>> columns.renamed({"time": "2026-01-31", "creative_id": 7})
{'creative_id': 7, 'ts': '2026-01-31', 'event': 'impressions'}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from headwater.catalogue.model import Dataset
from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean

CREATIVE_DETAILS: Final = ("campaign", "creative_group")
VIDEO_DETAILS: Final = ("creator", "platform", "title", "url", "posted_at")
CREATOR_DETAILS: Final = ("handle", "platform", "display_name")
OFFER_DETAILS: Final = ("offer_name", "category")
CHANNEL_DETAILS: Final = ("channel_name", "channel_type")
_DETAILS: Final = {"creative": CREATIVE_DETAILS, "video": VIDEO_DETAILS, "creator": CREATOR_DETAILS}
_DETAILS_OF_REFS: Final = {"offer": OFFER_DETAILS, "channel": CHANNEL_DETAILS}


def references(dataset: Dataset) -> dict[str, str]:
    """Columns that name an entity by external id, with the field that takes its id: ``creative``, ``creative_id``.

    Fields of kind ``ref`` need none: the id in them is the sender's own.
    """
    return {field.entity: field.name for field in dataset.fields if field.entity and field.kind != "ref"}


def details(dataset: Dataset) -> list[str]:
    """Columns that say where and how a missing entity is to be made; no dataset has them as fields."""
    found = [column for entity in references(dataset) for column in _DETAILS.get(entity, ())]
    refs = {field.entity for field in dataset.sent if field.kind == "ref"}
    return found + [column for entity, columns in _DETAILS_OF_REFS.items() if entity in refs for column in columns]


def _document(text: str) -> object:
    """JSON that stands in a text, as cells of CSV and Parquet have it; what is none is for ingest to refuse."""
    try:
        return msgspec.json.decode(text) if text else None
    except (msgspec.MsgspecError, RecursionError):
        return text


class Columns:
    """How the columns of the files are to be understood; ``whole``: every record is to be looked into."""

    def __init__(self, dataset: Dataset, maps: Sequence[str], constants: Sequence[str], *, whole: bool = False) -> None:
        self._allowed = [field.name for field in dataset.sent] + [*references(dataset), *details(dataset)]
        self._documents = [field.name for field in dataset.sent if field.kind == "json"]
        self._whole = whole
        self._fields = self._pairs("--map", maps, field_first=False)
        self._constants = self._pairs("--set", constants, field_first=True)
        self._named = [f'"{name}"'.encode() for name in references(dataset)]
        self._unmet = set(self._fields)

    def as_they_are(self, line: bytes) -> bool:
        """Whether the record, as JSON, can be sent as it stands."""
        return not (self._whole or self._fields or self._constants or any(name in line for name in self._named))

    def renamed(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The record under the dataset's names; a column that is mapped to a name wins over one that has it."""
        if self._unmet:
            self._unmet.difference_update(record)
        row = {name: value for name, value in record.items() if name not in self._fields}
        row.update({field: record[name] for name, field in self._fields.items() if name in record})
        row.update(self._constants)
        for name in self._documents:
            if isinstance(value := row.get(name), str):
                row[name] = _document(value)
        return row

    def unmet(self) -> list[str]:
        """Mapped columns that no record had so far."""
        return sorted(self._unmet)

    def _pairs(self, option: str, texts: Iterable[str], *, field_first: bool) -> dict[str, str]:
        pairs: dict[str, str] = {}
        form = "field=value" if field_first else "column=field"
        for text in texts:
            left, sign, right = text.partition("=") if field_first else text.rpartition("=")
            field = left if field_first else right
            if not (left and sign and right):
                raise InvalidRequest(f"{option} '{text}' must be {form}.", field=option)
            if field not in self._allowed:
                hint = did_you_mean(field, self._allowed)
                known = ", ".join(self._allowed)
                raise InvalidRequest(f"{option}: there is no field '{field}'.{hint} Fields: {known}.", field=option)
            if left in pairs or (not field_first and right in pairs.values()):
                raise InvalidRequest(f"{option}: '{left if left in pairs else right}' is given twice.", field=option)
            pairs[left] = right
        return pairs
