"""The outlets of the scope's organisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.outlets.models import Outlet
from headwater.control.rules import long_text, text
from headwater.errors import NotFound
from headwater.kit.ids import new_id
from headwater.scope import Scope

_LONGEST_NAME: Final = 255
_LONGEST_ADDRESS: Final = 1000


class Outlets:
    """The outlets of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    async def list(self) -> Sequence[Outlet]:
        """All, newest first."""
        own = select(Outlet).where(Outlet.organisation_id == self._scope.organisation_id)
        return (await self._session.scalars(own.order_by(Outlet.created_at.desc(), Outlet.id.desc()))).all()

    async def create(self, name: str, address: str = "") -> Outlet:
        """A new one."""
        outlet = Outlet(
            id=new_id("outlet"),
            organisation_id=self._scope.organisation_id,
            name=text(name, "name", longest=_LONGEST_NAME),
            address=long_text(address, "address", longest=_LONGEST_ADDRESS),
            created_at=surroundings(self._session).clock(),
        )
        self._session.add(outlet)
        await self._session.flush()
        return outlet

    async def update(self, outlet_id: str, name: str | None = None, address: str | None = None) -> Outlet:
        """Change what is given."""
        outlet = await self.get(outlet_id)
        if name is not None:
            outlet.name = text(name, "name", longest=_LONGEST_NAME)
        if address is not None:
            outlet.address = long_text(address, "address", longest=_LONGEST_ADDRESS)
        await self._session.flush()
        return outlet

    async def delete(self, outlet_id: str) -> None:
        """Remove one."""
        await self._session.delete(await self.get(outlet_id))
        await self._session.flush()

    async def get(self, outlet_id: str) -> Outlet:
        """One; ``NotFound`` where the organisation has none of this id."""
        outlet = await self._session.get(Outlet, outlet_id)
        if outlet is None or outlet.organisation_id != self._scope.organisation_id:
            raise NotFound(f"There is no outlet '{outlet_id[:64]}'.", field="outlet_id")
        return outlet
