"""``POST /api/v1/segments/{id}/refresh``: the segment's list as its filters have it now."""

from __future__ import annotations

from typing import Any, Final

from headwater.control.decisions.kinds import BY_KIND
from headwater.errors import NotFound, Timeout, Unavailable
from headwater.surfaces._http.endpoint import WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces.decisions.entities import Entities
from headwater.surfaces.decisions.entities_contract import SHAPES

_SEGMENT: Final = BY_KIND["segment"]
_SHAPES: Final = SHAPES[_SEGMENT.kind]


async def refresh_segment(call: Call[Any, bytes]) -> Reply:
    """Make the list, then answer the segment with its size."""
    await call.services.segments.refresh(call.path["id"], call.scope)
    return await Entities(_SEGMENT).get(call)


ENDPOINTS: Final = [
    Endpoint(
        "POST",
        "/api/v1/segments/{id}/refresh",
        refresh_segment,
        WRITE,
        "Refresh a segment's list",
        "Decision entities",
        {200: Answers("The segment, with how many customers its list has now.", _SHAPES.row, _SHAPES.row_example)},
        description="The list becomes the customers whose interactions meet every filter now; it is a moment's list"
        " until the next refresh, or until members are sent to `ingest/segment-members`.",
        errors=(NotFound, Timeout, Unavailable),
    )
]
