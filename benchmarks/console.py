"""How long the console's pages take on the demo's data, and what they weigh.

A page is read as a browser reads it, signed in, over one connection that stays open. Pages
are found by their links, one of each kind: the pages of two campaigns are of one kind.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from statistics import median

import httpx
import msgspec

from headwater.demo import fill

_READS = 10
_ID = re.compile(r"/(\d+|[0-9a-f-]{20,}|[a-z]+_[A-Za-z0-9_]+)(?=/|$)")
_LINK = re.compile(r'<a [^>]*href="(/[^"#]*)"')
_ASSET = re.compile(r'(?:src|href|data-vega)="(/console/assets/[^"]+)"')
_ELSEWHERE = ("/docs", "/api", "/console")


class Page(msgspec.Struct, frozen=True):
    """One kind of page: its path, its HTML in bytes, milliseconds of the first reading and of those after it."""

    path: str
    weight: int
    first_ms: float
    again_ms: float


def walk(url: str, data_dir: Path) -> tuple[list[Page], int]:
    """Every kind of page that links lead to, and bytes of style and scripts that a first visit loads.

    The charts' library, which is loaded when the first chart comes into sight, counts too.
    """
    demo = fill.read(data_dir)
    if demo is None:
        raise SystemExit(f"There is no demo in {data_dir}.")
    with httpx.Client(base_url=url, headers={"Accept-Encoding": "gzip"}, timeout=30) as client:
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
        fields = {"email": demo.email, "password": demo.password, "csrf_token": token[1] if token else ""}
        client.post("/sign-in", data=fields)
        return _pages(client)


def _pages(client: httpx.Client) -> tuple[list[Page], int]:
    pages: dict[str, Page] = {}
    assets: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        kind = _ID.sub("/:id", path.partition("?")[0])
        if kind in pages:
            continue
        times = []
        for _ in range(_READS + 1):
            began = time.perf_counter()
            answer = client.get(path).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
        pages[kind] = Page(kind, len(answer.content), times[0], median(times[1:]))
        if answer.headers["content-type"].startswith("text/html"):
            waiting += [link for link in _LINK.findall(answer.text) if not link.startswith(_ELSEWHERE)]
            assets |= set(_ASSET.findall(answer.text))
    return list(pages.values()), sum(_sent(client, asset) for asset in assets)


def _sent(client: httpx.Client, asset: str) -> int:
    return int(client.get(asset).raise_for_status().headers["content-length"])
