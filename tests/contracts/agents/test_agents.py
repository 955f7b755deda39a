"""Agents as the contract has them: shapes of the seed, fields, defaults, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.control.agents.service import MOST
from tests.serving import Company

AGENTS = "/api/v1/agents"
SEED = {
    "name": "Sales Assistant",
    "type": "sales",
    "description": "Helps with sales inquiries",
    "model": "gpt-4",
    "temperature": 0.7,
    "max_tokens": 1000,
}


async def make(company: Company, **body: Any) -> dict[str, Any]:
    answer = await company.request("POST", AGENTS, json={"name": "Ana", **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["agent"])


class TestSeed:
    async def test_create(self, company: Company) -> None:
        answer = await company.request("POST", AGENTS, json=SEED)
        agent = answer.json()["agent"]
        assert answer.status_code == 201
        assert agent["agent_id"].startswith("agent_")
        assert (agent["name"], agent["type"], agent["status"]) == ("Sales Assistant", "sales", "active")
        assert agent["created_at"] == "2025-05-03T12:30:00Z"

    async def test_list(self, company: Company) -> None:
        first, second = await make(company, name="First"), await make(company, name="Second", status="inactive")
        listed = (await company.get(AGENTS)).json()
        assert (listed["total"], listed["limit"], listed["offset"]) == (2, 20, 0)
        assert [one["agent_id"] for one in listed["agents"]] == [second["agent_id"], first["agent_id"]]
        assert set(listed["agents"][0]) == {"agent_id", "name", "type", "status", "created_at"}
        active = (await company.get(AGENTS, status="active")).json()
        assert ([one["name"] for one in active["agents"]], active["total"]) == (["First"], 1)
        assert (await company.get(AGENTS, limit=1, offset=1)).json()["agents"][0]["name"] == "First"

    async def test_get(self, company: Company) -> None:
        made = await make(company, **SEED, data_sources=["ds_headwater"])
        agent = (await company.get(f"{AGENTS}/{made['agent_id']}")).json()["agent"]
        assert agent["configuration"] == {"model": "gpt-4", "temperature": 0.7, "max_tokens": 1000}
        assert agent["data_sources"] == ["ds_headwater"]

    async def test_update(self, company: Company) -> None:
        made = await make(company, **SEED)
        body = {"name": "Updated Sales Assistant", "description": "Updated description", "config": {}}
        agent = (await company.request("PUT", f"{AGENTS}/{made['agent_id']}", json=body)).json()["agent"]
        assert (agent["name"], agent["description"]) == ("Updated Sales Assistant", "Updated description")
        assert agent["configuration"] == made["configuration"]

    async def test_delete(self, company: Company) -> None:
        made = await make(company)
        answer = await company.request("DELETE", f"{AGENTS}/{made['agent_id']}")
        assert answer.json() == {"success": True, "message": "Agent deleted"}
        assert (await company.get(f"{AGENTS}/{made['agent_id']}")).status_code == 404

    async def test_preview(self, company: Company) -> None:
        made = await make(company, ui_settings={"title": "Ask us"})
        shown = (await company.get(f"{AGENTS}/{made['agent_id']}/preview")).json()["agent"]
        assert shown == {
            "agent_id": made["agent_id"],
            "name": "Ana",
            "config": {"model": "builtin/analyst"},
            "ui_settings": {"title": "Ask us"},
        }


class TestConfiguration:
    async def test_without_a_model_the_analyst_answers_from_the_company_s_own_figures(self, company: Company) -> None:
        made = await make(company)
        assert made["configuration"] == {"model": "builtin/analyst"}
        assert made["data_sources"] == ["ds_headwater"]

    async def test_config_is_merged_a_null_takes_a_key_out_and_fields_win(self, company: Company) -> None:
        made = await make(company, config={"model": "openai/a", "voice": "calm"}, temperature=0.1)
        assert made["configuration"] == {"model": "openai/a", "voice": "calm", "temperature": 0.1}
        changed = await company.request(
            "PUT",
            f"{AGENTS}/{made['agent_id']}",
            json={"config": {"voice": None, "model": "openai/b", "temperature": 1}, "model": "openai/c"},
        )
        assert changed.json()["agent"]["configuration"] == {"model": "openai/c", "temperature": 1}
        back = await company.request("PUT", f"{AGENTS}/{made['agent_id']}", json={"config": {"model": None}})
        assert back.json()["agent"]["configuration"]["model"] == "builtin/analyst"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 256}, "name"),
            ({"type": "x" * 65}, "type"),
            ({"temperature": 2.1}, "temperature"),
            ({"config": {"temperature": "hot"}}, "temperature"),
            ({"config": {"temperature": True}}, "temperature"),
            ({"config": {"max_tokens": 1.5}}, "max_tokens"),
            ({"config": {"model": 7}}, "model"),
            ({"max_tokens": 0}, "max_tokens"),
            ({"status": "asleep"}, "status"),
            ({"data_sources": ["ds_unknown"]}, "data_sources"),
            ({"data_sources": ["ds_headwater", "ds_headwater"]}, "data_sources"),
            ({"instructions": "x" * 20_001}, "instructions"),
            ({"ui_settings": {"x": "y" * 20_001}}, "ui_settings"),
        ],
    )
    async def test_what_is_refused_names_the_field(self, company: Company, body: dict[str, Any], field: str) -> None:
        for method, path in (("POST", AGENTS), ("PUT", f"{AGENTS}/{(await make(company))['agent_id']}")):
            answer = await company.request(method, path, json={"name": "Ana", **body})
            assert answer.status_code in (400, 404), answer.text
            assert answer.json()["details"]["field"].startswith(field)

    async def test_the_cap_is_told(self, company: Company) -> None:
        for _ in range(MOST):
            await make(company)
        answer = await company.request("POST", AGENTS, json={"name": "one more"})
        assert answer.status_code == 400
        assert str(MOST) in answer.json()["message"]

    async def test_changes_stand_in_the_audit_log(self, company: Company) -> None:
        made = await make(company)
        await company.request("PUT", f"{AGENTS}/{made['agent_id']}", json={"name": "Bo"})
        await company.request("DELETE", f"{AGENTS}/{made['agent_id']}")
        events = (await company.get("/api/v1/account/audit-log")).json()["events"]
        actions = [one["action"] for one in events if one["target"] == made["agent_id"]]
        assert actions == ["agent_deleted", "agent_changed", "agent_created"]
