"""The only way out of the server: hosts that may be reached, and one HTTP client that keeps to them.

Whoever sends to an address that somebody typed in (a webhook, a data source, a platform)
sends it through ``Outbound``; whoever opens another sort of connection, to a database
say, connects to what ``HostGuard.resolve`` answers and to nothing else.
"""

from __future__ import annotations

from headwater.outbound.client import Answer, Outbound
from headwater.outbound.hosts import HostGuard
from headwater.settings import Settings

__all__ = ["Answer", "HostGuard", "Outbound", "provide"]


def provide(settings: Settings) -> Outbound:
    """The client, as the settings allow."""
    return Outbound(HostGuard(allow_private=settings.allow_private_hosts))
