"""Barriers in a page, as axe-core finds them: contrast, names, order of headings, labels."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from playwright.sync_api import Page


@cache
def _script() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def barriers(page: Page) -> list[str]:
    """What is found, one line each: the rule, and the elements that break it."""
    page.evaluate(_script())
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(all => all.violations)")
    return [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes']]}" for one in found]
