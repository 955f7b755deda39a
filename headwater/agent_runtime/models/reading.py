"""What a model reads in one turn: each verb as a tool, and what came of it, kept to hold the answer against."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from headwater.agent_runtime.grounding import figures
from headwater.agent_runtime.turn import Telling
from headwater.errors import HeadwaterError, InternalError
from headwater.reports import ReportTable
from headwater.tools.citation import Citation
from headwater.tools.verb import Given, Reach, Verb

if TYPE_CHECKING:
    from pydantic_ai import Tool


class Reading:
    """The tools of one turn, with the caller's reach, and what they gave."""

    def __init__(self, reach: Reach, telling: Telling) -> None:
        self._reach = reach
        self._telling = telling
        self.citations: list[Citation] = []
        self.values: list[float] = []
        self.table: ReportTable | None = None

    def tool(self, verb: Verb) -> Tool[None]:
        """The verb as the model's library takes it; what a caller can mend goes back to the model in words."""
        from pydantic_ai import ModelRetry, Tool

        async def call(**arguments: Any) -> Any:
            self._telling("tool", verb.name)
            try:
                given = await verb.run(self._reach, msgspec.convert(arguments, verb.arguments))
            except msgspec.ValidationError as error:
                raise ModelRetry(f"{verb.name}: {error}") from None
            except InternalError:
                raise
            except HeadwaterError as error:
                return {"error": error.message, **{key: error.details[key] for key in error.details}}
            return self._kept(given)

        return Tool.from_schema(call, verb.name, verb.description, verb.schema)

    def _kept(self, given: Given) -> Any:
        data = msgspec.to_builtins(given.data)
        self.values.extend(_numbers(data))
        if given.citation is not None:
            self.citations.append(given.citation)
        if given.table is not None:
            self.table = given.table
        return data


def _numbers(data: Any) -> Iterator[float]:
    """Every number of a result, also those within its texts."""
    if isinstance(data, bool) or data is None:
        return
    if isinstance(data, int | float | Decimal):
        yield float(data)
    elif isinstance(data, str):
        yield from (figure.value for figure in figures(data))
    elif isinstance(data, dict):
        for value in data.values():
            yield from _numbers(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _numbers(value)
