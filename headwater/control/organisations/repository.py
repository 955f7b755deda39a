"""Finding organisations, for the operator; callers of a contract only ever have their own."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.organisations.models import Organisation
from headwater.control.rules import is_row_id
from headwater.errors import Conflict, NotFound
from headwater.kit.suggest import did_you_mean


async def find(session: AsyncSession, reference: str) -> Organisation:
    """The organisation with this id or, when there is none, this name."""
    if re.fullmatch("[0-9]{1,19}", reference) and is_row_id(int(reference)):
        by_id = await session.get(Organisation, int(reference))
        if by_id:
            return by_id
    named = (await session.scalars(select(Organisation).where(Organisation.name == reference).limit(2))).all()
    if len(named) > 1:
        raise Conflict(f"Several organisations are called '{reference}'; name one by its id.", field="organisation")
    if not named:
        names = (await session.scalars(select(Organisation.name))).all()
        hint = did_you_mean(reference, names)
        raise NotFound(f"There is no organisation '{reference}'.{hint}", field="organisation")
    return named[0]
