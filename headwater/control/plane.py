"""Puts the control plane together: one object that the server starts, stops and asks.

Rules live in the folders; this only wires them and has caches drop what changed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control import postgres, secrets_mark, sqlite
from headwater.control.access import Access
from headwater.control.annotations.reader import KEPT_FOR, AnnotationReader
from headwater.control.audit.service import Audit
from headwater.control.billing.credits import Credits
from headwater.control.billing.invoices import Invoices
from headwater.control.billing.methods import PaymentMethods
from headwater.control.billing.topups import Topups
from headwater.control.creators.rosters import Rosters
from headwater.control.db import Change, Database, UnitOfWork
from headwater.control.decisions.books import Books
from headwater.control.entities.tree import EntityTrees
from headwater.control.idempotency.service import Idempotency
from headwater.control.members.invitations import Invitations
from headwater.control.migrate import upgrade
from headwater.control.plans.service import Plans
from headwater.control.read_models import ReadModels
from headwater.control.renewals import Renewals
from headwater.control.report_schedules.service import ReportSchedules
from headwater.control.rotation import Rotation
from headwater.control.secret_file import FILE_NAME
from headwater.control.secrets import Vault
from headwater.control.tokens.access_tokens import AccessTokens
from headwater.control.tokens.sign_on import SignOn
from headwater.control.users.letters import Letters
from headwater.control.users.passwords import Passwords
from headwater.control.users.recovery import Recovery
from headwater.control.users.registration import Registration
from headwater.control.users.service import Users
from headwater.control.users.throttle import AddressThrottle
from headwater.control.webhooks.queue import DeliveryQueue
from headwater.errors import NotFound
from headwater.kit import tracing
from headwater.kit.clock import Clock, system_clock
from headwater.mail import provide as provide_mailer
from headwater.payments import provide as provide_gateway
from headwater.settings import Settings, SettingsError
from headwater.shared import Shared
from headwater.shared import provide as provide_shared
from headwater.shared.changes import Rows


class Control:
    """Who may ask, and the rows that people edit."""

    def __init__(self, settings: Settings, clock: Clock, hasher: PasswordHasher, shared: Shared) -> None:
        self._settings = settings
        self.shared = shared
        self._folder = Path(settings.data_dir)
        self._secrets = Path(settings.secrets_file or self._folder / FILE_NAME)
        self._vault = Vault(self._secrets)
        url = postgres.address(settings.control_url) if settings.control_url else sqlite.address(self._folder)
        self._database = Database(url, clock, self._vault, self.changed, self._announcing, secrets_mark.require_current)
        tokens = AccessTokens(self._vault, clock, settings.access_token_minutes)
        self._renewals = Renewals()
        self.mailer = provide_mailer(settings, clock)
        self.access = Access(self._database, self._vault, clock, tokens, self._renewals)
        passwords, letters = Passwords(hasher), Letters(settings)
        login, register, recover = (AddressThrottle(what, shared, clock) for what in ("login", "register", "recover"))
        sign_on = SignOn(tokens, settings.refresh_token_days)
        self.users = Users(self._database, login, passwords, sign_on, settings.session_days, letters, self.mailer)
        self.registration = Registration(settings, register, passwords, sign_on, letters, self.mailer)
        self.invitations = Invitations(settings, letters, self.mailer)
        self.report_schedules = ReportSchedules(letters, self.mailer)
        self.letters = letters
        self.recovery = Recovery(self._database, recover, passwords, letters, self.mailer)
        self.trees = EntityTrees(self._database, clock, self._renewals)
        self.rosters = Rosters(self._database, clock, self._renewals)
        self.books = Books(self._database, clock, self._renewals)
        self.deliveries = DeliveryQueue(letters, self.mailer, random.SystemRandom().random)
        self.annotations = AnnotationReader(self._database, clock, shared.kept_for or KEPT_FOR)
        self.idempotency = Idempotency(self._vault, clock)
        self.plans = Plans()
        self.gateway = provide_gateway(settings)
        self.credits = Credits(settings)
        self.payment_methods = PaymentMethods(self._database, self.gateway)
        self.topups = Topups(self._database, clock, settings, self.payment_methods, self.gateway)
        self.invoices = Invoices(settings.currency)
        self.audit = Audit()
        self.rotation = Rotation(self._database, self._vault, clock, settings.access_token_minutes)

    async def start(self, *, adopt: bool = False) -> None:
        """Make what is missing and bring the tables up to date; another process may do so at the same time.

        SettingsError where they belong to other secrets, unless it is to ``adopt`` them.
        """
        await self.shared.start()
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        await asyncio.to_thread(self._vault.open)
        async with self._database.exclusive() as connection:
            await connection.run_sync(upgrade)
        if adopt:
            async with self.unit_of_work() as uow:
                await secrets_mark.adopt(uow.session)
        await secrets_mark.hold(self._database, str(self._secrets))
        try:
            async with self.reading() as session:
                await self.plans.get(session, self._settings.default_plan)
        except NotFound as error:
            raise SettingsError(f"Settings: default_plan: {error.message}") from None

    async def stop(self) -> None:
        """Finish what is under way and close the database."""
        await self.settle()
        if self.gateway is not None:
            await self.gateway.aclose()
        await self._database.close()
        await self.shared.stop()

    async def settle(self) -> None:
        """Wait for what is done beside the answers."""
        await self._renewals.settle()
        await self.mailer.settle()
        await self.access.settle()

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session that can change nothing."""
        return self._database.reading()

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """One write transaction, committed at its end."""
        # Not attached: it is begun in the midst of a handler, and ends behind it.
        with tracing.span("unit of work", attach=False):
            async with self._database.unit_of_work() as unit:
                yield unit

    async def responsive(self) -> bool:
        """Whether the database answers now."""
        return await self._database.responsive()

    def is_known(self, what: Sequence[str], organisation_id: int) -> bool:
        """Whether all of ``what`` that is kept in memory was found to be fresh within the last two seconds."""
        return all(models.cached(organisation_id) is not None for models in self._kept(what))

    async def freshen(self, what: Sequence[str], organisation_id: int) -> None:
        """Find out whether it still is as kept in memory."""
        for models in self._kept(what):
            await models.get(organisation_id)

    def _kept(self, what: Sequence[str]) -> list[ReadModels[Any]]:
        kept: Mapping[str, ReadModels[Any]] = {
            "entities": self.trees,
            "roster": self.rosters,
            "decision_entities": self.books,
        }
        return [kept[one] for one in what if one in kept]

    def _announcing(self, changes: Sequence[Change]) -> AbstractAsyncContextManager[None]:
        # Who sends webhooks looks for them by itself.
        rows = [Rows(one.what, one.organisation_id, one.entity) for one in changes if one.what != "webhooks"]
        return self.shared.announcing(rows)

    def forget(self) -> None:
        """Use nothing that is kept in memory of the rows before a look at the database shows that it is good."""
        for models in (self.trees, self.rosters, self.books):
            models.distrust()
        self.access.forget()
        self.annotations.forget()

    def changed(self, change: Change) -> None:
        """Let go of what a change, here or in another process, makes stale."""
        if change.what == "entities":
            self.trees.evict(change.organisation_id)
        elif change.what == "roster":
            self.rosters.evict(change.organisation_id)
        elif change.what == "decisions":
            self.books.evict(change.organisation_id)
        elif change.what == "webhooks":
            self.deliveries.waiting()
        elif change.entity is not None:
            self.annotations.changed(change.organisation_id, change.entity)
        else:
            self.access.evict(change.organisation_id)


def provide(settings: Settings, clock: Clock = system_clock, hasher: PasswordHasher | None = None) -> Control:
    """The control plane in ``settings.data_dir``; tests give a cheaper ``hasher``."""
    return Control(settings, clock, hasher or PasswordHasher(), provide_shared(settings))
