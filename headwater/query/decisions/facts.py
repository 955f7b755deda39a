"""What a question of the dashboard may read: the organisation's facts, as rows of statements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from headwater.catalogue.model import RowDataset
from headwater.query.decisions import compile_traces
from headwater.query.decisions.compile import (
    compile_model_metrics,
    compile_quantiles,
    compile_segment_sizes,
    compile_segment_times,
    compile_suppressed,
    compile_tally,
)
from headwater.query.decisions.compile_traces import Sample
from headwater.query.decisions.tally import Tally
from headwater.query.window import Window
from headwater.scope import Scope
from headwater.storage.port import Dialect, Row, Statement

Fetch = Callable[[Statement], Awaitable[list[Row]]]


class Facts:
    """Reads within one scope; see the compilers for the columns of the rows."""

    def __init__(self, fetch: Fetch, scope: Scope, dialect: Dialect) -> None:
        self._fetch = fetch
        self._scope = scope
        self._dialect = dialect

    async def tally(self, tally: Tally) -> list[Row]:
        """Sums by dimensions."""
        return await self._fetch(compile_tally(tally, self._scope, self._dialect))

    async def quantiles(
        self, dataset: RowDataset, column: str, fractions: Sequence[float], window: Window
    ) -> list[Row]:
        """Quantiles of a column by day."""
        return await self._fetch(compile_quantiles(dataset, column, fractions, window, self._scope, self._dialect))

    async def suppressed(self, now: datetime) -> list[Row]:
        """Suppressions that have not expired, by policy type."""
        return await self._fetch(compile_suppressed(now, self._scope, self._dialect))

    async def model_metrics(self, models: Sequence[int], window: Window, most: int) -> list[Row]:
        """The newest measurements of each model."""
        if not models:
            return []
        return await self._fetch(compile_model_metrics(models, window, most, self._scope, self._dialect))

    async def segment_times(self, segments: Sequence[int]) -> list[Row]:
        """When each segment's list was last told of anything."""
        return await self._fetch(compile_segment_times(segments, self._scope, self._dialect))

    async def segment_sizes(self, segments: Sequence[int]) -> list[Row]:
        """How many are on each list."""
        return await self._fetch(compile_segment_sizes(segments, self._scope, self._dialect))

    async def selection(self, sample: Sample) -> list[Row]:
        """How often a sample of traces considered, scored and selected each offer."""
        return await self._fetch(compile_traces.compile_selection(sample, self._scope, self._dialect))

    async def sample_size(self, sample: Sample) -> int:
        """How many traces the sample has."""
        rows = await self._fetch(compile_traces.compile_sample_size(sample, self._scope, self._dialect))
        return int(rows[0][0])

    async def fates(self, offer: int, sample: Sample) -> list[Row]:
        """What became of an offer in a sample of traces."""
        return await self._fetch(compile_traces.compile_fates(offer, sample, self._scope, self._dialect))
