"""Imports go down only, and packages of one row do not know each other."""

from __future__ import annotations

import pytest

from .source import Module, imports, modules

ROWS = (
    {"kit"},
    {"scope", "errors", "settings"},
    {"catalogue", "processes"},
    {"platforms"},
    {"storage", "mail", "outbound", "payments", "sources", "shared"},
    {"query", "control"},
    {"agent_runtime", "analyst", "decisioning", "tools", "ingest", "mcp", "reporting", "reports", "delivery", "demo"},
    {"surfaces", "console", "jobs"},
    {"app", "invalidation"},
    {"cli", "served", "__main__"},
)
ROW_OF = {package: row for row, packages in enumerate(ROWS) for package in packages}
WITHIN_A_ROW = {
    ("agent_runtime", "tools"),
    ("agent_runtime", "analyst"),
    ("agent_runtime", "reports"),
    ("analyst", "tools"),
    ("analyst", "reports"),
    ("mcp", "tools"),
    ("tools", "reports"),
    ("sources", "outbound"),
    ("reports", "delivery"),
    ("reporting", "reports"),
    ("console", "surfaces"),
    ("__main__", "cli"),
    ("app", "invalidation"),
}
ENGINES = ("duckdb", "chdb", "clickhouse_connect")
HTTP_CLIENTS = ("httpx", "httpcore", "http.client", "urllib.request", "aiohttp", "requests", "urllib3")
# Speaks to a Headwater server that the operator names, from the operator's own machine.
IMPORTS_CLIENT = "headwater.cli.importing.connection"
CONCRETE_STORES = ("headwater.storage.duckdb", "headwater.storage.clickhouse")

every_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)


@every_module
def test_every_package_has_a_row(module: Module) -> None:
    assert not module.package or module.package in ROW_OF, f"say in ROWS where '{module.package}' stands"


@every_module
def test_imports_go_down_only(module: Module) -> None:
    for name in imports(module):
        imported = name.partition(".")[2].partition(".")[0]
        if not name.startswith("headwater.") or imported not in ROW_OF or imported == module.package:
            continue
        allowed = (module.package, imported) in WITHIN_A_ROW or ROW_OF[imported] < ROW_OF[module.package]
        assert allowed, f"{module.path} imports {name}"


@every_module
def test_surfaces_do_not_know_each_other(module: Module) -> None:
    own = module.name.split(".")[:3]
    if own[:2] != ["headwater", "surfaces"]:
        return
    for name in imports(module):
        parts = name.split(".")[:3]
        other = parts[:2] == own[:2] and len(parts) == 3 and parts != own
        assert not other or parts[2] == "_http", f"{module.path} imports {name}"


@every_module
def test_the_console_knows_no_surface(module: Module) -> None:
    if module.package == "console":
        surfaces = [name for name in imports(module) if name.startswith("headwater.surfaces.")]
        assert all(name.startswith("headwater.surfaces._http") for name in surfaces)


@every_module
def test_only_the_composition_root_names_a_concrete_store(module: Module) -> None:
    if module.package in ("storage", "app"):
        return
    assert not [name for name in imports(module) if name.startswith(CONCRETE_STORES)]


@every_module
def test_only_storage_and_sources_talk_to_an_engine(module: Module) -> None:
    if module.package in ("storage", "sources"):
        return
    assert not [name for name in imports(module) if name.split(".")[0] in ENGINES]


@every_module
def test_only_shared_talks_to_the_shared_server(module: Module) -> None:
    assert module.package == "shared" or not [name for name in imports(module) if name.split(".")[0] == "valkey"]


@every_module
def test_only_outbound_speaks_http_to_others(module: Module) -> None:
    if module.package == "outbound" or module.name == IMPORTS_CLIENT:
        return
    named = [f"{name}." for name in imports(module)]
    assert not [name for name in named if name.startswith(tuple(f"{client}." for client in HTTP_CLIENTS))]


def test_the_search_for_http_clients_finds_them() -> None:
    found = {name for module in modules() for name in imports(module)}
    assert {"httpx", "http.client"} <= found
