"""Ad events of one creative on one day, drawn from a seeded generator.

Each session sees one impression; what follows (viewable, interacting, a flow, a
video) is drawn from the creative's appeal, so every ratio hangs together: nobody
starts without interacting, nobody sees the end of a video without its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from headwater.demo.world import Campaign, Creative

Row = tuple[datetime, int, str, int, str, str, str, int, str]

_MICRO = 1_000_000
# Share of a day's impressions by hour, UTC: quiet nights, a morning rise, an evening peak.
_HOURS = (9, 6, 4, 3, 3, 5, 12, 24, 34, 36, 37, 40, 44, 42, 38, 37, 40, 46, 55, 66, 72, 64, 42, 20)
_WEEKDAYS = (1.0, 0.98, 1.0, 1.04, 1.1, 0.86, 0.92)
_QUARTILES = (("watched_25", 0.74), ("watched_50", 0.74), ("watched_75", 0.78), ("watched_100", 0.72))


class Placement:
    """Draws where an impression is served; the first of a list are the likelier ones."""

    def __init__(self, campaign: Campaign) -> None:
        self._domains = campaign.domains
        self._dsps = campaign.dsps
        self._domain_weights = [1 / (place + 1) for place in range(len(self._domains))]
        self._dsp_weights = [1 / (place + 1) for place in range(len(self._dsps))]

    def draw(self, random: Random) -> tuple[str, str]:
        """A domain and a DSP."""
        return (
            random.choices(self._domains, self._domain_weights)[0],
            random.choices(self._dsps, self._dsp_weights)[0],
        )


def impressions_on(creative: Creative, campaign: Campaign, day: datetime, days_ago: int, random: Random) -> int:
    """How many impressions the creative has on a day."""
    if not creative.ended < days_ago <= creative.began:
        return 0
    trend = (1 + campaign.trend) ** (creative.began - days_ago)
    return max(round(creative.daily * trend * _WEEKDAYS[day.weekday()] * random.gauss(1, 0.08)), 0)


def day_events(
    creative: Creative,
    creative_id: int,
    components: Sequence[int],
    placement: Placement,
    day: datetime,
    count: int,
    random: Random,
) -> list[Row]:
    """The events of ``count`` impressions."""
    rows: list[Row] = []
    for hour in random.choices(range(24), _HOURS, k=count):
        start = day + timedelta(hours=hour, seconds=random.random() * 3600)
        visit = _Visit(rows, start, creative_id, *placement.draw(random), f"{random.getrandbits(64):016x}", random)
        visit.run(creative, components)
    return rows


class _Visit:
    """One session on one creative; each event comes a little after the one before."""

    def __init__(
        self, rows: list[Row], at: datetime, creative_id: int, domain: str, dsp: str, session: str, random: Random
    ) -> None:
        self._rows = rows
        self._at = at
        self._creative_id = creative_id
        self._domain = domain
        self._dsp = dsp
        self._session = session
        self._random = random

    def run(self, creative: Creative, components: Sequence[int]) -> None:
        """The whole visit."""
        self._event("impressions")
        if self._random.random() < 0.67:
            self._event("viewable_impressions")
            self._event("seconds_in_view", seconds=self._random.expovariate(1 / 6.5))
        if creative.style == "video":
            self._watch()
        engaged = self._random.random() < 0.016 * creative.appeal
        if engaged:
            self._interact(creative, components)
        if self._random.random() < (0.22 if engaged else 0.0018 * creative.appeal):
            self._event(self._random.choices(("link_clicks", "header_clicks", "background_clicks"), (8, 1, 2))[0])

    def _watch(self) -> None:
        if self._random.random() > 0.58:
            return
        self._event("plays")
        for quartile, stays in _QUARTILES:
            if self._random.random() > stays:
                return
            self._event(quartile)

    def _interact(self, creative: Creative, components: Sequence[int]) -> None:
        self._event("interacted")
        self._event("seconds_to_active", seconds=self._random.lognormvariate(0.9, 0.6))
        for _ in range(self._random.randint(1, 5)):
            self._event("creative_actions")
        if creative.style == "conversation":
            self._converse(components)
        self._event("seconds_total_active", seconds=self._random.lognormvariate(2.2, 0.7))

    def _converse(self, components: Sequence[int]) -> None:
        self._event("started")
        for place, component in enumerate(components):
            self._event("component_impression", component=component)
            last = place == len(components) - 1
            if last:
                self._event("reached_end")
            elif self._random.random() < 0.9 - 0.05 * place:
                self._event("component_continue", component=component)
                if place == 0:
                    self._event("continued")
            else:
                return

    def _event(self, name: str, *, seconds: float = 0.0, component: int = 0) -> None:
        self._at += timedelta(seconds=self._random.random() * 2)
        value = round(seconds * 100) * (_MICRO // 100)
        self._rows.append(
            (self._at, self._creative_id, name, value, self._domain, self._dsp, self._session, component, "")
        )
