"""Plans: the four rows, and changing an organisation's."""

from __future__ import annotations

import pytest

from headwater.control import Control
from headwater.errors import Conflict, NotFound

from .founding import Founded, found, make_key, register


async def test_the_contracts_plans_are_there(control: Control) -> None:
    async with control.reading() as session:
        free = await control.plans.get(session, "free")
        enterprise = await control.plans.get(session, "enterprise")
    assert (free.requests_per_hour, free.retention_days, free.max_api_keys) == (100, 90, 2)
    assert (free.monthly_credits, free.max_members, free.max_projects) == (100, 2, 1)
    assert (free.max_creators, free.max_tracked_videos) == (5, 200)
    assert (enterprise.requests_per_hour, enterprise.monthly_credits) == (None, 50_000)


async def test_another_plan_holds_from_the_next_request_on(control: Control, nord: Founded, syd: Founded) -> None:
    _, key = await make_key(control, nord.scope)
    assert (await control.access.authenticate(None, key, None)).requests_per_hour is None
    async with control.unit_of_work() as uow:
        await control.plans.set(uow, "nord", "starter")
    assert control.access.cached(None, key, None) is None
    scope = await control.access.authenticate(None, key, None)
    assert (scope.requests_per_hour, scope.retention_days) == (1000, 365)
    assert (await control.access.authenticate(syd.access_token, None, None)).requests_per_hour is None


async def test_an_organisation_is_named_by_id_or_name(control: Control, nord: Founded) -> None:
    async with control.unit_of_work() as uow:
        assert (await control.plans.set(uow, str(nord.scope.organisation_id), "free")).plan == "free"
        assert (await control.plans.set(uow, "nord", "growth")).plan == "growth"


@pytest.mark.parametrize(
    ("organisation", "plan", "words"),
    [
        ("nrod", "free", "Did you mean 'nord'"),
        ("nord", "fre", "Did you mean 'free'"),
        ("9" * 5000, "free", "no organisation"),
        ("²", "free", "no organisation"),
        ("77", "free", "no organisation '77'"),
    ],
)
async def test_an_unknown_name_is_answered_with_the_nearest(
    control: Control, nord: Founded, organisation: str, plan: str, words: str
) -> None:
    async with control.unit_of_work() as uow:
        with pytest.raises(NotFound, match=words):
            await control.plans.set(uow, organisation, plan)


async def test_a_name_that_two_bear_is_not_guessed(control: Control, nord: Founded) -> None:
    await register(control, "other@nord.example", "nord")
    async with control.unit_of_work() as uow:
        with pytest.raises(Conflict):
            await control.plans.set(uow, "nord", "free")


async def test_an_organisation_that_is_called_like_a_number_can_be_named(control: Control) -> None:
    await found(control, "1789")
    async with control.unit_of_work() as uow:
        assert (await control.plans.set(uow, "1789", "free")).name == "1789"
