"""How new views are spread over videos: the histogram, its quantiles, and who stands out. Pure.

Videos of which nothing is known by the end of the span are no part of any of this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median, quantiles
from typing import Literal

import msgspec

from headwater.query.series.ranking import Cut, Order, Page, ranked
from headwater.query.series.totals import Totals, WholeRoster

BIN_COLUMNS = ("at_least", "videos")
OUTLIER_COLUMNS = ("deviation", "score", "views", "median_views")
PERCENTILES = (10, 25, 50, 75, 90, 99)
FEWEST = 5
THRESHOLD = 3.5
_NORMAL_MAD = 0.6745
_NORMAL_MEAN_DEVIATION = 1.253314
_BELOW_ZERO = -1


class ViewsBin(msgspec.Struct, frozen=True):
    """Videos with so many new views, both ends included; the first bin has no lower end."""

    at_least: int | None
    at_most: int
    videos: int
    percent: float


class Distribution(msgspec.Struct, frozen=True):
    """All videos' new views; ``percentiles`` holds the value of each of ``PERCENTILES``, all None without videos."""

    videos: int
    mean: float | None
    minimum: int | None
    maximum: int | None
    percentiles: Mapping[int, float | None]
    bins: Sequence[ViewsBin]

    def page(self, order: Order, cut: Cut) -> Page[ViewsBin]:
        """The bins in order; the one without a lower end lies below all others."""
        column = order.column
        return ranked(
            self.bins,
            lambda one: _BELOW_ZERO if (value := getattr(one, column)) is None else value,
            lambda one: f"{one.at_most:020}",
            order,
            cut,
        )


def distribution(totals: Totals) -> Distribution:
    """The spread of the new views of all videos."""
    views = sorted(figures.views for figures in totals.videos.values() if figures.views is not None)
    if not views:
        return Distribution(0, None, None, None, dict.fromkeys(PERCENTILES), [])
    return Distribution(len(views), fmean(views), views[0], views[-1], percentiles(views), list(_bins(views)))


def percentiles(values: Sequence[int]) -> dict[int, float | None]:
    """Each of ``PERCENTILES`` by linear interpolation between the values (Hyndman and Fan's type 7).

    >>> percentiles([0, 10])[75]
    7.5
    """
    # The library wants two at least; of one value every percentile is that.
    cuts = quantiles(values if len(values) > 1 else [*values, *values], n=100, method="inclusive")
    return {percent: float(cuts[percent - 1]) for percent in PERCENTILES}


def _bins(views: Sequence[int]) -> Iterator[ViewsBin]:
    """Powers of ten: below zero, 0, 1 to 9, 10 to 99 …; from the lowest in use to the highest, empty ones between."""
    counted = Counter(_BELOW_ZERO if one < 0 else len(str(one)) if one else 0 for one in views)
    for digits in range(min(counted), max(counted) + 1):
        number = counted[digits]
        percent = number * 100 / len(views)
        if digits == _BELOW_ZERO:
            yield ViewsBin(None, -1, number, percent)
        elif digits == 0:
            yield ViewsBin(0, 0, number, percent)
        else:
            yield ViewsBin(10 ** (digits - 1), 10**digits - 1, number, percent)


class Outlier(msgspec.Struct, frozen=True):
    """A video whose new views are far from the median of its creator's videos."""

    video: int
    creator: int
    views: int
    median_views: float
    score: float

    @property
    def deviation(self) -> float:
        """How far, whichever way."""
        return abs(self.score)

    @property
    def direction(self) -> Literal["above", "below"]:
        """On which side of the median."""
        return "above" if self.score > 0 else "below"


def outliers(totals: Totals, roster: WholeRoster, order: Order, cut: Cut) -> Page[Outlier]:
    """The videos that stand out among their creator's; creators with fewer than five videos have no usual."""
    found = [one for creator in totals.creators for one in _outliers(creator, totals, roster)]
    return ranked(
        found,
        lambda one: getattr(one, order.column),
        lambda one: roster.public_id("video", one.video),
        order,
        cut,
    )


def _outliers(creator: int, totals: Totals, roster: WholeRoster) -> Iterator[Outlier]:
    views = {
        video: known for video in roster.videos("creator", creator) if (known := totals.videos[video].views) is not None
    }
    if len(views) < FEWEST:
        return
    usual = median(views.values())
    for (video, known), score in zip(views.items(), modified_z_scores(list(views.values())), strict=True):
        if abs(score) > THRESHOLD:
            yield Outlier(video, creator, known, usual, score)


def modified_z_scores(values: Sequence[int]) -> list[float]:
    """0.6745 × (x − median) ÷ MAD, MAD being the median of the absolute deviations from the median.

    B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers", ASQC 1993, who
    call values beyond 3.5 outliers. Where more than half of the values are equal,
    MAD is 0; then (x − median) ÷ (1.253314 × mean absolute deviation), as SPSS has it.

    >>> [round(score, 3) for score in modified_z_scores([1, 2, 3, 4, 103])]
    [-1.349, -0.674, 0.0, 0.674, 67.45]
    """
    usual = median(values)
    deviations = [abs(value - usual) for value in values]
    mad = median(deviations)
    scale = mad / _NORMAL_MAD if mad else fmean(deviations) * _NORMAL_MEAN_DEVIATION
    return [(value - usual) / scale if scale else 0.0 for value in values]
