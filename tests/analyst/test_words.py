"""Tokens, numbers and names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.analyst.words import misspelt, nearest, plural, singular, tokenise


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,000", 1000),
        ("1,234,567.5", 1234567.5),
        ("5k", 5000),
        ("2.5m", 2_500_000),
        ("twenty five", 25),
        ("three hundred and five", 305),
        ("two thousand", 2000),
        ("one million two hundred thousand", 1_200_000),
        ("a hundred", 100),
        ("3rd", 3),
        ("-5", -5),
        ("12 %", 12),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert [token.value for token in tokenise(text) if token.value is not None] == [value]


def test_what_only_looks_like_a_number_is_none() -> None:
    assert [token.kind for token in tokenise("mp3 x2 90s 1,00")][:3] == ["word", "word", "word"]
    assert [token.value for token in tokenise("two three")] == [2.0, 3.0]


def test_quotes_dates_and_possessives_are_whole() -> None:
    tokens = tokenise("the customer's “Côte de Blaye” on 2026-11-03")
    assert [(token.text, token.kind) for token in tokens][2:] == [
        ("Côte de Blaye", "quoted"),
        ("on", "word"),
        ("2026-11-03", "date"),
    ]


@given(st.text(max_size=80))
def test_positions_are_those_of_the_text(text: str) -> None:
    last = 0
    for token in tokenise(text):
        assert last <= token.start < token.end <= len(text)
        assert token.kind == "quoted" or token.text.split()[0] == text[token.start : token.end].split()[0]
        last = token.end


@given(st.from_regex(r"[a-z]{4,12}", fullmatch=True))
def test_the_plural_of_a_singular_is_no_longer_one(word: str) -> None:
    assert plural(plural(word)) == plural(word) or singular(plural(word)) in (word, plural(word), singular(word))


def test_only_what_can_be_meant_alone_is_a_slip() -> None:
    assert misspelt("custmers", ["customers", "orders"]) == "customers"
    assert misspelt("order", ["orders"]) == "orders"
    assert misspelt("zzzzz", ["orders"]) is None
    assert nearest("zzzzz", ["orders"]) == ()
