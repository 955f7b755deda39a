"""Markdown of annotations comes back as it was written, less the HTML that could run where it is shown."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from headwater.control.annotations.markdown import safe_markdown

UNTOUCHED = [
    "",
    "## Notes\n\n> quoted & *so on* 3 < 4 > 2\n\n- one\n- two <https://example.com> <ada@example.com>\n",
    "`<script>alert(1)</script>` and\n\n```html\n<script>alert(1)</script>\n```\n",
    "    <script>code</script>\n",
    r"\<script> &lt;script&gt;",
    "a <b>bold</b> word<br>",
    "[link](https://example.com/?a=1&b=2) ![picture](https://example.com/x.png)",
]
HARMFUL = [
    "<script>alert(1)</script>",
    "a <script>alert(1)</script> b",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "a <img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "| a | <svg/onload=alert(1)>",
    "<div\nonclick='alert(1)'>x</div>",
    "<iframe src=//evil.example></iframe>",
    "> - <script>\n>   alert(1)</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!-- <script>alert(1)</script> -->",
    "<style>*{display:none}</style>",
]
PROGRAMS = ["[x](javascript:alert(1))", "[x]( <JavaScript:alert(1)>)", "[x]: vbscript:x", "<javascript:alert(1)>"]
PIECES = [
    "<",
    ">",
    "script",
    "</",
    "img onerror=x",
    "`",
    "\n",
    "\\",
    " ",
    "a",
    "<script>",
    "javascript:",
    "](",
    "&lt;",
    "-",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_harmless_markdown_stays_as_it_was_written(text: str) -> None:
    assert safe_markdown(text) == text


@pytest.mark.parametrize("text", HARMFUL)
def test_html_that_could_run_is_gone(text: str) -> None:
    for shown in (safe_markdown(text), rendered(safe_markdown(text))):
        lower = shown.lower()
        assert not [bad for bad in ("<script", "onerror", "onclick", "<svg", "<iframe", "<style") if bad in lower]
        assert 'href="javascript' not in lower


@pytest.mark.parametrize("text", PROGRAMS)
def test_addresses_that_are_programs_are_no_addresses(text: str) -> None:
    assert "script:" not in safe_markdown(text).lower()


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_what_is_clean_stays_clean_and_nothing_joins_to_something_harmful(text: str) -> None:
    once = safe_markdown(text)
    assert safe_markdown(once) == once
    tags = tags_of(rendered(once))
    assert "script" not in {tag for tag, _ in tags}
    # The word itself does no harm beside a tag.
    assert not [name for _, names in tags for name in names if name.startswith("on")]


def tags_of(html: str) -> list[tuple[str, list[str]]]:
    """The start tags that a browser finds, each with the names of its attributes."""
    found: list[tuple[str, list[str]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, [name for name, _ in attrs]))

    Tags().feed(html)
    return found


def rendered(text: str) -> str:
    """As a page shows it that lets HTML through."""
    return str(MarkdownIt("commonmark").render(text))
