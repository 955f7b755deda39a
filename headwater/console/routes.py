"""All pages of the console, for ``app.py``."""

from __future__ import annotations

from headwater.console import accounts, assets, entry, overview, reference
from headwater.console.ads import pages as ads
from headwater.console.ads import report_builder, report_share, reports
from headwater.console.agents import conversations, deploying, editing, history, listing, trying
from headwater.console.creators import one as one_creator
from headwater.console.creators import pages as creators
from headwater.console.decisions import pages as decisions
from headwater.console.decisions import reports as decision_reports
from headwater.console.decisions import traces
from headwater.console.decisions import trying as trying_decisions
from headwater.console.settings import (
    api_keys,
    audit_log,
    billing,
    cards,
    index,
    members,
    organisation,
    profile,
    usage,
    webhooks,
)
from headwater.console.sources import connecting, one, passages, querying, uploading
from headwater.console.sources import listing as source_listing

ENDPOINTS = [
    *assets.endpoints(),
    *entry.ENDPOINTS,
    *accounts.ENDPOINTS,
    *overview.ENDPOINTS,
    *reference.ENDPOINTS,
    *ads.ENDPOINTS,
    *report_builder.ENDPOINTS,
    *reports.ENDPOINTS,
    *report_share.ENDPOINTS,
    *creators.ENDPOINTS,
    *one_creator.ENDPOINTS,
    *decisions.ENDPOINTS,
    *decision_reports.ENDPOINTS,
    *traces.ENDPOINTS,
    *trying_decisions.ENDPOINTS,
    *listing.ENDPOINTS,
    *trying.ENDPOINTS,
    *editing.ENDPOINTS,
    *history.ENDPOINTS,
    *conversations.ENDPOINTS,
    *deploying.ENDPOINTS,
    *source_listing.ENDPOINTS,
    *connecting.ENDPOINTS,
    *uploading.ENDPOINTS,
    *one.ENDPOINTS,
    *passages.ENDPOINTS,
    *querying.ENDPOINTS,
    *index.ENDPOINTS,
    *profile.ENDPOINTS,
    *organisation.ENDPOINTS,
    *members.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *usage.ENDPOINTS,
    *billing.ENDPOINTS,
    *cards.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *audit_log.ENDPOINTS,
]
