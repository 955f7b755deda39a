"""All pages of the console, for ``app.py``."""

from __future__ import annotations

from headwater.console import assets, entry, overview

ENDPOINTS = [*assets.endpoints(), *entry.ENDPOINTS, *overview.ENDPOINTS]
