"""What the API and the console share of deployments: which fields a platform has, and what is checked of them."""

from __future__ import annotations

from typing import Any, Final

from headwater.control.deployments.models import Deployment
from headwater.control.deployments.service import Fields
from headwater.platforms.port import Platform
from headwater.platforms.web import checked_origin
from headwater.surfaces._http.services import Services

DEPLOYMENTS: Final = "/api/v1/deployments"


def fields_of(platform: Platform) -> Fields:
    """What the config of a platform may hold."""
    named = {one.name: one for one in platform.settings}
    return Fields(
        frozenset(named),
        frozenset(name for name, one in named.items() if one.required),
        frozenset(name for name, one in named.items() if one.secret),
        frozenset(name for name, one in named.items() if one.many),
    )


async def checked_config(services: Services, config: dict[str, Any]) -> dict[str, Any]:
    """The config, with origins as browsers write them, and a shop's address that may be sent to."""
    origins, store = config.get("origins"), config.get("store_url")
    if isinstance(store, str):
        await services.outbound.check(store.strip())
    if isinstance(origins, list):
        config = {**config, "origins": [checked_origin(one) if isinstance(one, str) else one for one in origins]}
    return config


def inbound_url(services: Services, deployment: Deployment) -> str:
    """What the platform calls."""
    return f"{services.settings.origin}{DEPLOYMENTS}/{deployment.id}/inbound"


def script_of(services: Services, deployment: Deployment) -> str | None:
    """The tag that shows the chat on a page; None for other platforms."""
    if deployment.platform != "web":
        return None
    return f'<script src="{services.settings.origin}/widget.js" data-deployment="{deployment.id}" async></script>'
