"""The pages of decisions, as the tabs of each other."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from headwater.console import navigation
from headwater.console.navigation import Entry
from headwater.surfaces._http.endpoint import WRITE, Call

TABS: Final = (
    Entry("Performance", "/decisions"),
    Entry("Offers", "/decisions/offers"),
    Entry("Channels", "/decisions/channels"),
    Entry("Budgets", "/decisions/budgets"),
    Entry("Funnel", "/decisions/funnel"),
    Entry("Models", "/decisions/models"),
    Entry("Policies", "/decisions/policies"),
    Entry("Selection", "/decisions/selection"),
    Entry("Why not", "/decisions/why-not"),
    Entry("Anomalies", "/decisions/anomalies"),
    Entry("Traces", "/decisions/traces"),
    Entry("Try it", "/decisions/try", WRITE),
)


class Tab(msgspec.Struct, frozen=True):
    """A link, and whether it leads to where one is."""

    label: str
    path: str
    here: bool


def tabs(call: Call[Any, Any], kept: str = "") -> list[Tab]:
    """Those that the caller may open; ``kept`` is what stays in the address, such as ``?period=last_7_days``."""
    return [Tab(entry.label, entry.path + kept, entry.path == call.at) for entry in navigation.shown(TABS, call.scope)]
