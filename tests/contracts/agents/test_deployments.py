"""Deployments as the contract has them, and their inbound URLs over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.agents.scripted import ANSWER, Scripted
from tests.platforms.callers import CONFIGS, CONVERSATION, HANDSHAKE, body, signed
from tests.platforms.stand_ins import StandIns, platforms_listening
from tests.serving import NOW, Company, serving

DEPLOYMENTS = "/api/v1/deployments"
SHOPS = {"shopify", "woocommerce"}
ALL = list(CONFIGS)
SENT_TO = ["whatsapp", "messenger", "telegram", "slack", "woocommerce"]


@dataclass
class Deployer:
    """A company with an agent, and the platforms that it is let out to."""

    company: Company
    runner: Scripted
    agent: str
    at: StandIns

    async def deploy(self, platform: str, **config: Any) -> httpx.Response:
        kind = "ecommerce" if platform in SHOPS else "messaging"
        sent = {"agent_id": self.agent, "platform": platform, "config": config}
        return await self.company.request("POST", f"{DEPLOYMENTS}/{kind}", json=sent)

    async def deployed(self, platform: str) -> dict[str, Any]:
        answer = await self.deploy(platform, **self.at.config(platform))
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["deployment"])

    async def call(self, deployment: dict[str, Any], platform: str, **changed: str) -> httpx.Response:
        """What the platform sends when somebody writes."""
        sent = signed(platform, body(platform), NOW, **changed)
        return await self.company.server.client.post(
            f"{DEPLOYMENTS}/{deployment['deployment_id']}/inbound",
            params=list(sent.query),
            headers=dict(sent.headers),
            content=sent.body,
        )


@pytest.fixture(scope="module")
def listening() -> Iterator[StandIns]:
    with platforms_listening() as stand_ins:
        yield stand_ins


@pytest.fixture
async def deployer(tmp_path: Path, listening: StandIns) -> AsyncIterator[Deployer]:
    listening.said.clear()
    runner = Scripted()
    async with serving(tmp_path, runner, allow_private_hosts=True, **listening.settings()) as server:
        server.names.addresses["127.0.0.1"] = ["127.0.0.1"]
        company = await server.company()
        made = await company.request("POST", "/api/v1/agents", json={"name": "Ana"})
        yield Deployer(company, runner, made.json()["agent"]["agent_id"], listening)


class TestSeed:
    async def test_an_empty_config_is_taken_and_says_what_is_missing(self, deployer: Deployer) -> None:
        made = (await deployer.deploy("whatsapp")).json()["deployment"]
        assert made["deployment_id"].startswith("dep_")
        assert (made["agent_id"], made["platform"], made["status"]) == (deployer.agent, "whatsapp", "inactive")
        assert made["missing"] == ["access_token", "app_secret", "phone_number_id", "verify_token"]

    @pytest.mark.parametrize("platform", ALL)
    async def test_a_whole_config_is_active_and_keeps_its_secrets(self, deployer: Deployer, platform: str) -> None:
        made = await deployer.deployed(platform)
        assert (made["status"], made["missing"]) == ("active", [])
        assert made["inbound_url"].endswith(f"{DEPLOYMENTS}/{made['deployment_id']}/inbound")
        known = {"phone_number_id", "page_id", "shop", "store_url"}
        assert {name for name, value in made["config"].items() if value != "********"} <= known

    async def test_list_get_and_delete(self, deployer: Deployer) -> None:
        first, second = await deployer.deployed("telegram"), await deployer.deployed("shopify")
        listed = (await deployer.company.get(DEPLOYMENTS)).json()
        assert (listed["total"], [one["platform"] for one in listed["deployments"]]) == (2, ["shopify", "telegram"])
        path = f"{DEPLOYMENTS}/{first['deployment_id']}"
        assert (await deployer.company.get(path)).json()["deployment"] == first
        gone = await deployer.company.request("DELETE", path)
        assert gone.json() == {"success": True, "message": "Deployment deleted"}
        assert (await deployer.company.get(path)).status_code == 404
        assert (await deployer.company.get(f"{DEPLOYMENTS}/{second['deployment_id']}")).status_code == 200


class TestConfig:
    async def put(self, deployer: Deployer, made: dict[str, Any], **sent: Any) -> httpx.Response:
        return await deployer.company.request("PUT", f"{DEPLOYMENTS}/{made['deployment_id']}", json=sent)

    async def test_the_last_field_makes_it_active_and_a_missing_one_inactive(self, deployer: Deployer) -> None:
        made = (await deployer.deploy("telegram", bot_token="123456:bot")).json()["deployment"]
        assert made["status"] == "inactive"
        assert (await self.put(deployer, made, status="active")).status_code == 400
        whole = (await self.put(deployer, made, config={"secret_token": "tg-secret"})).json()["deployment"]
        assert whole["status"] == "active"
        less = (await self.put(deployer, made, config={"bot_token": None})).json()["deployment"]
        assert (less["status"], less["missing"]) == ("inactive", ["bot_token"])

    async def test_the_mask_leaves_a_secret_as_it_is(self, deployer: Deployer) -> None:
        made = await deployer.deployed("telegram")
        await self.put(deployer, made, config=made["config"])
        assert (await deployer.call(made, "telegram")).status_code == 200

    async def test_who_switched_it_off_keeps_it_off(self, deployer: Deployer) -> None:
        made = await deployer.deployed("telegram")
        await self.put(deployer, made, status="inactive")
        changed = (await self.put(deployer, made, config={"bot_token": "123456:bot"})).json()["deployment"]
        assert changed["status"] == "inactive"
        assert (await deployer.call(made, "telegram")).status_code == 404

    @pytest.mark.parametrize(
        ("platform", "config", "field"),
        [
            ("telegram", {"bot_tokn": "x"}, "config.bot_tokn"),
            ("telegram", {"bot_token": 7}, "config.bot_token"),
            ("telegram", {"bot_token": ""}, "config.bot_token"),
            ("web", {"origins": "https://a.example"}, "config.origins"),
            ("web", {"origins": ["not an origin"]}, "config.origins"),
            ("woocommerce", {"store_url": "ftp://x"}, "url"),
        ],
    )
    async def test_what_is_refused_names_the_field(
        self, deployer: Deployer, platform: str, config: dict[str, Any], field: str
    ) -> None:
        answer = await deployer.deploy(platform, **config)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, field)

    async def test_a_shop_inside_the_network_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path, Scripted()) as server:
            company = await server.company()
            made = (await company.request("POST", "/api/v1/agents", json={"name": "Ana"})).json()["agent"]
            sent = {
                "agent_id": made["agent_id"],
                "platform": "woocommerce",
                "config": {"store_url": "http://127.0.0.1"},
            }
            assert (await company.request("POST", f"{DEPLOYMENTS}/ecommerce", json=sent)).status_code == 400

    async def test_a_platform_of_the_other_kind_is_refused(self, deployer: Deployer) -> None:
        sent = {"agent_id": deployer.agent, "platform": "shopify"}
        answer = await deployer.company.request("POST", f"{DEPLOYMENTS}/messaging", json=sent)
        assert answer.status_code == 400

    async def test_secrets_are_not_in_the_database(self, deployer: Deployer, tmp_path: Path) -> None:
        await deployer.deployed("slack")
        kept = await asyncio.to_thread(lambda: [file.read_bytes() for file in tmp_path.glob("control.db*")])
        assert kept
        assert not [one for one in kept if b"slack-secret" in one]


class TestInbound:
    @pytest.mark.parametrize("platform", SENT_TO)
    async def test_a_message_is_taken_at_once_and_answered_at_the_platform(
        self, deployer: Deployer, platform: str
    ) -> None:
        made = await deployer.deployed(platform)
        for _ in range(2):
            assert (await deployer.call(made, platform)).json() == {}
        await deployer.company.server.services.agents.settle()
        assert [text for _, text in deployer.at.said[platform]] == [ANSWER.text]
        assert len(deployer.runner.turns) == 1

    @pytest.mark.parametrize("platform", ["web", "shopify"])
    async def test_a_page_gets_the_answer_in_the_answer(self, deployer: Deployer, platform: str) -> None:
        made = await deployer.deployed(platform)
        answers = [(await deployer.call(made, platform)).json() for _ in range(2)]
        assert answers == [{"response": ANSWER.text}] * 2
        assert len(deployer.runner.turns) == 1

    @pytest.mark.parametrize(
        ("platform", "header"),
        [
            ("whatsapp", "x-hub-signature-256"),
            ("messenger", "x-hub-signature-256"),
            ("telegram", "x-telegram-bot-api-secret-token"),
            ("slack", "x-slack-signature"),
            ("woocommerce", "x-wc-webhook-signature"),
            ("shopify", "signature"),
        ],
    )
    async def test_a_wrong_signature_is_401_and_nothing_runs(
        self, deployer: Deployer, platform: str, header: str
    ) -> None:
        made = await deployer.deployed(platform)
        assert (await deployer.call(made, platform, **{header: "wrong"})).status_code == 401
        await deployer.company.server.services.agents.settle()
        assert deployer.runner.turns == []
        assert platform not in deployer.at.said

    @pytest.mark.parametrize("platform", ["whatsapp", "messenger"])
    async def test_meta_s_handshake(self, deployer: Deployer, platform: str) -> None:
        made = await deployer.deployed(platform)
        path = f"{DEPLOYMENTS}/{made['deployment_id']}/inbound"
        asked = {**HANDSHAKE, "hub.verify_token": CONFIGS[platform]["verify_token"]}
        answer = await deployer.company.server.client.get(path, params=asked)
        assert (answer.status_code, answer.text) == (200, "1158201444")
        wrong = await deployer.company.server.client.get(path, params={**asked, "hub.verify_token": "x"})
        assert wrong.status_code == 401

    async def test_an_unknown_deployment_is_404(self, deployer: Deployer) -> None:
        assert (await deployer.call({"deployment_id": "dep_unknown"}, "telegram")).status_code == 404

    async def test_why_the_last_message_failed_stands_in_the_deployment(self, deployer: Deployer) -> None:
        made = (await deployer.deploy("slack", bot_token="xoxb-wrong", signing_secret="slack-secret")).json()[
            "deployment"
        ]
        await deployer.call(made, "slack")
        await deployer.company.server.services.agents.settle()
        shown = (await deployer.company.get(f"{DEPLOYMENTS}/{made['deployment_id']}")).json()["deployment"]
        assert "invalid_auth" in shown["last_error"]


class TestWidget:
    async def test_the_page_is_shown_where_the_deployment_allows(self, deployer: Deployer) -> None:
        made = (await deployer.deploy("web", origins=["https://shop.example"], title="<Ask> us")).json()["deployment"]
        page = await deployer.company.server.client.get(f"/widget/{made['deployment_id']}")
        assert page.headers["content-security-policy"].endswith("frame-ancestors https://shop.example")
        assert "&lt;Ask&gt; us" in page.text
        assert f'data-deployment="{made["deployment_id"]}"' in made["script"]

    async def test_only_active_web_deployments_have_one(self, deployer: Deployer) -> None:
        other = await deployer.deployed("telegram")
        client = deployer.company.server.client
        for deployment in (other["deployment_id"], "dep_unknown"):
            assert (await client.get(f"/widget/{deployment}")).status_code == 404
        assert len(CONVERSATION) >= 16
