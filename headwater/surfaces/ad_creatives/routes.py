"""All routes of the ad-creatives contract."""

from __future__ import annotations

from headwater.surfaces.ad_creatives import analytics, report_schedules, reports, resources, sessions

ENDPOINTS = [
    *analytics.ENDPOINTS,
    *resources.ENDPOINTS,
    *reports.ENDPOINTS,
    *report_schedules.ENDPOINTS,
    *sessions.ENDPOINTS,
]
