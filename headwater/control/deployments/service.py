"""The deployments of the scope's organisation.

What a platform's config may hold comes from the caller as ``Fields``: this module keeps it, its
secrets encrypted. A deployment whose config is not complete is inactive until it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.agents.service import Agents
from headwater.control.audit.service import Action, Audit
from headwater.control.db import surroundings
from headwater.control.deployments.models import Deployment, DeploymentStatus
from headwater.control.rules import text
from headwater.control.sealed import seal, unseal
from headwater.errors import InvalidRequest, NotFound
from headwater.kit.ids import new_id
from headwater.kit.suggest import did_you_mean
from headwater.scope import Scope

MOST: Final = 200
"""So many may one organisation have."""
MASK: Final = "********"
LONGEST_VALUE: Final = 2_000
_MOST_VALUES: Final = 50


class Fields(msgspec.Struct, frozen=True):
    """The fields of a platform's config: which there are, which are needed, secret, or lists."""

    names: frozenset[str]
    required: frozenset[str]
    secret: frozenset[str]
    many: frozenset[str]


class Deployments:
    """The deployments of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope, ip: str | None = None) -> None:
        self._session = session
        self._scope = scope
        self._ip = ip

    async def page(self, limit: int, offset: int) -> tuple[Sequence[Deployment], int]:
        """Some of them, newest first, and how many there are."""
        own = select(Deployment).where(Deployment.organisation_id == self._scope.organisation_id)
        total = await self._session.scalar(select(func.count()).select_from(own.subquery()))
        rows = own.order_by(Deployment.created_at.desc(), Deployment.id.desc()).limit(limit).offset(offset)
        return (await self._session.scalars(rows)).all(), total or 0

    async def get(self, deployment_id: str) -> Deployment:
        """One; ``NotFound`` where the organisation has none of this id."""
        found = await self._session.get(Deployment, deployment_id)
        if found is None or found.organisation_id != self._scope.organisation_id:
            raise no_deployment(deployment_id)
        return found

    async def create(self, agent_id: str, platform: str, fields: Fields, config: Mapping[str, Any]) -> Deployment:
        """A new one of an agent of the organisation."""
        await Agents(self._session, self._scope).get(agent_id)
        own = select(func.count()).where(Deployment.organisation_id == self._scope.organisation_id)
        if (await self._session.scalar(own) or 0) >= MOST:
            raise InvalidRequest(f"A company may have {MOST} deployments. Delete one first.", field="agent_id")
        now = surroundings(self._session).clock()
        deployment = Deployment(
            id=new_id("dep"),
            organisation_id=self._scope.organisation_id,
            agent_id=agent_id,
            platform=platform,
            status="inactive",
            config={},
            secrets=None,
            created_at=now,
            updated_at=now,
        )
        self._put(deployment, fields, config)
        deployment.status = "inactive" if missing(self._session, deployment, fields) else "active"
        self._session.add(deployment)
        await self._session.flush()
        await self._record("deployment_created", deployment)
        return deployment

    async def update(
        self,
        deployment_id: str,
        fields: Fields,
        config: Mapping[str, Any],
        status: DeploymentStatus | UnsetType = UNSET,
    ) -> Deployment:
        """Change the fields that are given; a null takes one out, and the mask leaves a secret as it is.

        One that was inactive for want of a field becomes active with it, unless ``status`` says otherwise.
        """
        deployment = await self.get(deployment_id)
        wanting = bool(missing(self._session, deployment, fields))
        self._put(deployment, fields, config)
        lacking = missing(self._session, deployment, fields)
        if status == "active" and lacking:
            raise InvalidRequest(
                f"The deployment cannot be active without {', '.join(lacking)}.", field="config", allowed=lacking
            )
        if status is not UNSET:
            deployment.status = status
        elif lacking:
            deployment.status = "inactive"
        elif wanting:
            deployment.status = "active"
        deployment.updated_at = surroundings(self._session).clock()
        await self._session.flush()
        await self._record("deployment_changed", deployment)
        return deployment

    async def delete(self, deployment_id: str) -> None:
        """Remove one, and what people said through it."""
        deployment = await self.get(deployment_id)
        await self._record("deployment_deleted", deployment)
        await self._session.delete(deployment)
        await self._session.flush()

    def _put(self, deployment: Deployment, fields: Fields, config: Mapping[str, Any]) -> None:
        plain: dict[str, Any] = dict(deployment.config)
        secrets: dict[str, Any] = opened(self._session, deployment)
        for name, value in config.items():
            if name not in fields.names:
                raise InvalidRequest(
                    f"Unknown field 'config.{name[:64]}' of {deployment.platform}.{did_you_mean(name, fields.names)}",
                    field=f"config.{name[:64]}",
                    allowed=sorted(fields.names),
                )
            kept = secrets if name in fields.secret else plain
            if value is None:
                kept.pop(name, None)
            elif value != MASK or name not in fields.secret:
                kept[name] = _value(f"config.{name}", value, many=name in fields.many)
        deployment.config = plain
        sealed = msgspec.json.encode(secrets).decode()
        deployment.secrets = seal(self._session, Deployment.secrets, sealed) if secrets else None

    async def _record(self, action: Action, deployment: Deployment) -> None:
        scope, details = self._scope, {"platform": deployment.platform, "status": deployment.status}
        await Audit.record(
            self._session, scope.organisation_id, scope.user_id, action, deployment.id, self._ip, details
        )


async def find(session: AsyncSession, deployment_id: str) -> Deployment:
    """One of any organisation that is active, for its platform; ``NotFound`` for all others."""
    found = await session.get(Deployment, deployment_id)
    if found is None or found.status != "active":
        raise no_deployment(deployment_id)
    return found


def no_deployment(deployment_id: str) -> NotFound:
    """What is said of a deployment that nobody has, or somebody else."""
    return NotFound(f"There is no deployment '{deployment_id[:64]}'.", field="deployment_id")


def opened(session: AsyncSession, deployment: Deployment) -> dict[str, Any]:
    """The secrets in clear; they leave the server only to their platform."""
    if deployment.secrets is None:
        return {}
    return msgspec.json.decode(unseal(session, Deployment.secrets, deployment.secrets), type=dict[str, str])


def whole(session: AsyncSession, deployment: Deployment) -> dict[str, Any]:
    """The config with its secrets in clear, for the platform's own module."""
    return {**deployment.config, **opened(session, deployment)}


def masked(session: AsyncSession, deployment: Deployment) -> dict[str, Any]:
    """The config as it is shown."""
    return {**deployment.config, **dict.fromkeys(opened(session, deployment), MASK)}


def missing(session: AsyncSession, deployment: Deployment, fields: Fields) -> list[str]:
    """The fields without which it cannot work."""
    return sorted(fields.required - whole(session, deployment).keys())


def _value(field: str, value: Any, *, many: bool) -> str | list[str]:
    if not many:
        if not isinstance(value, str):
            raise InvalidRequest(f"'{field}' must be a text.", field=field, allowed="a text")
        return text(value, field, longest=LONGEST_VALUE)
    if not isinstance(value, list) or len(value) > _MOST_VALUES or not all(isinstance(one, str) for one in value):
        raise InvalidRequest(f"'{field}' must be a list of at most {_MOST_VALUES} texts.", field=field)
    return [text(one, field, longest=LONGEST_VALUE) for one in value]
