"""The files that pages load: kept for ever under a name that changes with them, packed where that is understood."""

from __future__ import annotations

import gzip

import pytest

from headwater.console import assets
from tests.serving import Server

NAMES = ("console.css", "early.js", "console.js", "charts.js", "icon.svg", "vega.js")


async def test_assets_are_kept_for_ever(server: Server) -> None:
    for name in NAMES:
        packed = await server.client.get(assets.path(name), headers={"accept-encoding": "gzip"})
        plain = await server.client.get(assets.path(name), headers={"accept-encoding": "identity"})
        assert (packed.status_code, plain.status_code) == (200, 200)
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert "immutable" in plain.headers["cache-control"]
        assert plain.headers["vary"] == "accept-encoding"
    assert len(gzip.compress(plain.content)) < 400_000


async def test_a_file_of_another_content_is_not_there(server: Server) -> None:
    path = assets.path("console.css").replace("console-", "console-0")
    assert (await server.client.get(path)).status_code == 404


@pytest.mark.parametrize("name", ["console.css", "early.js", "console.js", "charts.js"])
async def test_our_own_files_name_no_other_host(server: Server, name: str) -> None:
    content = (await server.client.get(assets.path(name))).text
    assert "http://" not in content
    assert "https://" not in content
