"""Exact rounding of ratios of whole numbers, halves away from zero.

>>> rounded(87, 1250, 4), rounded(1, 3, 1), rounded(-1, 2, 0), rounded(5, 0, 1)
(Decimal('0.0696'), Decimal('0.3'), Decimal('-1'), Decimal('0.0'))
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction


def rounded(numerator: int, denominator: int, places: int) -> Decimal:
    """``numerator`` / ``denominator`` with that many decimals; 0 where there is nothing to divide by."""
    scale: int = 10**places
    if not denominator:
        return Decimal(0).scaleb(-places)
    doubled = abs(numerator) * scale * 2 + abs(denominator)
    whole = doubled // (abs(denominator) * 2)
    negative = (numerator < 0) != (denominator < 0)
    return Decimal(-whole if negative else whole).scaleb(-places)


def rounded_number(value: float | Fraction, places: int) -> float:
    """A number with that many decimals, as the number that it is, not as it is printed.

    >>> rounded_number(2.675, 2), rounded_number(Fraction(1, 8), 2)
    (2.67, 0.13)
    """
    exact = Fraction(value)
    return float(rounded(exact.numerator, exact.denominator, places))


def percent(part: int, whole: int) -> str:
    """Parts of a hundred as a text with one decimal.

    >>> percent(87, 1250), percent(0, 0)
    ('7.0', '0.0')
    """
    return str(rounded(part * 100, whole, 1))


def decimals(value: Decimal, places: int) -> Decimal:
    """A decimal with that many places.

    >>> decimals(Decimal("2.675"), 2)
    Decimal('2.68')
    """
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
