"""One of each kind of decision entity, for tests that walk all routes; made as the API description's examples are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from headwater.control.decisions.kinds import BY_KIND, KINDS
from headwater.surfaces.decisions.entity_examples import EXAMPLES
from tests.serving import Company

# In this order each kind finds what its example names.
_FIRST = ("category", "channel", "offer", "segment", "decision_flow", "algorithm_model")
_NAMES = {
    "category": ("categoryId",),
    "channel": ("channelId", "scopeId", "filterId"),
    "offer": ("offerId",),
    "segment": ("segmentId",),
    "decision_flow": ("decisionFlowId",),
    "algorithm_model": ("modelId",),
}


def path_of(kind: str) -> str:
    """Where entities of the kind are listed and made."""
    return f"/api/v1/{BY_KIND[kind].path}"


ENTITIES = tuple(path_of(kind.kind) for kind in KINDS)


async def offer(company: Company, called: str = "Offered") -> dict[str, Any]:
    """The ids of new rows under the names by which routes take them."""

    async def make(path: str, body: dict[str, Any]) -> str:
        answer = await company.request("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return await offered(make, called)


async def offered(make: Callable[[str, dict[str, Any]], Awaitable[str]], called: str = "Offered") -> dict[str, Any]:
    """The same, each row made by ``make`` of a path and a body."""
    parent = await make(path_of("category"), {"name": called})
    ids: dict[str, Any] = {"parentId": parent}
    for kind in (*_FIRST, *(one.kind for one in KINDS if one.kind not in _FIRST)):
        example = EXAMPLES[kind]
        own = {name: ids[name] for name in example if name in ids}
        body = {**example, **own}
        if "name" in body:
            body["name"] = f"{called} {body['name']}"
        if "key" in body:
            body["key"] = f"walked_{body['key']}"
        made = await make(path_of(kind), body)
        ids |= {path_of(kind): made, **dict.fromkeys(_NAMES.get(kind, ()), made)}
    return ids
