"""Where an agent is let out to: each platform with what it needs, and how it is going."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.control.agents.models import Agent
from headwater.control.agents.service import Agents
from headwater.control.deployments import inbox
from headwater.control.deployments.models import Deployment
from headwater.control.deployments.service import MOST, Deployments, missing
from headwater.errors import HeadwaterError, NotFound
from headwater.platforms.port import Platform
from headwater.platforms.registry import platforms
from headwater.settings import Settings
from headwater.surfaces._http.deployed import checked_config, fields_of, inbound_url, script_of
from headwater.surfaces._http.endpoint import ADMIN, READ, Call, Reply, Typed

_PATH: Final = "/agents/{agent_id}/deployments"
_NEW: Final = f"{_PATH}/new"
_ONE: Final = f"{_PATH}/{{deployment_id}}"
NAMES: Final = {
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "slack": "Slack",
    "messenger": "Messenger",
    "shopify": "Shopify",
    "woocommerce": "WooCommerce",
    "web": "Web page",
}


_FIELDS: Final = sorted({one.name for platform in platforms(Settings()).values() for one in platform.settings})

DeployForm = msgspec.defstruct("DeployForm", [("platform", str), *((name, str, "") for name in _FIELDS)], frozen=True)
"""A platform and, of all fields that platforms have, those that were typed."""


class Chosen(msgspec.Struct, frozen=True):
    """Which platform."""

    platform: Annotated[str, Meta(max_length=32)] = "web"


class Row(msgspec.Struct, frozen=True):
    """A deployment as it is listed."""

    deployment: Deployment
    name: str
    missing: list[str]
    last_error: str | None
    inbound_url: str
    script: str | None


async def deployments(call: Call[Any, bytes]) -> Reply:
    """Where the agent is."""
    async with call.services.control.reading() as session:
        agent = await Agents(session, call.scope).get(call.path["agent_id"])
        found, _ = await Deployments(session, call.scope).page(MOST, 0)
        rows = [await _row(call, session, one) for one in found if one.agent_id == agent.id]
    return await render(
        call,
        "agents/deployments.html",
        title="Deployments",
        crumbs=_crumbs(agent),
        agent=agent,
        rows=rows,
        names=NAMES,
        admin=ADMIN,
    )


async def new(call: Call[Chosen, bytes]) -> Reply:
    """The fields of a platform."""
    return await _form(call, call.query.platform)


async def deploy(call: Call[Any, Any]) -> Reply:
    """Let the agent out."""
    typed = msgspec.structs.asdict(call.body)
    name = typed.pop("platform")
    platform = _platform(call, name)
    fields = fields_of(platform)
    config = {
        key: _value(value, many=key in fields.many) for key, value in typed.items() if value and key in fields.names
    }
    checked = await checked_config(call.services, config)
    session = (await call.writing()).session
    made = await Deployments(session, call.scope, call.client_ip).create(call.path["agent_id"], name, fields, checked)
    words = "is ready" if made.status == "active" else "still needs something"
    return done(call, f"/agents/{made.agent_id}/deployments", f"The deployment to {NAMES[name]} {words}.")


async def again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await _form(call, Shown(call.body).value("platform"), call.body, error)


async def delete(call: Call[Any, Any]) -> Reply:
    """End a deployment."""
    await Deployments((await call.writing()).session, call.scope, call.client_ip).delete(call.path["deployment_id"])
    return done(call, f"/agents/{call.path['agent_id']}/deployments", "The deployment is gone.")


async def _form(
    call: Call[Any, Any], name: str, typed: Typed | None = None, error: HeadwaterError | None = None
) -> Reply:
    platform, shown = _platform(call, name), Shown(typed, error)
    async with call.services.control.reading() as session:
        agent = await Agents(session, call.scope).get(call.path["agent_id"])
    return await render(
        call,
        "agents/deploy.html",
        title=f"Deploy to {NAMES[name]}",
        status=shown.status,
        crumbs=[*_crumbs(agent), ("Deployments", f"/agents/{agent.id}/deployments")],
        shown=shown,
        agent=agent,
        platform=platform,
    )


def _platform(call: Call[Any, Any], name: str) -> Platform:
    platform = call.services.agents.postbox.platforms.get(name)
    if platform is None:
        raise NotFound("There is no such platform.", field="platform")
    return platform


def _value(typed: str, *, many: bool) -> str | list[str]:
    """Of a field that holds several, one stands in each line."""
    return [line.strip() for line in typed.splitlines() if line.strip()] if many else typed


async def _row(call: Call[Any, Any], session: AsyncSession, deployment: Deployment) -> Row:
    fields = fields_of(_platform(call, deployment.platform))
    return Row(
        deployment,
        NAMES[deployment.platform],
        missing(session, deployment, fields),
        await inbox.last_error(session, deployment.id),
        inbound_url(call.services, deployment),
        script_of(call.services, deployment),
    )


def _crumbs(agent: Agent) -> list[tuple[str, str]]:
    return [("Agents", "/agents"), (agent.name, f"/agents/{agent.id}")]


ENDPOINTS = [
    page(_PATH, deployments, READ, "An agent's deployments"),
    page(_NEW, new, ADMIN, "Deploy an agent", Chosen),
    form(_NEW, deploy, ADMIN, "Deploy an agent", DeployForm, again),
    form(f"{_ONE}/delete", delete, ADMIN, "End a deployment"),
]
