"""An answer is right at once after ingest and after a change of the hierarchy, kept or not."""

from __future__ import annotations

from tests.serving import Company, Hierarchy, Server, event

API = "/v2/aggregation-api"


class TestCache:
    async def test_an_answer_is_new_as_soon_as_ingest_has_answered(
        self, server: Server, company: Company, hierarchy: Hierarchy
    ) -> None:
        for expected in (1, 2, 3):
            await company.send([event(hierarchy.creative)])
            for resource, entity in (("creative", hierarchy.creative), ("campaign", hierarchy.campaign)):
                for _ in range(2):
                    answer = await company.get(f"{API}/counts", resource=resource, id=entity, metric="impressions")
                    assert answer.json() == {str(entity): {"impressions": expected}}

    async def test_moving_a_creative_moves_its_numbers(self, company: Company, hierarchy: Hierarchy) -> None:
        await company.send([event(hierarchy.creative)])
        other = await company.make("/api/v2/creative_groups", name="Other", campaign_id=hierarchy.campaign)

        async def counted() -> dict[str, dict[str, int]]:
            answer = await company.get(
                f"{API}/counts", resource="creative_group", id=f"{hierarchy.group},{other}", metric="impressions"
            )
            return dict(answer.json())

        assert await counted() == {str(hierarchy.group): {"impressions": 1}, str(other): {"impressions": 0}}
        moved = await company.request(
            "PUT", f"/api/v2/creatives/{hierarchy.creative}", json={"creative_group_id": other}
        )
        assert moved.status_code == 200
        assert await counted() == {str(hierarchy.group): {"impressions": 0}, str(other): {"impressions": 1}}
