"""How far back a plan lets the levels over time be seen. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from headwater.errors import RetentionExceeded
from headwater.query.series.question import Span


def oldest_allowed(span: Span, today: date, retention_days: int | None) -> date | None:
    """The first day that the plan lets be seen; ``RetentionExceeded`` where the span begins before it."""
    if retention_days is None:
        return None
    oldest = today - timedelta(days=retention_days)
    if span.first < oldest:
        raise RetentionExceeded(retention_days, oldest)
    return oldest
