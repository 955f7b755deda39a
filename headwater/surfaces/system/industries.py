"""The industries that a company may say it is in (contract: agents-and-accounts, "system")."""

from __future__ import annotations

from typing import Any

import msgspec

from headwater.control.organisations.industries import INDUSTRIES
from headwater.surfaces._http.endpoint import PUBLIC, Answers, Call, Endpoint, Reply


class Industries(msgspec.Struct, frozen=True):
    """Their names."""

    industries: tuple[str, ...]


async def industries(_: Call[Any, bytes]) -> Reply:
    """The list, which a form needs before anybody has registered."""
    return Reply(Industries(INDUSTRIES))


ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/v1/utils/industries",
        industries,
        PUBLIC,
        "List industries",
        "System",
        {200: Answers("The industries.", Industries, {"industries": ["Technology", "Healthcare", "Finance"]})},
        unchanging=True,
    )
]
