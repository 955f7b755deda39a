"""One object or up to fifty in one POST: each good one is taken, each bad one named, in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET

from headwater.errors import Conflict, HeadwaterError, InvalidRequest, NotFound, PaymentRequired
from headwater.surfaces._http.endpoint import Reply
from headwater.surfaces._http.validation import faults, refusal
from headwater.surfaces.creators.contract import Bulk, EnvelopedBulk, Refused
from headwater.surfaces.creators.envelope import enveloped

Row = TypeVar("Row", bound=msgspec.Struct)
Made = TypeVar("Made")


def given(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that were sent, UUIDs as the control plane has them."""
    fields = msgspec.structs.asdict(body).items()
    return {name: str(value) if isinstance(value, UUID) else value for name, value in fields if value is not UNSET}


async def posted(
    body: msgspec.Struct,
    several: str,
    change: type[msgspec.Struct],
    create: Callable[[dict[str, Any]], Awaitable[tuple[Made, bool]]],
    rows: Callable[[list[Made]], Awaitable[list[Row]]],
) -> Reply:
    """Create what a body holds; ``several`` is the field that may hold a list of it.

    ``change`` is one object's struct, ``create`` makes one of its fields and ``rows`` answers what was made.
    """
    fields = given(body)
    items = fields.pop(several, None)
    if items is None:
        made, created = await create(fields)
        (row,) = await rows([made])
        return Reply(enveloped(row), 201 if created else 200)
    if fields:
        raise InvalidRequest(f"Send either one object or '{several}', not both.", field=several)
    taken, refused = await _each(items, change, create)
    return Reply(EnvelopedBulk(Bulk(await rows(taken), refused), None, None))


async def _each(
    items: list[Any],
    change: type[msgspec.Struct],
    create: Callable[[dict[str, Any]], Awaitable[tuple[Made, bool]]],
) -> tuple[list[Made], list[Refused]]:
    # What is refused was refused before it wrote anything, so the others' transaction holds.
    taken: list[Made] = []
    refused: list[Refused] = []
    for index, item in enumerate(items):
        try:
            made, _ = await create(given(_read(item, change)))
            taken.append(made)
        except (InvalidRequest, NotFound, Conflict, PaymentRequired) as error:
            refused.append(Refused(index, _words(error)))
    return taken, refused


def _read(item: object, change: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.convert(item, change)
    except msgspec.ValidationError as error:
        raise refusal(error, change, faults(item, change, strict=True), "body") from None


def _words(error: HeadwaterError) -> str:
    if isinstance(error, InvalidRequest):
        return " ".join(problem.message for problem in error.problems)
    return error.message
