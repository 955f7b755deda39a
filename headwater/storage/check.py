"""Whether the settings name a place for facts that can be one, before anything is opened."""

from __future__ import annotations

from headwater.settings import Settings


def check(settings: Settings) -> None:
    """SettingsError for an address that names no server, or one whose client's package is missing."""
    if settings.facts_url:
        # Loaded only where it is used: its client is an optional package.
        from headwater.storage.clickhouse.server import address

        address(settings.facts_url, settings.query_timeout)
