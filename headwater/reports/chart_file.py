"""A report as a picture: PNG, SVG, PDF.

Draws the chart, or the table where there is no chart to draw, and converts it in
process with the converter's own fonts and the system's. No address is ever opened:
data stand in the specification, and the converter is told to allow none.
"""

from __future__ import annotations

from headwater.reports import chart
from headwater.reports.table import ReportTable

_SCALE = 2


def svg(table: ReportTable) -> bytes:
    """Text stays text: a browser draws it with the reader's fonts."""
    return _svg_text(table).encode()


def png(table: ReportTable) -> bytes:
    """Twice the pixels of the layout, sharp on a slide."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(_svg_text(table), scale=_SCALE))


def pdf(table: ReportTable) -> bytes:
    """One page as large as the picture, with selectable text."""
    import vl_convert

    return bytes(vl_convert.svg_to_pdf(_svg_text(table)))


def _svg_text(table: ReportTable) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.specification(table), allowed_base_urls=[]))
