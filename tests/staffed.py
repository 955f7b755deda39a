"""A company's member, outlet, webhook, payment method, invoice, data source, agent and
deployments, for tests that walk all routes."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from headwater.control.agents.conversations import Conversations, Said, Thread
from headwater.control.agents.service import AgentFields, Agents
from headwater.control.billing.models import Invoice
from headwater.control.deployments.service import Deployments
from headwater.control.outlets.service import Outlets
from headwater.control.sources.service import DataSources, NewSource
from headwater.control.users.models import User
from headwater.control.webhooks.log import Deliveries
from headwater.control.webhooks.service import Webhooks
from headwater.kit.ids import new_id
from headwater.scope import Role, Scope
from headwater.sources.config import SQLite
from headwater.surfaces._http.deployed import fields_of
from tests.platforms.callers import CONFIGS
from tests.serving import Company


async def staff(company: Company, called: str = "Drop") -> dict[str, Any]:
    """Their ids under the names by which routes take them; put straight into the control plane, as nobody asks."""
    control = company.server.services.control
    scope = await control.access.operator_scope(company.organisation_id)
    async with control.unit_of_work() as uow:
        member = User(
            organisation_id=company.organisation_id,
            email=f"member{company.organisation_id}@example.com",
            full_name=called,
            password_hash="nobody logs in",
            role=Role.viewer.name,
            created_at=company.server.clock(),
        )
        uow.session.add(member)
        outlet = await Outlets(uow.session, scope).create(called)
        webhook, _ = await Webhooks(uow.session, scope).create(f"https://example.com/{called}", ["report.ready"])
        delivery = (await Deliveries(uow.session, scope).test(webhook.id)).delivery
        method = await control.payment_methods.add_manual(uow.session, scope, None)
        invoice = Invoice(
            id=new_id("inv"),
            organisation_id=company.organisation_id,
            period=company.server.clock().date().replace(day=1),
            lines=[{"description": called, "quantity": 1, "amount_micros": 0}],
            amount_micros=0,
            currency="usd",
            status="paid",
            created_at=company.server.clock(),
        )
        uow.session.add(invoice)
        agent = await Agents(uow.session, scope).create(AgentFields(name=called))
        deployments = {
            platform: await Deployments(uow.session, scope).create(
                agent.id, platform, fields_of(company.server.services.agents.postbox.platforms[platform]), config
            )
            for platform, config in (("web", {}), ("whatsapp", CONFIGS["whatsapp"]))
        }
        said = (Said("user", called), Said("agent", called))
        conversations = Conversations(uow.session, company.organisation_id, agent.id)
        conversation = await conversations.add(Thread("api"), said)
    return {
        "agent_id": agent.id,
        "conversation_id": conversation,
        "deployment_id": deployments["web"].id,
        "whatsapp_id": deployments["whatsapp"].id,
        "connection_id": await connect(company, scope, called),
        "company_id": company.organisation_id,
        "user_id": member.id,
        "outlet_id": outlet.id,
        "webhook_id": webhook.id,
        "delivery_id": delivery.id,
        "payment_method_id": method.id,
        "invoice_id": invoice.id,
    }


async def connect(company: Company, scope: Scope, called: str) -> str:
    """A source that was copied: a database in the operator's folder."""
    services = company.server.services
    name = f"{called}.sqlite"
    await asyncio.to_thread(_database, Path(services.settings.source_files_dir) / name)
    async with services.control.unit_of_work() as uow:
        new = NewSource(source_name=called, config=SQLite(database=name), mode="offline")
        source = await DataSources(uow.session, scope).create(new)
    await services.connections.sync(scope, source.id)
    return source.id


def _database(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS p (id INTEGER PRIMARY KEY, n TEXT)")
