"""Where SQL is written, where time comes from, what modules are called and what they say of themselves."""

from __future__ import annotations

import ast
import importlib
import re

import pytest

from .source import Module, calls, modules, texts

SQL = re.compile(
    r"^\s*(SELECT\s|INSERT INTO \w|UPDATE \w+ SET |DELETE FROM \w|(CREATE|ALTER|DROP) (TABLE|INDEX|VIEW|SEQUENCE)\b)"
    r"|^\s*WITH \w+ AS \(|\s(FROM|JOIN) \w+ (AS|WHERE|ON)\s|\sGROUP BY\s|\sORDER BY\s"
)
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"}
COMPILERS = (
    "headwater.query.compile",
    "headwater.query.series.compile",
    "headwater.query.decisions.binding",
    "headwater.query.decisions.compile",
    "headwater.query.decisions.compile_traces",
)
ENGINES = ("headwater.query.run", "headwater.query.series.run", "headwater.query.decisions.run")
VAGUE = {"utils", "util", "helpers", "common", "manager", "base", "misc"}

every_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)


@every_module
def test_sql_is_written_by_the_compiler_the_stores_and_the_control_plane_only(module: Module) -> None:
    if module.name in COMPILERS or module.package in ("storage", "control", "sources"):
        return
    assert not [f"{module.path}:{line}: {text}" for text, line in texts(module) if SQL.search(text)]


def test_the_search_for_sql_finds_it() -> None:
    found = {module.package for module in modules() for text, _ in texts(module) if SQL.search(text)}
    assert {"storage", "query", "control"} <= found


@every_module
def test_only_the_engine_fetches(module: Module) -> None:
    if module.name in ENGINES or module.package == "storage":
        return
    assert not [line for name, line in calls(module) if re.search(r"store\.fetch$", name)]


@every_module
def test_now_comes_from_the_clock(module: Module) -> None:
    if module.name == "headwater.kit.clock":
        return
    assert not [f"{module.path}:{line}" for name, line in calls(module) if name in CLOCKS]


@every_module
def test_names_say_what_a_module_is_for(module: Module) -> None:
    assert not VAGUE & set(module.name.split("."))
    assert ast.get_docstring(module.tree), f"{module.path} does not say what it is for"


@every_module
def test_exported_names_exist_and_stand_once(module: Module) -> None:
    assigned = [ast.unparse(node.targets[0]) for node in module.tree.body if isinstance(node, ast.Assign)]
    if "__all__" not in assigned:
        return
    imported = importlib.import_module(module.name)
    assert len(imported.__all__) == len(set(imported.__all__))
    assert not [name for name in imported.__all__ if not hasattr(imported, name)]


@every_module
def test_nothing_is_left_to_do(module: Module) -> None:
    assert not re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|coming soon", module.text)
