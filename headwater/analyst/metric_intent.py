"""What a question asks for, decided: a metric question with how to speak of its answer, or why there is none. Data."""

from __future__ import annotations

from typing import Literal

import msgspec

from headwater.tools.metric_question import MetricQuestion

Shape = Literal["value", "ranking", "listing", "trend", "count", "why", "report"]
Change = Literal["fell", "rose", "changed"]


class Intent(msgspec.Struct, frozen=True):
    """``question`` is absolute. ``shown`` are the metrics that were named, without the parts of rates.

    ``never`` leaves only offers that are never selected. ``direction`` is what "why" takes for granted.
    ``notes`` are sentences about what was taken for granted.
    """

    question: MetricQuestion
    shape: Shape
    shown: tuple[str, ...] = ()
    never: bool = False
    direction: Change | None = None
    notes: tuple[str, ...] = ()


class Unclear(Exception):
    """The question has several readings or none; ``suggestions`` are questions that would be understood."""

    def __init__(
        self,
        text: str,
        suggestions: tuple[str, ...] = (),
        *,
        unknown: tuple[str, ...] = (),
        declined: bool = False,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.suggestions = suggestions
        self.unknown = unknown
        self.declined = declined
