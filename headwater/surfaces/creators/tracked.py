"""The five routes that creators, videos and campaigns have in common, declared once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from headwater.errors import Conflict, NotFound, PaymentRequired
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Endpoint, Handler
from headwater.surfaces.creators.contract import Deleted, EnvelopedBulk
from headwater.surfaces.creators.envelope import Enveloped, Listed

_UPDATED = "Fields that are left out stay as they are; `null` takes a value away."


@dataclass(frozen=True)
class Handlers:
    """What answers the five routes of one noun."""

    list: Handler
    create: Handler
    get: Handler
    update: Handler
    delete: Handler


@dataclass(frozen=True)
class Shapes:
    """The structs of one noun: a row, a body of one or several, a change, the parameters of its list."""

    row: type[msgspec.Struct]
    body: type[msgspec.Struct]
    change: type[msgspec.Struct]
    query: type[msgspec.Struct]


def endpoints(
    word: str,
    handlers: Handlers,
    shapes: Shapes,
    example: dict[str, Any],
    body: dict[str, Any],
    *,
    creation: str,
    deletion: str,
    called: str = "",
) -> Sequence[Endpoint]:
    """The routes of ``word``; ``creation`` and ``deletion`` say what is particular to it.

    Generated clients name the routes after ``called``, where another contract has the same word.
    """
    tag, path = f"{word}s".capitalize(), f"/api/v1/{word}s"
    one, known, page = _answers(word, shapes.row, example)
    gone = Answers(deletion, Enveloped[Deleted], _enveloped({"id": example["id"], "deleted": True}))

    def route(method: str, at: str, handler: Handler, verb: str, answers: dict[int, Answers], **more: Any) -> Endpoint:
        access = READ if method == "GET" else WRITE
        if called and at.startswith(path):
            more["operation_id"] = f"{method.lower()}_{called}s{'_id' if at != path else ''}"
        return Endpoint(method, at, handler, access, verb, tag, answers, **more)

    return [
        route("GET", path, handlers.list, f"List {word}s", {200: page}, query=shapes.query, errors=(NotFound,)),
        route(
            "POST",
            f"/api/v1/projects/{{id}}/{word}s",
            handlers.create,
            f"Create a {word}, or up to 50",
            {201: one, 200: known},
            body=shapes.body,
            body_example=body,
            description=f"{creation} Of several, each good one is taken and each bad one listed with its `index`.",
            errors=(NotFound, Conflict, PaymentRequired),
        ),
        route("GET", f"{path}/{{id}}", handlers.get, f"Get a {word}", {200: one}, errors=(NotFound,)),
        route(
            "PATCH",
            f"{path}/{{id}}",
            handlers.update,
            f"Change a {word}",
            {200: one},
            body=shapes.change,
            body_example=body,
            description=_UPDATED,
            errors=(NotFound, Conflict, PaymentRequired),
        ),
        route("DELETE", f"{path}/{{id}}", handlers.delete, f"Delete a {word}", {200: gone}, errors=(NotFound,)),
    ]


def _answers(word: str, row: Any, example: dict[str, Any]) -> tuple[Answers, Answers, Answers]:
    """One that was asked for or made; one that was there already, or several; a page."""
    one, several = Enveloped[row], EnvelopedBulk[row]
    known = f"The {word} that was there, updated; or what became of several."
    page = {"data": [example], "error": None, "meta": {"nextCursor": None}}
    return (
        Answers(f"The {word}.", one, _enveloped(example)),
        Answers(known, (one, several), _enveloped(example)),
        Answers(f"A page of {word}s, newest first.", Listed[row], page),
    )


def _enveloped(data: dict[str, Any]) -> dict[str, Any]:
    return {"data": data, "error": None, "meta": None}
