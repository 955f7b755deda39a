"""What the navigation leads to, for whom. A page that is not named here is reached from one that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from headwater.scope import Scope
from headwater.surfaces._http.endpoint import ADMIN, READ, Access


class Entry(msgspec.Struct, frozen=True):
    """One link; ``access`` is that of the page behind it."""

    label: str
    path: str
    access: Access = READ

    def leads_to(self, path: str) -> bool:
        """Whether a page stands under this entry.

        >>> Entry("Ads", "/ads").leads_to("/ads/creatives/3"), Entry("Overview", "/").leads_to("/ads")
        (True, False)
        """
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


MAIN: Final = (
    Entry("Overview", "/"),
    Entry("Ad creatives", "/ads"),
    Entry("Creators", "/creators"),
    Entry("Decisions", "/decisions"),
    Entry("Agents", "/agents"),
    Entry("Data sources", "/data-sources"),
    Entry("Settings", "/settings"),
    Entry("API reference", "/docs"),
)
"""The main navigation; a new section adds its line."""

SETTINGS: Final = (
    Entry("Profile", "/settings/profile"),
    Entry("Organisation", "/settings/organisation"),
    Entry("Members", "/settings/members"),
    Entry("API keys", "/settings/api-keys", ADMIN),
    Entry("Plan and usage", "/settings/usage", ADMIN),
    Entry("Billing", "/settings/billing", ADMIN),
    Entry("Webhooks", "/settings/webhooks", ADMIN),
    Entry("Audit log", "/settings/audit-log", ADMIN),
)


def shown(entries: Sequence[Entry], scope: Scope) -> list[Entry]:
    """Those that the caller may open."""
    return [entry for entry in entries if scope.allows(*entry.access)]
