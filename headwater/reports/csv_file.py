"""RFC 4180 CSV that is safe to open in a spreadsheet.

Also serves ``format=csv`` of the analytics endpoints. It does not choose or order
columns, and never changes a number.

>>> csv_bytes(["name", "clicks"], [("=1+1", -5), ("a,b", None)])
b'name,clicks\\r\\n\\'=1+1,-5\\r\\n"a,b",\\r\\n'
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from headwater.reports.table import ReportTable

# What makes a spreadsheet run a text cell as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Header and rows in UTF-8 with CRLF; times as RFC 3339, missing values empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_cell(column) for column in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def render(table: ReportTable) -> bytes:
    """The whole table under its columns' keys."""
    return csv_bytes([column.key for column in table.columns], table.rows)


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value
