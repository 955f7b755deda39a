"""Rows of JSON as an Arrow table: types by their values, text where values disagree.

>>> table_of([{"a": 1, "b": "x"}, {"a": 2.5, "c": [1]}]).to_pydict()
{'a': [1.0, 2.5], 'b': ['x', None], 'c': [None, '[1]']}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from headwater.sources.cells import cell
from headwater.sources.schema import Cell


def table_of(records: Iterable[Mapping[str, Any]]) -> pa.Table:
    """One column for each name, in the order in which they first come; what has parts becomes JSON text."""
    rows = list(records)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return columnar(names or ["value"], [[cell(row.get(name)) for row in rows] for name in names] or [[]])


def columnar(names: Sequence[str], columns: Sequence[Sequence[Cell]]) -> pa.Table:
    """Columns of cells as a table."""
    return pa.table([_array(column) for column in columns], names=list(names))


def _array(values: Sequence[Cell]) -> pa.Array:
    if any(isinstance(value, float) for value in values):
        numbers = all(
            value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values
        )
        values = [None if value is None else float(value) for value in values] if numbers else values  # type: ignore[arg-type]
    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        array = pa.array([None if value is None else str(value) for value in values], pa.string())
    # A column without any value has a type that no table can hold.
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array
