"""Functions and files stay small enough to be read in one go."""

from __future__ import annotations

import ast

import pytest

from .source import Module, modules

FUNCTION_LINES, FILE_LINES = 60, 500


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_functions_and_files_are_short(module: Module) -> None:
    assert module.text.count("\n") <= FILE_LINES
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= FUNCTION_LINES, f"{module.path}:{node.lineno} {node.name} has {lines} lines"
