"""The two tests that tell an anomaly: of two proportions, and of a mean against a baseline's days. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def two_proportions(successes: tuple[int, int], trials: tuple[int, int]) -> float | None:
    """The pooled two-proportion z-score of the first against the second; None where there is no spread.

    z = (p₁ − p₂) ÷ √(p (1 − p) (1/n₁ + 1/n₂)), p = (x₁ + x₂) ÷ (n₁ + n₂) (Fleiss, Levin and
    Paik, Statistical Methods for Rates and Proportions, 3rd ed., 2.3, without continuity correction).

    >>> round(two_proportions((87, 45), (1000, 1000)), 4)
    3.7826
    """
    (x1, x2), (n1, n2) = successes, trials
    if not n1 or not n2:
        return None
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    return (x1 / n1 - x2 / n2) / math.sqrt(variance) if variance > 0 else None


def mean_against_days(current: float, days: int, baseline: Sequence[float]) -> float | None:
    """How far a mean over ``days`` lies from that of the baseline's days, in standard errors; None without a spread.

    z = (current − mean of the baseline) ÷ (sample standard deviation of its days ÷ √days).

    >>> mean_against_days(14.0, 4, [9.0, 10.0, 11.0])
    8.0
    """
    if len(baseline) < 2:
        return None
    deviation = statistics.stdev(baseline)
    return (current - statistics.fmean(baseline)) / (deviation / math.sqrt(days)) if deviation else None
