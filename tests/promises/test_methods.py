"""Promise: HEAD is GET without its body, on every route."""

from __future__ import annotations

from tests.promises.routes import ROUTES, Ids, name

READS = [one for one in ROUTES if one.method == "GET"]
# Made anew for each answer: the time, and dates inside of files.
_DIFFER = ("x-request-id", "content-length")


async def test_head_is_get_without_its_body(ids: Ids) -> None:
    client = ids.company.server.client
    for endpoint in READS:
        asked = ids.right(endpoint)
        # Some answers say whether they were kept; from the second on they are.
        await asked.send(client, **ids.company.headers)
        got = await asked.send(client, **ids.company.headers)
        head = await asked.but(method="HEAD").send(client, **ids.company.headers)
        assert head.status_code == got.status_code, name(endpoint)
        assert head.content == b""
        assert set(head.headers) == set(got.headers)
        same = dict.fromkeys(_DIFFER)
        assert {**head.headers, **same} == {**got.headers, **same}, name(endpoint)
        # Metrics count the request before.
        assert head.headers["content-length"] == str(len(got.content)) or endpoint.path == "/metrics", name(endpoint)


async def test_a_refused_head_has_no_body_either(ids: Ids) -> None:
    for endpoint in [one for one in READS if one.access]:
        head = await ids.right(endpoint).but(method="HEAD").send(ids.company.server.client)
        assert (head.status_code, head.content) == (401, b""), name(endpoint)
