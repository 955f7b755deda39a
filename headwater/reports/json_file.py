"""A report as one JSON object: title, subtitle, columns, rows.

Rows are arrays in the order of the columns; it does not name values twice.
"""

from __future__ import annotations

import msgspec

from headwater.reports.table import ReportTable


def render(table: ReportTable) -> bytes:
    """Times as RFC 3339 with ``Z``; missing values and non-finite numbers as null."""
    return msgspec.json.encode(
        {
            "title": table.title,
            "subtitle": table.subtitle,
            "columns": [
                {"key": column.key, "label": column.label, "kind": column.kind, "unit": column.unit}
                for column in table.columns
            ],
            "rows": table.rows,
        }
    )
