"""A company's own measurements as a data source: metric questions instead of SQL, the catalogue instead of tables."""

from __future__ import annotations

from headwater.catalogue.asked import FAMILY_OF, KIND_LABELS, of_family
from headwater.scope import Scope
from headwater.sources.schema import ResultColumn, Rows, Schema, SourceColumn, SourceTable
from headwater.tools.metric_question import read
from headwater.tools.metrics import MetricTools


class Measurements:
    """Answers the queries and the schema of ``ds_headwater``."""

    def __init__(self, tools: MetricTools) -> None:
        self._tools = tools

    async def run(self, query: str, scope: Scope, limit: int) -> Rows:
        """What a metric question, as JSON, gives; raises as ``MetricTools.ask_metrics`` does."""
        answer = await self._tools.ask_metrics(read(query), scope)
        table = answer.table
        columns = tuple(ResultColumn(column.key, column.kind) for column in table.columns)
        rows = [tuple(row) for row in table.rows[:limit]]
        return Rows(columns, rows, truncated=answer.truncated or len(table.rows) > limit)

    async def schema(self, scope: Scope) -> Schema:
        """Each kind of entity and each dimension as a table whose columns are the metrics that it has."""
        del scope  # The catalogue is everybody's.
        tables = (SourceTable(kind, (_NAME, *_metrics(FAMILY_OF[kind]))) for kind in KIND_LABELS)
        return Schema("duckdb", tuple(tables))


_NAME = SourceColumn("name", "text", nullable=False)


def _metrics(family: str) -> list[SourceColumn]:
    return [SourceColumn(metric.name, metric.unit.name) for metric in of_family(family).values()]
