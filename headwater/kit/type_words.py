"""What msgspec says is wrong with a value, in words that people use. Pure.

>>> said("Expected `int | null`, got `str`"), said("Expected `int | null`, got `str`", typed=True)
('must be a whole number or null, and not a text', 'must be a whole number')
>>> said("Expected `int` >= 15"), said("Expected `str` of length <= 1"), said("Expected `array` of length >= 2")
('must be at least 15', 'must have at most 1 character', 'must have at least 2 entries')
>>> said("Invalid enum value 'actve'"), said("Invalid RFC3339 encoded date")
("cannot be 'actve'", 'must be a date such as 2026-03-01')
>>> said("Something of a version to come")
'is wrong: something of a version to come'
"""

from __future__ import annotations

import re
from typing import Final

_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "date": "a date such as 2026-03-01",
    "datetime": "a date and time such as 2026-03-01T09:30:00Z",
    "null": "null",
}
_KIND: Final = re.compile(r"Expected `(?P<wanted>[^`]*)`(?:, got `(?P<got>[^`]*)`)?")
_SIZE: Final = re.compile(r"Expected `(?P<kind>\w+)` of length (?P<side>[<>])= (?P<size>\d+)")
_BOUND: Final = re.compile(r"Expected `\w+` (?P<side>[<>]=?) (?P<bound>\S+)")
_CHOICE: Final = re.compile(r"Invalid (?:enum )?value (?P<value>.*)", re.DOTALL)
_PARTS: Final = {"str": ("character", "characters"), "array": ("entry", "entries"), "object": ("entry", "entries")}
_SIDES: Final = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_OTHERS: Final = {
    "Invalid RFC3339 encoded date": f"must be {_KINDS['date']}",
    "Invalid RFC3339 encoded datetime": f"must be {_KINDS['datetime']}",
    "Expected `datetime` with a timezone component": f"must name its zone: {_KINDS['datetime']}",
    "Number out of range": "is out of range",
}


def said(reason: str, *, typed: bool = False) -> str:
    """What ``reason`` comes to, to stand behind the field's name.

    ``typed`` is of texts, of which what was typed is always one, and nothing is null.
    """
    if reason in _OTHERS:
        return _OTHERS[reason]
    if size := _SIZE.fullmatch(reason):
        one, many = _PARTS.get(size["kind"], _PARTS["array"])
        return f"must have {_SIDES[size['side'] + '=']} {int(size['size']):,} {one if size['size'] == '1' else many}"
    if bound := _BOUND.fullmatch(reason):
        return f"must be {_SIDES[bound['side']]} {bound['bound'].removesuffix('.0')}"
    if choice := _CHOICE.fullmatch(reason):
        return f"cannot be {choice['value']}"
    if kind := _KIND.fullmatch(reason):
        return _of_kind(kind["wanted"], "" if typed else kind["got"] or "", typed=typed)
    if pattern := reason.partition("matching regex ")[2]:
        return f"must have the form {pattern}"
    return f"is wrong: {reason[:1].lower()}{reason[1:].replace('`', '')}"


def _of_kind(wanted: str, got: str, *, typed: bool) -> str:
    kinds = [one for one in wanted.split(" | ") if not (typed and one == "null")]
    *most, last = dict.fromkeys(_KINDS.get(one, one) for one in kinds)
    words = f"must be {', '.join(most)} or {last}" if most else f"must be {last}"
    return f"{words}, and not {_KINDS.get(got, got).partition(' such as')[0]}" if got else words
