"""What is let through of a model's answer: numbers with something behind them, and no way out of the text."""

from __future__ import annotations

import pytest

from headwater.agent_runtime.grounding import unsupported
from headwater.agent_runtime.models.wording import harmless

READ = [80, 100, 1_204, 3_000_000, 0.2788]


@pytest.mark.parametrize(
    "text",
    [
        "Clicks rose by 25 % from 80 to 100.",
        "In 2024, clicks were 1,204, of 3M impressions (0.28 %).",
        "Three million impressions, or 3.0e6, on the 25th of November; 1.2k clicks.",
        "1. 80 clicks on 2025-11-14 at 09:30, 2. a hundred in Q3, 5, 6 and ten more.",
        "A third had 80; on 12 Oct 2025 and May 14 there were 100.",
        "1\u202f204 clicks, 1\u00a0204 clicks, **80** clicks",
    ],
)
def test_what_was_read_may_be_said_in_many_ways(text: str) -> None:
    assert unsupported(text, READ) == []


@pytest.mark.parametrize(
    "text",
    [
        "We made 42 decisions.",
        "25 marketing clicks",
        "augmented 45",
        "5 million clicks",
        "5M clicks",
        "12k clicks",
        "1.5M clicks",
        "USD12000",
        "ca.12000",
        "x12345",
        "7e6 clicks",
        "1e999 clicks",
        "9e-4",
        "twelve thousand clicks",
        "“twelve thousand” clicks",
        "fifty-five clicks",
        "nineteen per cent",
        "three percent",
        "9\u200b9\u200b9 clicks",
        "9**9**9 clicks",
        "9\\_9\\_9 clicks",
        "10²",
        "９９９ clicks",
        "٩٩٩ clicks",
        "5万",
        "9 millones de clics",
        "9999-10 clicks",
        "99:99:99",
        "47 %",
    ],
)
def test_a_number_without_a_source_does_not_get_through_in_disguise(text: str) -> None:
    assert unsupported(text, READ)


@pytest.mark.parametrize(
    "text",
    [
        "[a [b] c](//evil.example/42)",
        "[![a](//evil.example/1)](//evil.example/2)",
        "![a][r]\n\n> [r]: //evil.example/42",
        "- [r]: evil.example/42",
        "https&#58;//evil.example/42",
        "https&amp;amp;#x3a;//evil.example/42",
        "&amp;amp;amp;amp;amp;lt;img src=//evil.example/42>",
        "<img src='//evil.example/42'",
        "<<b>img src=//evil.example/42>",
        "<<<<b>b>b>img src=//evil.example/42>",
        "<https://evil.example/42>",
        "[x]<b></b>(//evil.example/42)",
        "[x]\u200b(//evil.example/42)",
        "ht\u200btps://evil.example/42",
        "evil.example/?q=42",
        "42.evil.example:8080/x",
        "192.0.2.1/42",
        "tel:0042",
        "<!--x--><!channel>",
    ],
)
def test_no_link_no_picture_and_no_tag_gets_through(text: str) -> None:
    clean = harmless(text)
    assert not any(
        sign in clean for sign in ("](", "]:", "//", "<", "&", "evil.example/", "evil.example:", "2.1/", ":0")
    )
    assert harmless(clean) == clean


def test_plain_words_stay_as_they_are() -> None:
    text = "Clicks (and/or views) of news.example: 80 < 100 & rising; R&D [draft] said: 3/4, e.g. at 09:30."
    assert harmless(text) == text
