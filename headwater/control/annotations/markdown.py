"""Markdown as people send it, without HTML that could run or reach out where it is shown.

Only HTML within Markdown is touched, and of that only what is not harmless; the rest
stays as it was written, also what looks like HTML within code.

>>> safe_markdown("a <b>bold</b> `<script>` <script>alert(1)</script>")
'a <b>bold</b> `<script>` alert(1)'
>>> safe_markdown("[x](javascript:alert(1)) > 2 & 3")
'[x](alert(1)) > 2 & 3'
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

# What is taken away may let its two sides join to something new.
_ROUNDS: Final = 5
_SCRIPTED = re.compile(r"(\]\s*\(\s*<?|\]:\s*<?|<)\s*(?:(?:javascript|vbscript|data)\s*:\s*)+", re.IGNORECASE)

# Neither escaped already nor an address: <https://example.com>, <ada@example.com>.
_LIKE_A_TAG = re.compile(r"(?<!\\)<(?=[A-Za-z/!?])(?![A-Za-z][A-Za-z0-9+.-]+:[^\s<>]*>|[^\s<>@]+@[^\s<>@]+>)")


def safe_markdown(text: str) -> str:
    """``text`` with only harmless HTML in it, and no address that is a program."""
    for _ in range(_ROUNDS):
        cleaned = _SCRIPTED.sub(r"\1", _without_harmful_html(text))
        if cleaned == text:
            return text
        text = cleaned
    return text.replace("<", "&lt;")


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


def _without_harmful_html(text: str) -> str:
    lines = text.splitlines(keepends=True)
    # From the end, so that the line numbers of what comes before stay right.
    for token in reversed(_parser().parse(text)):
        if token.map is None or token.type not in ("html_block", "inline"):
            continue
        first, last = token.map
        part = "".join(lines[first:last])
        lines[first:last] = [_clean_block(part) if token.type == "html_block" else _clean_inline(part, token)]
    return "".join(lines)


def _clean_block(html: str) -> str:
    cleaned = nh3.clean(html)
    return cleaned if cleaned.endswith("\n") or not html.endswith("\n") else f"{cleaned}\n"


def _clean_inline(source: str, token: Token) -> str:
    """The source of a paragraph; its tags and code stand in it in order."""
    done, rest = "", source
    for child in token.children or ():
        if child.type in ("html_inline", "code_inline"):
            before, found, after = rest.partition(child.content)
            if found:
                done += _escaped(before) + (_clean_tag(found) if child.type == "html_inline" else found)
                rest = after
    return done + _escaped(rest)


def _escaped(text: str) -> str:
    """What is a tag to a careless reader only is made one for none."""
    return _LIKE_A_TAG.sub("&lt;", text)


def _clean_tag(tag: str) -> str:
    """One tag as it is sanitised, without the end tag that sanitising adds."""
    if name := re.fullmatch(r"</([A-Za-z][A-Za-z0-9-]*)\s*>", tag):
        return tag if nh3.clean(f"<{name[1]}>") else ""
    cleaned = nh3.clean(tag)
    return cleaned[: cleaned.index(">") + 1] if ">" in cleaned else ""
