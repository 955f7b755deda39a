"""All endpoints of the decisions contract."""

from __future__ import annotations

from headwater.surfaces.decisions import dashboard, entities, recommend, respond, segments, traces

ENDPOINTS = [
    *dashboard.ENDPOINTS,
    *entities.ENDPOINTS,
    *segments.ENDPOINTS,
    *recommend.ENDPOINTS,
    *respond.ENDPOINTS,
    *traces.ENDPOINTS,
]
