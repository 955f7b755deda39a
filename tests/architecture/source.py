"""The server's source as syntax trees, for tests of its shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Module(NamedTuple):
    """One file: its dotted name, its path within the repository, its text and its tree."""

    name: str
    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The name right below ``headwater``; empty for ``headwater`` itself."""
        return self.name.partition(".")[2].partition(".")[0]


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the server."""
    return tuple(_module(path) for path in sorted((ROOT / "headwater").rglob("*.py")))


def _module(path: Path) -> Module:
    relative = path.relative_to(ROOT)
    parts = relative.with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text("utf-8")
    return Module(name, str(relative), text, ast.parse(text))


def imports(module: Module) -> Iterator[str]:
    """Dotted names that a module imports; ``from a import b`` names both a and a.b."""
    package = module.name.split(".") if module.path.endswith("__init__.py") else module.name.split(".")[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def calls(module: Module) -> Iterator[tuple[str, int]]:
    """What a module calls, as it is written (``datetime.now``), and in which line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def texts(module: Module) -> Iterator[tuple[str, int]]:
    """String constants, also the constant pieces of f-strings, without docstrings."""
    docstrings = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value, node.lineno
