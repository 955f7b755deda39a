"""The question behind an API address: the route's own handler is called, up to the moment it asks the engine.

So a path and its parameters mean here exactly what they mean to the server. The
question is caught, not answered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.routing import compile_path

from headwater.app import endpoints
from headwater.control.work import Work
from headwater.errors import InvalidRequest, NotFound
from headwater.query.question import Question
from headwater.query.result import Answer
from headwater.query.run import Engine
from headwater.query.series.question import SeriesQuestion
from headwater.query.series.resolve import Roster
from headwater.query.series.run import SeriesAnswer, SeriesEngine
from headwater.scope import Scope
from headwater.surfaces._http.endpoint import Call, Endpoint, Headers
from headwater.surfaces._http.params import parse_query
from headwater.surfaces._http.services import Services


class AskedSeries(NamedTuple):
    """A question to the series engine, with the roster that it is about."""

    question: SeriesQuestion
    roster: Roster


class _Asked(Exception):  # not an error: it ends the handler where it asks
    def __init__(self, question: Question | AskedSeries) -> None:
        self.question = question


class _Listener(Engine):
    """Stands where the engine is, and hears what it is asked."""

    def __init__(self) -> None:
        """Needs nothing: it answers nothing."""

    async def ask(self, question: Question, scope: Scope) -> Answer:
        raise _Asked(question)


class _SeriesListener(SeriesEngine):
    """The same where the series engine is."""

    def __init__(self) -> None:
        """Needs nothing either."""

    def roster_generation(self, scope: Scope) -> int:
        return 0

    async def ask(self, question: SeriesQuestion, roster: Roster, scope: Scope, roster_generation: int) -> SeriesAnswer:
        raise _Asked(AskedSeries(question, roster))


async def question_of(url: str, services: Services, scope: Scope) -> Question | AskedSeries:
    """What a GET of ``url`` (an address, or path and query) asks an engine."""
    parts = urlsplit(url.strip())
    endpoint, path = _route(parts.path)
    if endpoint.query is None:
        raise _asks_nothing(endpoint)
    query = parse_query(parts.query.encode(), endpoint.query, refuse_unknown=endpoint.refuse_unknown)
    async with Work(services.control) as work:
        heard = replace(services, engine=_Listener(), series=_SeriesListener())
        try:
            await endpoint.handler(Call(heard, scope, Headers(), path, query, b"", "", work))
        except _Asked as asked:
            return asked.question
    raise _asks_nothing(endpoint)


def _route(path: str) -> tuple[Endpoint, dict[str, str]]:
    for endpoint in endpoints():
        match = compile_path(endpoint.path)[0].match(path)
        if match and endpoint.method == "GET":
            return endpoint, match.groupdict()
    raise NotFound(f"The API has no GET {path or '(no path)'}. It is described at /docs of the server.", field="url")


def _asks_nothing(endpoint: Endpoint) -> InvalidRequest:
    return InvalidRequest(f"GET {endpoint.path} asks the facts nothing, so there is nothing to explain.", field="url")
