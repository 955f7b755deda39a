"""A company's member, outlet, webhook, payment method and invoice, for tests that walk all routes."""

from __future__ import annotations

from typing import Any

from headwater.control.billing.models import Invoice
from headwater.control.outlets.service import Outlets
from headwater.control.users.models import User
from headwater.control.webhooks.log import Deliveries
from headwater.control.webhooks.service import Webhooks
from headwater.kit.ids import new_id
from headwater.scope import Role
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
    return {
        "company_id": company.organisation_id,
        "user_id": member.id,
        "outlet_id": outlet.id,
        "webhook_id": webhook.id,
        "delivery_id": delivery.id,
        "payment_method_id": method.id,
        "invoice_id": invoice.id,
    }
