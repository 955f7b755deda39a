"""What the analyst says: an answer with its figures and where they come from, or what it needs to know first."""

from __future__ import annotations

from typing import Literal

import msgspec

from headwater.reports import ReportTable
from headwater.tools.citation import Citation

Outcome = Literal["answered", "ask_back", "declined"]


class Reply(msgspec.Struct, frozen=True):
    """One answer.

    ``answered``: ``text`` states the figures, ``table`` has them all, ``citations`` say how they
    were got. ``ask_back``: the question has several readings or an unknown word; ``text`` asks and
    ``suggestions`` are questions that would be understood. ``declined``: it is beyond the analyst;
    ``suggestions`` are examples of what is not. Only ``answered`` has a table or citations.
    ``unknown`` are the words of the question that were not understood.
    """

    outcome: Outcome
    text: str
    table: ReportTable | None = None
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
