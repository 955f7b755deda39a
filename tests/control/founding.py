"""Organisations to test with: each with an owner, a scope and one entity of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from argon2 import PasswordHasher

from headwater.control import Control
from headwater.control.entities.kinds import KINDS, Kind
from headwater.control.entities.rules import NewEntity
from headwater.control.entities.service import Entities
from headwater.control.tokens.api_keys import ApiKeys
from headwater.control.users.models import User
from headwater.control.users.registration import Registered
from headwater.scope import Scope

PASSWORD = "correct horse battery"
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(frozen=True)
class Founded:
    """A registered owner and what they signed in with."""

    user: User
    scope: Scope
    access_token: str
    refresh_token: str
    workspace_id: int


async def register(
    control: Control, email: str, company_name: str, password: str = PASSWORD, full_name: str = "Ada Owner"
) -> Registered:
    """A new owner of a new company."""
    newcomer = await control.registration.newcomer(email, password, full_name)
    async with control.unit_of_work() as uow:
        return await control.registration.found(uow, newcomer, company_name)


async def found(control: Control, name: str) -> Founded:
    """Register ``owner@<name>.example`` with a company of this name."""
    made = await register(control, f"owner@{name}.example", name)
    scope = await control.access.authenticate(made.signed.access_token, None, None)
    async with control.reading() as session:
        workspaces, _ = await Entities(session, scope).list("workspace")
    return Founded(made.user, scope, *made.signed, workspaces[0].id)


async def grow(control: Control, founded: Founded) -> dict[Kind, int]:
    """One entity of each kind, each below the one before it, beginning with the first workspace."""
    ids: dict[Kind, int] = {"workspace": founded.workspace_id}
    async with control.unit_of_work() as uow:
        entities = Entities(uow.session, founded.scope)
        for above, kind in pairwise(KINDS):
            component_type = "Choice" if kind == "component" else None
            new = NewEntity(name=f"A {kind}", parent_id=ids[above], component_type=component_type)
            ids[kind] = (await entities.create(kind, new))[0].id
    return ids


async def make_key(control: Control, scope: Scope, *permissions: str) -> tuple[str, str]:
    """The id and the secret of a new API key."""
    async with control.unit_of_work() as uow:
        key, secret = await ApiKeys(uow.session, scope).create("A key", permissions or ("read",))
    return key.id, secret
