"""Billing as read: subscription, credits, usage and invoices, with the seed's keys."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from headwater.control import provide
from headwater.control.billing.credits import Work
from headwater.errors import InvalidRequest, NotFound
from headwater.jobs.registry import bill_all
from tests.contracts.accounts.test_topups import add, top_up
from tests.serving import Company

BILLING = "/api/v1/billing"


async def charge(company: Company, at: str, work: Work) -> None:
    """What an agent or a query costs, at a time."""
    company.server.clock.now = datetime.fromisoformat(at)
    control = company.server.services.control
    async with control.unit_of_work() as uow:
        await control.credits.charge(uow.session, company.organisation_id, work)


async def usage(company: Company, **params: Any) -> Any:
    answer = await company.get(f"{BILLING}/usage", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["usage"]


async def topped_up(company: Company, amount: int) -> str:
    """The id of a top-up that has been settled."""
    transaction = (await top_up(company, await add(company), amount)).json()["transaction_id"]
    control = company.server.services.control
    async with control.unit_of_work() as uow:
        await control.topups.settle(uow, transaction)
    return str(transaction)


def summed(executions: int, queries: int, tokens: int, cost: float) -> dict[str, Any]:
    return {
        "total_requests": executions + queries,
        "total_tokens": tokens,
        "total_cost": cost,
        "by_operation": {"agent_execute": executions, "data_query": queries},
    }


@pytest.fixture
async def used(company: Company) -> Company:
    """A company that has used something on four days of two months."""
    await charge(company, "2025-05-29T23:59:59.999999Z", Work("data_query"))
    await charge(company, "2025-05-30T00:00:00Z", Work("agent_execute", 1500, "agent_a"))
    await charge(company, "2025-05-30T12:00:00Z", Work("agent_execute", 0, "agent_b"))
    await charge(company, "2025-06-01T08:00:00Z", Work("agent_execute", 250, "agent_a"))
    await charge(company, "2025-06-03T08:00:00Z", Work("data_query"))
    return company


class TestCredits:
    async def test_they_are_the_total_less_what_was_used(self, company: Company) -> None:
        answer = await company.get(f"{BILLING}/credits")
        assert answer.json() == {"credits": 50_000, "total_credits": 50_000, "used_credits": 0}
        await charge(company, "2025-05-03T13:00:00Z", Work("agent_execute", 2500))
        await topped_up(company, 1000)
        answer = await company.get(f"{BILLING}/credits")
        assert answer.json() == {"credits": 50_996, "total_credits": 51_000, "used_credits": 4}

    async def test_the_subscription_says_when_the_month_ends(self, company: Company) -> None:
        await charge(company, "2025-05-03T13:00:00Z", Work("data_query"))
        expected = {"plan": "enterprise", "status": "active", "current_period_end": "2025-06-01T00:00:00Z"}
        answer = await company.get(f"{BILLING}/subscription")
        assert answer.json() == {"subscription": {**expected, "credits_remaining": 49_999}}
        company.server.clock.now = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
        answer = await company.get(f"{BILLING}/subscription")
        assert answer.json()["subscription"]["current_period_end"] == "2026-01-01T00:00:00Z"
        assert answer.json()["subscription"]["credits_remaining"] == 50_000

    async def test_companies_do_not_share_them(self, used: Company) -> None:
        other = await used.server.company()
        assert (await usage(other, start_date="2025-01-01"))["total_requests"] == 0
        assert (await other.get(f"{BILLING}/credits")).json()["used_credits"] == 0


class TestUsage:
    async def test_without_dates_it_is_of_this_month(self, used: Company) -> None:
        assert await usage(used) == summed(1, 1, 250, 0.03)

    async def test_as_the_seed_shows(self, used: Company) -> None:
        # 1 + 1 and 2 thousand begun + 1 + 1 and 1 begun + 1 credits, at 0.01.
        assert await usage(used, start_date="2025-05-01", end_date="2025-06-30") == summed(3, 2, 1750, 0.08)

    @pytest.mark.parametrize(
        ("start", "end", "requests"),
        [
            ("2025-05-30", "2025-05-30", 2),
            ("2025-05-30", "2025-05-30T00:00:00Z", 1),
            ("2025-05-29T23:59:59.999999Z", "2025-05-30T00:00:00Z", 2),
            ("2025-05-30T02:00:00+02:00", "2025-05-30T13:59:00+02:00", 1),
            ("2025-05-30T02:00:00+02:00", "2025-05-30T14:00:00+02:00", 2),
            (None, "2025-05-31", 3),
            ("2025-06-02", None, 1),
        ],
    )
    async def test_dates_mean_whole_days(
        self, used: Company, start: str | None, end: str | None, requests: int
    ) -> None:
        asked = {"start_date": start, "end_date": end}
        found = await usage(used, **{name: value for name, value in asked.items() if value})
        assert found["total_requests"] == requests

    async def test_days_weeks_and_months(self, used: Company) -> None:
        span = {"start_date": "2025-05-29", "end_date": "2025-06-03"}
        days = (await usage(used, **span, group_by="day"))["series"]
        assert [(one["period"], one["total_requests"]) for one in days] == [
            ("2025-05-29", 1),
            ("2025-05-30", 2),
            ("2025-05-31", 0),
            ("2025-06-01", 1),
            ("2025-06-02", 0),
            ("2025-06-03", 1),
        ]
        assert days[2] == {"period": "2025-05-31", **summed(0, 0, 0, 0)}
        weeks = (await usage(used, **span, group_by="week"))["series"]
        assert weeks == [
            {"period": "2025-05-26", **summed(3, 1, 1750, 0.07)},
            {"period": "2025-06-02", **summed(0, 1, 0, 0.01)},
        ]
        months = (await usage(used, **span, group_by="month"))["series"]
        assert [(one["period"], one["total_requests"]) for one in months] == [("2025-05-01", 3), ("2025-06-01", 2)]

    async def test_by_agent(self, used: Company) -> None:
        found = await usage(used, start_date="2025-05-01", group_by="month", breakdown="agent")
        assert found["by_agent"] == [
            {"agent_id": None, **summed(0, 2, 0, 0.02)},
            {"agent_id": "agent_a", **summed(2, 0, 1750, 0.05)},
            {"agent_id": "agent_b", **summed(1, 0, 0, 0.01)},
        ]
        periods = sorted((one["period"], str(one["agent_id"]), one["total_requests"]) for one in found["series"])
        assert periods == [
            ("2025-05-01", "None", 1),
            ("2025-05-01", "agent_a", 1),
            ("2025-05-01", "agent_b", 1),
            ("2025-06-01", "None", 1),
            ("2025-06-01", "agent_a", 1),
        ]
        assert {"total_requests", "by_agent"} <= set(found)

    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"start_date": "yesterday"}, "start_date"),
            ({"end_date": "2025-02-30"}, "end_date"),
            ({"start_date": ""}, "start_date"),
            ({"start_date": "2025-05-02", "end_date": "2025-05-01"}, "end_date"),
            ({"start_date": "2031-01-01"}, "start_date"),
            ({"group_by": "year"}, "group_by"),
            ({"group_by": "hour"}, "group_by"),
            ({"breakdown": "user"}, "breakdown"),
            ({"group_by": "day", "start_date": "1990-01-01"}, "group_by"),
            ({"start": "2025-05-01"}, "start"),
            ({"start_dat": "2025-05-01"}, "start_dat"),
        ],
    )
    async def test_what_is_wrong_is_named(self, company: Company, params: dict[str, str], field: str) -> None:
        answer = await company.get(f"{BILLING}/usage", **params)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
        assert answer.json()["details"]["field"] == field


async def invoices(company: Company, **params: Any) -> httpx.Response:
    return await company.get(f"{BILLING}/invoices", **params)


class TestInvoices:
    async def test_none_before_a_month_is_over(self, company: Company) -> None:
        await bill_all(company.server.services.control)
        assert (await invoices(company)).json() == {"invoices": [], "total": 0, "limit": 20, "offset": 0}

    async def test_each_month_has_one_however_often_they_are_made(self, company: Company) -> None:
        control, clock = company.server.services.control, company.server.clock
        transaction = await topped_up(company, 10_000)
        async with control.unit_of_work() as uow:
            await control.plans.price(uow, "enterprise", "49.90")
        # Nobody was there on the first of June.
        clock.now = datetime(2025, 7, 2, 0, 10, tzinfo=UTC)
        for _ in range(2):
            await bill_all(control)
        july, june = (await invoices(company)).json()["invoices"]
        assert (july["period"], july["amount"], july["status"], july["paid_at"]) == ("2025-06", 49.9, "open", None)
        assert (june["period"], june["amount"], june["currency"]) == ("2025-05", 149.9, "usd")
        assert june["created_at"] == "2025-07-02T00:10:00Z"
        page = (await invoices(company, limit=1, offset=1)).json()
        assert page == {"invoices": [june], "total": 2, "limit": 1, "offset": 1}
        answer = await company.get(f"{BILLING}/invoices/{june['invoice_id']}")
        assert answer.json() == {
            "invoice": {
                **june,
                "lines": [
                    {"description": "Plan enterprise, 2025-05", "quantity": 1, "amount": 49.9},
                    {"description": f"Credits, {transaction}", "quantity": 10_000, "amount": 100},
                ],
            }
        }

    async def test_a_plan_that_costs_nothing_owes_nothing(self, company: Company) -> None:
        company.server.clock.advance(timedelta(days=40))
        await bill_all(company.server.services.control)
        (one,) = (await invoices(company)).json()["invoices"]
        assert (one["amount"], one["status"], one["paid_at"]) == (0, "paid", one["created_at"])

    async def test_the_operator_says_that_one_is_paid(self, company: Company) -> None:
        control = company.server.services.control
        async with control.unit_of_work() as uow:
            await control.plans.price(uow, "enterprise", "10")
        company.server.clock.advance(timedelta(days=40))
        await bill_all(control)
        async with control.reading() as session:
            (owed,) = await control.invoices.all_open(session)
        for is_news in (True, False):
            async with control.unit_of_work() as uow:
                assert (await control.invoices.pay(uow.session, owed.id))[1] is is_news
                with pytest.raises(NotFound):
                    await control.invoices.pay(uow.session, "inv_x")
        (one,) = (await invoices(company)).json()["invoices"]
        assert (one["status"], one["paid_at"]) == ("paid", "2025-06-12T12:30:00Z")

    @pytest.mark.parametrize("amount", ["", "-1", "1.234", "1e3", "a lot", "10000000000"])
    async def test_prices_that_are_none(self, company: Company, amount: str) -> None:
        control = company.server.services.control
        async with control.unit_of_work() as uow:
            with pytest.raises(InvalidRequest, match="is not a price"):
                await control.plans.price(uow, "enterprise", amount)

    async def test_anothers_is_as_unknown_as_none(self, company: Company) -> None:
        company.server.clock.advance(timedelta(days=40))
        other = await company.server.company()
        await bill_all(company.server.services.control)
        (one,) = (await invoices(company)).json()["invoices"]
        theirs = await other.get(f"{BILLING}/invoices/{one['invoice_id']}")
        nobodys = await other.get(f"{BILLING}/invoices/inv_x")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json()["message"].replace(one["invoice_id"], "inv_x") == nobodys.json()["message"]

    async def test_two_processes_make_one(self, company: Company) -> None:
        server = company.server
        other = provide(server.services.settings, server.clock)
        await other.start()
        server.clock.advance(timedelta(days=70))
        await asyncio.gather(*(bill_all(control) for control in (server.services.control, other) for _ in range(3)))
        await other.stop()
        assert [one["period"] for one in (await invoices(company)).json()["invoices"]] == ["2025-06", "2025-05"]
