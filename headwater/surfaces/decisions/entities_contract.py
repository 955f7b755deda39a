"""Shapes of the decision entities, made from what the control plane takes, so that they are said once.

Each kind has a body (``control.decisions.kinds``), a change, which is the body with nothing
required, and a row, which is the body with nothing left out and with what the server adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.control.decisions.kinds import KINDS, Body, EntityKind
from headwater.control.decisions.system_outcomes import BY_ID
from headwater.surfaces.decisions.entity_examples import EXAMPLES
from headwater.surfaces.decisions.measured import MEASURED

IsSystem = Annotated[bool, Meta(description="Whether every organisation has it, and none can change it.")]
_MADE: Final = datetime.fromisoformat("2026-03-01T09:30:00Z")


@dataclass(frozen=True)
class Shapes:
    """The structs of one kind, and examples of what is sent and of what is answered."""

    body: type[Body]
    change: type[msgspec.Struct]
    row: type[msgspec.Struct]
    body_example: Mapping[str, Any]
    row_example: Mapping[str, Any]


def row(
    kind: EntityKind,
    public_id: str,
    fields: Mapping[str, Any],
    measured: Mapping[str, Any],
    created_at: datetime,
    updated_at: datetime,
) -> dict[str, Any]:
    """An entity as it is answered; ``measured`` is what facts say of it."""
    system = {"isSystem": public_id in BY_ID} if kind.kind == "outcome_type" else {}
    times = {"createdAt": created_at, "updatedAt": updated_at}
    return {"id": public_id, **fields, **measured, **system, **times}


def _shapes(kind: EntityKind) -> Shapes:
    own = [(field.name, field.type) for field in msgspec.structs.fields(kind.body) if field.name != "id"]
    measured = MEASURED[kind.kind].fields if kind.kind in MEASURED else {}
    system = {"is_system": IsSystem} if kind.kind == "outcome_type" else {}
    times = {"created_at": datetime, "updated_at": datetime}
    noun = _noun(kind)
    example = EXAMPLES[kind.kind]
    return Shapes(
        body=cast(
            type[Body],
            msgspec.defstruct(
                f"{noun}Body",
                [],
                bases=(kind.body,),
                module=__name__,
                namespace={"__doc__": kind.body.__doc__},
                frozen=True,
            ),
        ),
        change=_struct(
            f"{noun}Change",
            [(name, of | UnsetType, UNSET) for name, of in own],
            "New values for some fields; what is left out stays as it is.",
        ),
        row=_struct(noun, [("id", str), *own, *measured.items(), *system.items(), *times.items()], kind.body.__doc__),
        body_example=example,
        row_example=_row_example(kind, example),
    )


def _struct(name: str, fields: list[Any], words: str | None) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        name, fields, module=__name__, namespace={"__doc__": words}, frozen=True, kw_only=True, rename="camel"
    )


def _noun(kind: EntityKind) -> str:
    """What generated clients call the kind; the ad-creatives contract has creatives, too.

    >>> from headwater.control.decisions.kinds import BY_KIND
    >>> _noun(BY_KIND["decision_flow"]), _noun(BY_KIND["creative"])
    ('DecisionFlow', 'OfferCreative')
    """
    words = kind.kind if kind.kind != "creative" else "offer_creative"
    return words.title().replace("_", "")


def _row_example(kind: EntityKind, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = msgspec.to_builtins(msgspec.convert(sent, kind.body))
    del fields["id"]
    measured = MEASURED[kind.kind].nothing if kind.kind in MEASURED else {}
    example: Mapping[str, Any] = msgspec.to_builtins(
        row(kind, f"{kind.prefix}_0001kXW9fHq3VbLr0Yt5Zs", fields, measured, _MADE, _MADE)
    )
    return example


SHAPES: Final[Mapping[str, Shapes]] = MappingProxyType({kind.kind: _shapes(kind) for kind in KINDS})
