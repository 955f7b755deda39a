"""The payment methods of the scope's organisation.

A card is given to the gateway first, outside any transaction, and written down then:
were the server to stop in between, the gateway would know a card that nobody can charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Action, Audit
from headwater.control.billing.models import PaymentMethod
from headwater.control.db import Database, surroundings
from headwater.control.organisations.models import Organisation
from headwater.control.rules import one_line, text
from headwater.control.sealed import seal, unseal
from headwater.errors import Conflict, InvalidRequest, NotFound
from headwater.kit.ids import new_id
from headwater.payments import Card, Gateway
from headwater.scope import Scope

MANUAL: Final = "manual"
_CARDS: Final = "stripe"
_MOST: Final = 20
_LONGEST_TOKEN: Final = 255


class _Company(NamedTuple):
    public_id: str
    name: str
    customer: str | None


class PaymentMethods:
    """What companies pay with; ``gateway`` is the one for cards, where there is one."""

    def __init__(self, database: Database, gateway: Gateway | None) -> None:
        self._database = database
        self._gateway = gateway

    async def list(self, session: AsyncSession, scope: Scope) -> Sequence[PaymentMethod]:
        """All, newest first."""
        newest = _own(scope).order_by(PaymentMethod.created_at.desc(), PaymentMethod.id.desc())
        return (await session.scalars(newest)).all()

    async def add_manual(self, session: AsyncSession, scope: Scope, ip: str | None) -> PaymentMethod:
        """A way to pay that is between the company and the operator."""
        return await self._add(session, scope, PaymentMethod(gateway=MANUAL, type=MANUAL), ip)

    async def give_card(self, scope: Scope, token: str) -> Card:
        """Give the card that ``token`` stands for to the gateway; no transaction may be open."""
        token, gateway = text(token, "token", longest=_LONGEST_TOKEN), self._taking_cards()
        async with self._database.reading() as session:
            await self._hold_most(session, scope)
            await self._hold_new(session, scope, token)
            company = await _company(session, scope)
        return await gateway.save(company.public_id, company.name, company.customer, token)

    async def collect_card(self, scope: Scope, back: str) -> str:
        """The address of the gateway's page that takes a card and leads on to ``back``; no transaction may be open."""
        gateway = self._taking_cards()
        async with self._database.reading() as session:
            await self._hold_most(session, scope)
            company = await _company(session, scope)
        return await gateway.collect(company.public_id, company.name, company.customer, back)

    async def collected_card(self, scope: Scope, page: str) -> Card:
        """The card that such a page took from this company; no transaction may be open."""
        page, gateway = text(page, "session", longest=_LONGEST_TOKEN), self._taking_cards()
        async with self._database.reading() as session:
            company = await _company(session, scope)
        return await gateway.collected(company.public_id, page)

    def _taking_cards(self) -> Gateway:
        if self._gateway is None:
            raise InvalidRequest(
                "'type' card cannot be used: this server takes no cards. Its operator can set stripe_api_key.",
                field="type",
                allowed=[MANUAL],
            )
        return self._gateway

    async def add_card(self, session: AsyncSession, scope: Scope, card: Card, ip: str | None) -> PaymentMethod:
        """Write down a card that the gateway has been given."""
        await self._hold_new(session, scope, card.token)
        method = PaymentMethod(
            gateway=_CARDS,
            type=one_line(card.type, 32),
            brand=card.brand and one_line(card.brand, 32),
            last4=card.last4 and one_line(card.last4, 4),
            customer=card.customer,
            token=seal(session, PaymentMethod.token, card.token),
        )
        return await self._add(session, scope, method, ip)

    async def take_card(self, scope: Scope, method_id: str) -> None:
        """Have the gateway forget a card; no transaction may be open. ``NotFound`` for an unknown method."""
        async with self._database.reading() as session:
            method = await self.get(session, scope, method_id)
            token = unseal(session, PaymentMethod.token, method.token) if method.token is not None else None
        if token is not None and self._gateway is not None:
            await self._gateway.forget(token)

    async def remove(self, session: AsyncSession, scope: Scope, method_id: str, ip: str | None) -> None:
        """Remove one; what was paid with it keeps its name."""
        method = await self.get(session, scope, method_id)
        method.token, method.removed_at = None, surroundings(session).clock()
        await session.flush()
        await self._record(session, scope, method, "payment_method_removed", ip)

    async def get(self, session: AsyncSession, scope: Scope, method_id: str) -> PaymentMethod:
        """One that has not been removed; ``NotFound`` otherwise."""
        found = (await session.scalars(_own(scope).where(PaymentMethod.id == method_id))).first()
        if found is None:
            raise NotFound(f"There is no payment method '{method_id[:64]}'.", field="payment_method_id")
        return found

    async def _add(self, session: AsyncSession, scope: Scope, method: PaymentMethod, ip: str | None) -> PaymentMethod:
        await self._hold_most(session, scope)
        method.id = new_id("pm")
        method.organisation_id = scope.organisation_id
        method.created_at = surroundings(session).clock()
        session.add(method)
        await session.flush()
        await self._record(session, scope, method, "payment_method_added", ip)
        return method

    async def _hold_most(self, session: AsyncSession, scope: Scope) -> None:
        if (await session.scalar(select(func.count()).select_from(_own(scope).subquery())) or 0) >= _MOST:
            raise Conflict(f"A company has at most {_MOST} payment methods. Remove one.", field="type", allowed=_MOST)

    async def _hold_new(self, session: AsyncSession, scope: Scope, token: str) -> None:
        cards = (await session.scalars(_own(scope).where(PaymentMethod.token.is_not(None)))).all()
        if any(one.token and unseal(session, PaymentMethod.token, one.token) == token for one in cards):
            raise Conflict("This card is among the payment methods already.", field="token")

    async def _record(
        self, session: AsyncSession, scope: Scope, method: PaymentMethod, action: Action, ip: str | None
    ) -> None:
        details = {"type": method.type, "brand": method.brand, "last4": method.last4}
        await Audit.record(
            session,
            scope.organisation_id,
            scope.user_id,
            action,
            target=method.id,
            ip=ip,
            details={name: value for name, value in details.items() if value},
        )


def _own(scope: Scope) -> Select[PaymentMethod]:
    return select(PaymentMethod).where(
        PaymentMethod.organisation_id == scope.organisation_id, PaymentMethod.removed_at.is_(None)
    )


async def _company(session: AsyncSession, scope: Scope) -> _Company:
    """The organisation as the gateway knows it, with the customer that any of its cards, also a removed one, had."""
    organisation = await session.get_one(Organisation, scope.organisation_id)
    customers = select(PaymentMethod.customer).where(
        PaymentMethod.organisation_id == scope.organisation_id, PaymentMethod.customer.is_not(None)
    )
    newest = await session.scalar(customers.order_by(PaymentMethod.id.desc()).limit(1))
    return _Company(organisation.public_id, organisation.name, newest)
