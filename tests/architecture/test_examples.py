"""Every example in a docstring is right."""

from __future__ import annotations

import doctest
import importlib

import pytest

from .source import Module, modules

WITH_EXAMPLES = [module for module in modules() if ">>> " in module.text]


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=lambda module: module.path)
def test_examples_of_docstrings_are_right(module: Module) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(module.name))
    assert attempted, f"{module.path} has examples that are not found"
    assert not failed
