"""The tests that tell anomalies, against published figures and worked examples."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.query.decisions.anomalies import severity_of
from headwater.query.decisions.statistics import mean_against_days, two_proportions

counts = st.integers(0, 500)


def p_value(z: float) -> float:
    """Two-sided, of the standard normal distribution."""
    return math.erfc(abs(z) / math.sqrt(2))


def test_the_example_of_statsmodels() -> None:
    """``proportions_ztest([5, 12], [83, 99])`` has p = 0.159 in its documentation."""
    z = two_proportions((5, 12), (83, 99))
    assert z is not None
    assert round(p_value(z), 3) == 0.159
    assert z < 0


def test_the_square_is_the_chi_square_of_the_table() -> None:
    """Pearson's chi-square of two by two without correction: n (ad − bc)² ÷ (row and column sums)."""
    random = Random(1)
    for _ in range(200):
        n1, n2 = random.randrange(30, 400), random.randrange(30, 400)
        x1, x2 = random.randrange(1, n1), random.randrange(1, n2)
        a, b, c, d = x1, n1 - x1, x2, n2 - x2
        chi = (n1 + n2) * (a * d - b * c) ** 2 / (n1 * n2 * (a + c) * (b + d))
        z = two_proportions((x1, x2), (n1, n2))
        assert z is not None
        assert z * z == pytest.approx(chi)


@given(counts, counts, counts, counts)
def test_the_other_way_round_is_the_opposite(x1: int, x2: int, more1: int, more2: int) -> None:
    first = two_proportions((x1, x2), (x1 + more1, x2 + more2))
    second = two_proportions((x2, x1), (x2 + more2, x1 + more1))
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first == pytest.approx(-second)


def test_there_is_no_distance_without_a_spread() -> None:
    assert two_proportions((0, 0), (50, 50)) is None
    assert two_proportions((50, 50), (50, 50)) is None
    assert two_proportions((0, 0), (0, 50)) is None
    assert mean_against_days(3.0, 7, [2.0, 2.0, 2.0]) is None
    assert mean_against_days(3.0, 7, [2.0]) is None


def test_a_mean_against_days_is_in_standard_errors() -> None:
    """Days 10, 12, 14 have the mean 12 and the sample deviation 2; of 4 days the error is 1."""
    assert mean_against_days(15.0, 4, [10.0, 12.0, 14.0]) == pytest.approx(3.0)
    assert mean_against_days(9.0, 4, [10.0, 12.0, 14.0]) == pytest.approx(-3.0)


@pytest.mark.parametrize(
    ("z", "delta", "severity"),
    [
        (1.99, 14.99, None),
        (2.0, 0, "info"),
        (0.0, 15, "info"),
        (-3.0, 0, "warning"),
        (0.0, -30, "warning"),
        (3.99, 49.99, "warning"),
        (4.0, 0, "critical"),
        (None, -50, "critical"),
        (None, None, None),
    ],
)
def test_the_worse_of_both_is_the_severity(z: float | None, delta: float | None, severity: str | None) -> None:
    assert severity_of(z, delta) == severity
