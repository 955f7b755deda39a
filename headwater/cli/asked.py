"""The question behind an API address: the route's own handler is called, up to the moment it asks the engine.

So a path and its parameters mean here exactly what they mean to the server. The
question is caught, not answered.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from starlette.routing import compile_path

from headwater.app import endpoints
from headwater.errors import InvalidRequest, NotFound
from headwater.query.question import Question
from headwater.query.result import Answer
from headwater.query.run import Engine
from headwater.scope import Scope
from headwater.surfaces._http.endpoint import Call, Endpoint, Headers
from headwater.surfaces._http.params import parse_query
from headwater.surfaces._http.services import Services
from headwater.surfaces._http.work import Work


class _Asked(Exception):  # not an error: it ends the handler where it asks
    def __init__(self, question: Question) -> None:
        self.question = question


class _Listener(Engine):
    """Stands where the engine is, and hears what it is asked."""

    def __init__(self) -> None:
        """Needs nothing: it answers nothing."""

    async def ask(self, question: Question, scope: Scope) -> Answer:
        raise _Asked(question)


async def question_of(url: str, services: Services, scope: Scope) -> Question:
    """What a GET of ``url`` (an address, or path and query) asks the engine."""
    parts = urlsplit(url.strip())
    endpoint, path = _route(parts.path)
    if endpoint.query is None:
        raise _asks_nothing(endpoint)
    query = parse_query(parts.query.encode(), endpoint.query, refuse_unknown=endpoint.refuse_unknown)
    async with Work(services.control) as work:
        heard = replace(services, engine=_Listener())
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
