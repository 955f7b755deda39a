"""``Idempotency-Key`` on POST: the same request again gets the first answer again (contract: common).

The answer is kept in the transaction of what it guards, so it exists exactly
when the work was done. Only 2xx answers are kept.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from headwater.errors import InvalidRequest
from headwater.shared import Shared
from headwater.storage.remembering import FIELD, MAX_KEY_LENGTH, reused, under_way
from headwater.surfaces._http.endpoint import Call, Endpoint, Reply


def check_key(key: str) -> None:
    """Refuse a key that is not usable."""
    if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        allowed = f"1 to {MAX_KEY_LENGTH} printable characters"
        raise InvalidRequest(f"{FIELD} must be {allowed}.", place="header", field=FIELD, allowed=allowed)


class Flights:
    """The keys whose first request is under way, here or in another process."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def once(self, endpoint: Endpoint, call: Call[Any, Any], raw: bytes, path: str, query: bytes) -> Reply:
        """Run the handler, unless the key has an answer already."""
        key = call.headers.idempotency_key
        if key is None:
            return await endpoint.handler(call)
        owner = f"organisation:{call.caller.organisation_id}" if call.caller else f"address:{call.client_ip}"
        name = hashlib.sha256(f"{owner}\0{key}".encode()).hexdigest()
        async with self._shared.claim(f"request:{name}") as is_ours:
            if not is_ours:
                raise under_way()
            return await self._first_or_again(endpoint, call, owner, key, raw, path, query)

    async def _first_or_again(
        self, endpoint: Endpoint, call: Call[Any, Any], owner: str, key: str, raw: bytes, path: str, query: bytes
    ) -> Reply:
        kept = call.services.control.idempotency
        route = f"{endpoint.method} {path}"
        fingerprint = hashlib.sha256(b"\0".join([query, raw])).hexdigest()
        async with call.services.control.reading() as session:
            remembered = await kept.find(session, owner, key)
        if remembered is not None:
            if not remembered.matches(route, fingerprint):
                raise reused()
            return Reply(remembered.body, remembered.status, headers=tuple(remembered.headers.items()))
        reply = await endpoint.handler(call)
        if 200 <= reply.status < 300:
            unit = await call.writing()
            body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
            await kept.remember(unit.session, owner, key, route, fingerprint, reply.status, dict(reply.headers), body)
        return reply
