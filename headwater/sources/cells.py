"""Values as engines give them, as cells: scalars that go into JSON without losing anything.

Numbers with decimals stay ``Decimal``, which JSON gets as text. Bytes become base64. What has
parts (lists, structs, maps) becomes JSON text, and what JSON knows nothing of its usual text.

>>> cell(b"\\x00\\x01"), cell([1, {"a": None}]), cell(2**70)
('AAE=', '[1,{"a":null}]', Decimal('1180591620717411303424'))
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

import msgspec

from headwater.sources.connector import Limits
from headwater.sources.schema import Cell, ResultColumn, Rows

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_EACH = 8


def cell(value: object) -> Cell:
    """One value; a float that is no number becomes None, as JSON has none. Times with a zone are in UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if value is None or isinstance(value, str | bool | date | time):
        return value
    if isinstance(value, int):
        return int(value) if _SMALLEST <= value <= _LARGEST else Decimal(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, list | tuple | dict | set | frozenset):
        return msgspec.json.encode(value, enc_hook=str).decode("utf-8")
    return str(value)


def collect(columns: Sequence[ResultColumn], rows: Iterable[Sequence[object]], limits: Limits) -> Rows:
    """The first rows of a result, up to the limits; ``truncated`` where there was more."""
    found: list[tuple[Cell, ...]] = []
    size = 0
    for row in rows:
        cells = tuple(cell(value) for value in row)
        size += sum(len(one) if isinstance(one, str) else _EACH for one in cells)
        if len(found) == limits.rows or size > limits.bytes:
            return Rows(tuple(columns), found, True)
        found.append(cells)
    return Rows(tuple(columns), found)


def unique_names(columns: Sequence[ResultColumn]) -> tuple[ResultColumn, ...]:
    """The same, with a number behind names that stand there before: a row is an object of JSON.

    >>> [one.name for one in unique_names([ResultColumn("id", ""), ResultColumn("id", ""), ResultColumn("id_2", "")])]
    ['id', 'id_2', 'id_2_2']
    """
    taken: set[str] = set()
    found: list[ResultColumn] = []
    for column in columns:
        name, number = column.name, 1
        while name in taken:
            number += 1
            name = f"{column.name}_{number}"
        taken.add(name)
        found.append(ResultColumn(name, column.type))
    return tuple(found)
