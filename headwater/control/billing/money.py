"""Amounts of money: whole millionths of the currency's unit where they are kept, numbers where they are shown.

>>> micros("0.01"), number(micros("12.345")), number(micros("50"))
(10000, 12.35, 50)
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from headwater.kit.rounding import decimals, rounded

_MICROS: Final = 1_000_000
# https://docs.stripe.com/currencies: those without smaller coins.
_NO_CENTS: Final = re.compile("bif|clp|djf|gnf|jpy|kmf|krw|mga|pyg|rwf|ugx|vnd|vuv|xaf|xof|xpf").fullmatch


def micros(amount: str) -> int:
    """A decimal number, with at most six decimals, in millionths."""
    return int(Decimal(amount) * _MICROS)


def number(amount: int) -> int | float:
    """Millionths as a number with at most two decimals, halves away from zero."""
    shown = rounded(amount, _MICROS, 2)
    return int(shown) if shown == shown.to_integral_value() else float(shown)


def exact(amount: int) -> str:
    """Millionths as a decimal text, with two decimals or as many as it has.

    >>> exact(10_000), exact(2_500), exact(-7_000_000)
    ('0.01', '0.0025', '-7.00')
    """
    value = (Decimal(amount) / _MICROS).normalize()
    return str(decimals(value, max(2, -int(value.as_tuple().exponent))))


def smallest_units(amount: int, currency: str) -> int:
    """Millionths in the currency's smallest coin, as payment gateways count, halves away from zero.

    >>> smallest_units(10_015_000, "usd"), smallest_units(500_000_000, "jpy")
    (1002, 500)
    """
    return int(rounded(amount * (1 if _NO_CENTS(currency) else 100), _MICROS, 0))
