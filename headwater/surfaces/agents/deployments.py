"""Where a company's agents are let out to (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.deployments import inbox
from headwater.control.deployments.models import Deployment
from headwater.control.deployments.service import Deployments, masked, missing
from headwater.errors import NotFound
from headwater.platforms.port import Platform
from headwater.surfaces._http.deployed import DEPLOYMENTS, checked_config, fields_of, inbound_url, script_of
from headwater.surfaces._http.endpoint import ADMIN, READ, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import Success
from headwater.surfaces.agents.deployments_contract import (
    EXAMPLE,
    LISTED_EXAMPLE,
    DeploymentPage,
    DeploymentPatch,
    DeploymentRow,
    DeploymentsQuery,
    EcommerceBody,
    ListedDeployment,
    MessagingBody,
    OneDeployment,
)

ONE: Final = f"{DEPLOYMENTS}/{{deployment_id}}"
TAG: Final = "Deployments"
_LISTED: Final = ("agent_id", "platform", "status", "created_at")


async def list_deployments(call: Call[DeploymentsQuery, bytes]) -> Reply:
    """Some deployments, newest first."""
    query = call.query
    async with call.services.control.reading() as session:
        found, total = await Deployments(session, call.scope).page(query.limit, query.offset)
    return Reply(DeploymentPage([_listed(one) for one in found], total, query.limit, query.offset))


async def get_deployment(call: Call[Any, bytes]) -> Reply:
    """One deployment."""
    async with call.services.control.reading() as session:
        found = await Deployments(session, call.scope).get(call.path["deployment_id"])
        return Reply(OneDeployment(await _row(call, session, found)))


async def deploy(call: Call[Any, MessagingBody | EcommerceBody]) -> Reply:
    """A new deployment, to where people write or to a shop."""
    body = call.body
    platform = call.services.agents.postbox.platforms[body.platform]
    config = await checked_config(call.services, body.config)
    session = (await call.writing()).session
    deployments = Deployments(session, call.scope, call.client_ip)
    made = await deployments.create(body.agent_id, body.platform, fields_of(platform), config)
    return Reply(OneDeployment(await _row(call, session, made)), 201)


async def update_deployment(call: Call[Any, DeploymentPatch]) -> Reply:
    """Change what was sent."""
    body, deployment_id = call.body, call.path["deployment_id"]
    config = {} if body.config is UNSET else await checked_config(call.services, body.config)
    session = (await call.writing()).session
    deployments = Deployments(session, call.scope, call.client_ip)
    platform = _platform(call, await deployments.get(deployment_id))
    changed = await deployments.update(deployment_id, fields_of(platform), config, body.status)
    return Reply(OneDeployment(await _row(call, session, changed)))


async def delete_deployment(call: Call[Any, bytes]) -> Reply:
    """Remove a deployment."""
    session = (await call.writing()).session
    await Deployments(session, call.scope, call.client_ip).delete(call.path["deployment_id"])
    return Reply(Success(True, "Deployment deleted"))


def _platform(call: Call[Any, Any], deployment: Deployment) -> Platform:
    return call.services.agents.postbox.platforms[deployment.platform]


def _listed(deployment: Deployment) -> ListedDeployment:
    return ListedDeployment(deployment_id=deployment.id, **{name: getattr(deployment, name) for name in _LISTED})


async def _row(call: Call[Any, Any], session: AsyncSession, deployment: Deployment) -> DeploymentRow:
    platform = _platform(call, deployment)
    return DeploymentRow(
        deployment_id=deployment.id,
        **{name: getattr(deployment, name) for name in _LISTED},
        config=masked(session, deployment),
        missing=missing(session, deployment, fields_of(platform)),
        inbound_url=inbound_url(call.services, deployment),
        script=script_of(call.services, deployment),
        last_error=await inbox.last_error(session, deployment.id),
        updated_at=deployment.updated_at,
    )


def _created(kind: str, path: str, body: type, example: dict[str, Any]) -> Endpoint:
    return Endpoint(
        "POST",
        path,
        deploy,
        ADMIN,
        f"Deploy an agent to {kind}",
        TAG,
        {201: Answers("The deployment.", OneDeployment, {"deployment": EXAMPLE})},
        description="Active at once where its config is complete; else `missing` says what it wants. What each platform"
        " needs is in docs/deployments.md.",
        body=body,
        body_example=example,
        errors=(NotFound,),
    )


ENDPOINTS = [
    Endpoint(
        "GET",
        DEPLOYMENTS,
        list_deployments,
        READ,
        "List deployments",
        TAG,
        {
            200: Answers(
                "A page of deployments.",
                DeploymentPage,
                {"deployments": [LISTED_EXAMPLE], "total": 1, "limit": 20, "offset": 0},
            )
        },
        query=DeploymentsQuery,
    ),
    _created(
        "a messaging platform",
        f"{DEPLOYMENTS}/messaging",
        MessagingBody,
        {"agent_id": "agent_0AbC…", "platform": "web", "config": {}},
    ),
    _created(
        "a shop",
        f"{DEPLOYMENTS}/ecommerce",
        EcommerceBody,
        {"agent_id": "agent_0AbC…", "platform": "shopify", "config": {}},
    ),
    Endpoint(
        "GET",
        ONE,
        get_deployment,
        READ,
        "Get a deployment",
        TAG,
        {200: Answers("The deployment.", OneDeployment, {"deployment": EXAMPLE})},
    ),
    Endpoint(
        "PUT",
        ONE,
        update_deployment,
        ADMIN,
        "Change a deployment",
        TAG,
        {200: Answers("The deployment.", OneDeployment, {"deployment": EXAMPLE})},
        body=DeploymentPatch,
        body_example={"config": {"title": "Ask us"}},
    ),
    Endpoint(
        "DELETE",
        ONE,
        delete_deployment,
        ADMIN,
        "Delete a deployment",
        TAG,
        {200: Answers("It is gone.", Success, {"success": True, "message": "Deployment deleted"})},
    ),
]
