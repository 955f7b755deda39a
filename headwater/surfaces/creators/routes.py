"""All endpoints of the creators contract."""

from __future__ import annotations

from headwater.surfaces.creators import (
    analytics,
    campaigns,
    creators,
    items,
    organisation,
    projects,
    videos,
)
from headwater.surfaces.creators.aggregates_routes import ENDPOINTS as AGGREGATES
from headwater.surfaces.creators.annotations import ENDPOINTS as ANNOTATIONS

ENDPOINTS = [
    *projects.ENDPOINTS,
    *creators.ENDPOINTS,
    *videos.ENDPOINTS,
    *campaigns.ENDPOINTS,
    *items.ENDPOINTS,
    *organisation.ENDPOINTS,
    *ANNOTATIONS,
    *analytics.endpoints(),
    *AGGREGATES,
]
