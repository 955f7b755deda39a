"""How posts and followers grow: what the counters of the demo's videos and creators read at any time. Pure.

Views rise fast in the first days and then ever more slowly; some come for months. How
high they rise is drawn from a log-normal distribution: most posts stay near what is
typical of their creator, a few go far beyond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import exp, log10
from random import Random
from typing import Final

import msgspec

_DAY = timedelta(days=1)
_SPREAD: Final = 0.75
_VIRAL: Final = 70
"""So many times what is typical: the post that everybody saw."""
_VIRAL_PEAK: Final = 5.5
LEAST_NOISE, MOST_NOISE = 0.75, 1.3


class Habit(msgspec.Struct, frozen=True):
    """What a platform's audience does: days until most have come, the share that comes late, reactions per view.

    A reaction without a rate is one that the platform does not show.
    """

    fast_days: float
    late_share: float
    rates: Mapping[str, tuple[float, float] | None]


HABITS: Final[Mapping[str, Habit]] = {
    "tiktok": Habit(
        1.3,
        0.15,
        {"likes": (0.05, 0.13), "comments": (0.002, 0.008), "shares": (0.003, 0.016), "saves": (0.005, 0.022)},
    ),
    "youtube": Habit(
        3.5, 0.45, {"likes": (0.025, 0.06), "comments": (0.002, 0.007), "shares": (0.001, 0.006), "saves": None}
    ),
    "instagram": Habit(
        1.8,
        0.2,
        {"likes": (0.03, 0.09), "comments": (0.001, 0.006), "shares": (0.002, 0.012), "saves": (0.004, 0.02)},
    ),
}
"""The rates of a post lie between the two of its platform."""
_LATE_DAYS: Final = 35

Counters = tuple[int, int | None, int | None, int | None, int | None]
"""Views, likes, comments, shares, saves."""


def final_views(typical: int, random: Random) -> float:
    """What a post will have in the end."""
    return typical * random.lognormvariate(0, _SPREAD)


def viral_views(typical: int) -> float:
    """What the one post will have in the end."""
    return float(typical * _VIRAL)


def share_seen(age: timedelta, habit: Habit, *, viral: bool = False) -> float:
    """Which part of its final views a post of this age has.

    >>> [round(share_seen(timedelta(days=days), HABITS["tiktok"]), 2) for days in (0, 1, 7, 90)]
    [0.0, 0.46, 0.87, 0.99]
    """
    days = age / _DAY
    if viral:
        # Nobody notices for days, then everybody at once.
        return (1 / (1 + exp((_VIRAL_PEAK - days) * 1.4))) * (1 - 0.2 * exp(-days / _LATE_DAYS))
    soon = 1 - exp(-days / habit.fast_days)
    late = 1 - exp(-days / _LATE_DAYS)
    return (1 - habit.late_share) * soon + habit.late_share * late


def readings(
    final: float, posted: datetime, times: Sequence[datetime], platform: str, random: Random, *, viral: bool = False
) -> list[Counters]:
    """The counters of a post at these times, in order of time; none ever falls."""
    habit = HABITS[platform]
    rates = {name: bounds and random.uniform(*bounds) for name, bounds in habit.rates.items()}
    seen, views = 0.0, 0.0
    reactions = dict.fromkeys(rates, 0.0)
    found: list[Counters] = []
    for time in times:
        share = share_seen(time - posted, habit, viral=viral)
        gained, keen = final * (share - seen) * _noise(random), _noise(random)
        seen, views = share, views + gained
        for name, rate in rates.items():
            reactions[name] += gained * (rate or 0) * keen
        likes, comments, shares, saves = (None if rates[name] is None else int(reactions[name]) for name in reactions)
        found.append((int(views), likes, comments, shares, saves))
    return found


def followers(
    start: int, days: int, random: Random, *, lost: float = 0.0, lost_on: int = -1, gained: Mapping[int, int]
) -> list[int]:
    """A creator's followers on each of so many days; ``gained`` are those who come besides on some days."""
    daily = random.uniform(0.0002, 0.0022)
    level = float(start)
    found = []
    for day in range(days):
        level *= 1 + daily * random.gauss(1, 0.6)
        level += gained.get(day, 0)
        if day == lost_on:
            level *= 1 - lost
        found.append(round(level))
    return found


def round_number(value: float) -> int:
    """A number nearby with one or two digits before its zeros, as targets are set.

    >>> round_number(1_834_112), round_number(96_400)
    (1800000, 96000)
    """
    unit: int = 10 ** max(int(log10(max(value, 1))) - 1, 0)
    return round(value / unit) * unit


def _noise(random: Random) -> float:
    return min(max(random.lognormvariate(0, 0.12), LEAST_NOISE), MOST_NOISE)
