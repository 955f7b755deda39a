"""Every route of the agents, but for the pages of the chat."""

from __future__ import annotations

from headwater.surfaces.agents import agents, asking, data_sources, deployments, inbound, mcp

ENDPOINTS = [
    *data_sources.ENDPOINTS,
    *agents.ENDPOINTS,
    *asking.ENDPOINTS,
    *deployments.ENDPOINTS,
    *inbound.ENDPOINTS,
    *mcp.ENDPOINTS,
]
