"""What is sent and answered about deployments (contract: agents-and-accounts)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.control.deployments.models import DeploymentStatus

MessagingPlatform = Literal["whatsapp", "telegram", "slack", "messenger", "web"]
EcommercePlatform = Literal["shopify", "woocommerce"]
_AgentId = Annotated[str, Meta(min_length=1, max_length=64, description="The agent that answers.")]
_Config = Annotated[
    dict[str, Any],
    Meta(
        description="What the platform needs, see docs/deployments.md. Secrets are answered as `********`, and that"
        " leaves them as they are."
    ),
]


class MessagingBody(msgspec.Struct, frozen=True):
    """A deployment to where people write."""

    agent_id: _AgentId
    platform: Annotated[MessagingPlatform, Meta(description="`web` is a chat window on any page.")]
    config: _Config = {}


class EcommerceBody(msgspec.Struct, frozen=True):
    """A deployment to a shop."""

    agent_id: _AgentId
    platform: EcommercePlatform
    config: _Config = {}


class DeploymentPatch(msgspec.Struct, frozen=True):
    """What is to be changed; fields of the config that are left out stay, a null takes one out."""

    config: _Config | UnsetType = UNSET
    status: DeploymentStatus | UnsetType = UNSET


class DeploymentsQuery(msgspec.Struct, frozen=True):
    """Which deployments."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Deployments on a page.")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Deployments to skip.")] = 0


class ListedDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment in a list."""

    deployment_id: str
    agent_id: str
    platform: MessagingPlatform | EcommercePlatform
    status: DeploymentStatus
    created_at: datetime


class DeploymentRow(ListedDeployment, frozen=True, kw_only=True):
    """A deployment.

    `missing` are the fields of `config` without which it is inactive; `inbound_url` is what the
    platform calls; `script` is the tag that shows the chat on a page; `last_error` is why the newest
    message was not answered.
    """

    config: dict[str, Any]
    missing: list[str]
    inbound_url: str
    script: str | None
    last_error: str | None
    updated_at: datetime


class DeploymentPage(msgspec.Struct, frozen=True):
    """A page of deployments, newest first."""

    deployments: list[ListedDeployment]
    total: int
    limit: int
    offset: int


class OneDeployment(msgspec.Struct, frozen=True):
    """A deployment."""

    deployment: DeploymentRow


LISTED_EXAMPLE: Final = {
    "deployment_id": "dep_0AbC…",
    "agent_id": "agent_0AbC…",
    "platform": "telegram",
    "status": "active",
    "created_at": "2025-01-15T10:00:00Z",
}
EXAMPLE: Final[dict[str, Any]] = {
    **LISTED_EXAMPLE,
    "config": {"bot_token": "********", "secret_token": "********"},
    "missing": [],
    "inbound_url": "https://headwater.example/api/v1/deployments/dep_0AbC…/inbound",
    "script": None,
    "last_error": None,
    "updated_at": "2025-01-15T10:00:00Z",
}
