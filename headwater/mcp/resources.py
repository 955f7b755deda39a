"""What clients can read without a question: the catalogue, and which entities there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import mcp_types as types
import msgspec
import structlog
from mcp.shared.exceptions import MCPError

from headwater.errors import HeadwaterError
from headwater.tools.verb import Reach, Verb

_JSON: Final = "application/json"
BROKE: Final = "Something failed inside the server; it is logged there."
_ENTITIES: Final = "headwater://entities/"
log = structlog.get_logger(__name__)

LISTED: Final = [
    types.Resource(
        name="catalogue",
        title="Metric catalogue",
        uri="headwater://catalogue",
        description="Every metric that can be asked: name, meaning, unit, and what it can be broken down by.",
        mime_type=_JSON,
    ),
    types.Resource(
        name="data-sources",
        title="Data sources",
        uri="headwater://data-sources",
        description="The data sources of the company.",
        mime_type=_JSON,
    ),
]
TEMPLATES: Final = [
    types.ResourceTemplate(
        name="entities",
        title="Entities of a kind",
        uri_template=f"{_ENTITIES}{{kind}}",
        description="Creatives, campaigns, creators, videos, offers and what else has a name, with their ids.",
        mime_type=_JSON,
    ),
]


async def read(uri: str, verbs: Mapping[str, Verb], reach: Reach) -> types.ReadResourceResult:
    """A resource's content; an unknown one is an error of the protocol."""
    name, arguments = _asked(uri)
    verb = verbs[name]
    try:
        given = await verb.run(reach, msgspec.convert(arguments, verb.arguments))
    except msgspec.ValidationError as error:
        raise MCPError(types.INVALID_PARAMS, f"There is no resource '{uri[:200]}': {error}.") from None
    except HeadwaterError as error:
        raise MCPError(types.INVALID_PARAMS, error.message) from None
    except Exception:
        # The SDK would send the exception's own words.
        log.exception("mcp.broke", resource=uri[:200])
        raise MCPError(types.INTERNAL_ERROR, BROKE) from None
    text = msgspec.json.encode(given.data).decode()
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=_JSON, text=text)])


def _asked(uri: str) -> tuple[str, dict[str, Any]]:
    """The verb that gives a resource, and its arguments."""
    if uri == "headwater://catalogue":
        return "search_catalogue", {"text": "", "limit": 500}
    if uri == "headwater://data-sources":
        return "list_data_sources", {}
    if uri.startswith(_ENTITIES):
        return "find_entities", {"text": "", "kind": uri.removeprefix(_ENTITIES), "limit": 500}
    raise MCPError(types.INVALID_PARAMS, f"There is no resource '{uri[:200]}'.")
