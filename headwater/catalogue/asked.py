"""Everything that can be asked as a metric question, in one list: what people call it, and of what it is measured.

It adds names for people to the declarations next door and declares nothing that is measured. Where one
word could mean several metrics, ``DEFAULTS`` says which is meant; a word in ``AMBIGUOUS`` must be asked about.

>>> ASKED["ads", "click_rate"].rate.numerator, "ctr" in ASKED["ads", "click_rate"].synonyms
('link_clicks', True)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.creators import SERIES
from headwater.catalogue.decisions import INTERACTIONS
from headwater.catalogue.model import COUNT, Unit
from headwater.catalogue.rates import AD_RATES, DECISION_RATES, Rate
from headwater.catalogue.series import Ratio

Family = Literal["ads", "creators", "decisions"]
Kind = Literal[
    "workspace",
    "campaign",
    "creative_group",
    "creative",
    "project",
    "creator_campaign",
    "creator",
    "video",
    "offer",
    "channel",
    "category",
]
"""Kinds of entities; a campaign of creators is not one of ads."""

FAMILY_OF: Final[Mapping[str, Family]] = MappingProxyType(
    {
        **dict.fromkeys(("workspace", "campaign", "creative_group", "creative", "domain", "dsp"), "ads"),
        **dict.fromkeys(("project", "creator_campaign", "creator", "video"), "creators"),
        **dict.fromkeys(("offer", "channel", "category"), "decisions"),
    }
)
"""To which family each kind of entity, and each other dimension, belongs."""

KIND_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "workspace": "Workspace",
        "campaign": "Campaign",
        "creative_group": "Creative group",
        "creative": "Creative",
        "domain": "Domain",
        "dsp": "DSP",
        "project": "Project",
        "creator_campaign": "Creator campaign",
        "creator": "Creator",
        "video": "Video",
        "offer": "Offer",
        "channel": "Channel",
        "category": "Category",
    }
)


class Asked(msgspec.Struct, frozen=True):
    """A metric as it can be asked for.

    ``rate`` where it is one of ``rates.py``. A ``level`` is a state at the period's end and never summed over time.
    """

    family: Family
    name: str
    label: str
    description: str
    unit: Unit
    synonyms: tuple[str, ...] = ()
    rate: Rate | None = None
    level: bool = False
    ratio: bool = False

    @property
    def additive(self) -> bool:
        """Whether it may be summed over time."""
        return not (self.level or self.ratio)


_SYNONYMS: Final[Mapping[tuple[Family, str], tuple[str, ...]]] = {
    ("ads", "impressions"): ("impression", "imps", "ad impressions", "ads served"),
    ("ads", "viewable_impressions"): ("viewables", "viewable impression"),
    ("ads", "interacted"): ("interacted sessions", "sessions that interacted", "ad interactions"),
    ("ads", "started"): ("flow starts", "conversation starts", "sessions started"),
    ("ads", "continued"): ("flow continues", "sessions continued"),
    ("ads", "reached_end"): ("flow completions", "ends reached", "conversation completions"),
    ("ads", "creative_actions"): ("actions in creatives",),
    ("ads", "link_clicks"): ("link click", "clickthroughs", "click throughs", "clicks on links"),
    ("ads", "header_clicks"): ("header click", "clicks on the header", "clicks on headers"),
    ("ads", "background_clicks"): ("background click", "clicks on the background"),
    ("ads", "plays"): ("video starts", "video play"),
    ("ads", "watched_25"): ("first quartile", "first quartiles", "25 watched"),
    ("ads", "watched_50"): ("midpoint", "midpoints", "50 watched"),
    ("ads", "watched_75"): ("third quartile", "third quartiles", "75 watched"),
    ("ads", "watched_100"): ("video completions", "completed views", "completed plays", "full views", "100 watched"),
    ("ads", "seconds_to_active"): ("seconds to active",),
    ("ads", "seconds_total_active"): ("active seconds", "seconds active"),
    ("ads", "seconds_in_view"): ("seconds in view", "viewable time"),
    ("ads", "click_rate"): (
        "ctr",
        "click through rate",
        "clickthrough rate",
        "link click rate",
        "click through",
        "click rates",
    ),
    ("ads", "viewability_rate"): ("viewability", "viewable rate"),
    ("ads", "interaction_rate"): ("rate of interaction", "ad engagement rate"),
    ("ads", "start_rate"): ("rate of starts", "conversation start rate"),
    ("ads", "end_rate"): ("conversation completion rate",),
    ("ads", "view_through_rate"): ("vtr", "view through", "viewthrough rate"),
    ("ads", "video_completion_rate"): ("vcr", "completion rate", "play completion rate"),
    ("ads", "time_in_view_per_impression"): ("average viewable time", "mean time in view"),
    ("ads", "active_time_per_interaction"): ("mean active time", "average engagement time"),
    ("creators", "views"): ("new views", "video views", "viewers"),
    ("creators", "likes"): ("new likes", "hearts"),
    ("creators", "comments"): ("new comments",),
    ("creators", "shares"): ("new shares",),
    ("creators", "saves"): ("new saves", "bookmarks"),
    ("creators", "views_total"): ("lifetime views", "views to date", "all time views"),
    ("creators", "followers"): ("follower", "follower count", "audience size"),
    ("creators", "followers_change"): ("new followers", "followers gained", "follower growth", "net followers"),
    ("creators", "posts"): ("videos posted", "posted videos", "uploads", "new posts"),
    ("creators", "engagement_rate"): ("engagement rate by views", "engagement"),
    ("creators", "avg_views_per_post"): ("views per post",),
    ("creators", "posts_per_week"): ("posting frequency",),
    ("decisions", "impressions"): ("offer impressions", "offers shown", "showings"),
    ("decisions", "positive"): ("positive outcomes", "acceptances", "conversions", "accepted offers"),
    ("decisions", "negative"): ("negative outcomes", "rejections", "dismissals"),
    ("decisions", "converts"): ("converted",),
    ("decisions", "revenue"): ("income", "earnings", "turnover"),
    ("decisions", "acceptance_rate"): ("accept rate", "conversion rate", "offer acceptance rate"),
    ("decisions", "rejection_rate"): ("reject rate", "decline rate", "dismissal rate"),
    ("decisions", "revenue_per_impression"): ("revenue per showing",),
    ("decisions", "revenue_per_conversion"): ("revenue per acceptance", "revenue per offer accepted"),
}

AMBIGUOUS: Final[Mapping[str, tuple[tuple[Family, str], ...]]] = MappingProxyType(
    {
        "clicks": (("ads", "link_clicks"), ("ads", "header_clicks"), ("ads", "background_clicks")),
        "views": (("creators", "views"), ("ads", "viewable_impressions"), ("ads", "plays")),
        "interactions": (("ads", "interacted"), ("ads", "creative_actions")),
        "completions": (("ads", "watched_100"), ("ads", "reached_end")),
        "engagement rate": (("creators", "engagement_rate"), ("ads", "interaction_rate")),
        "time": (("ads", "seconds_in_view"), ("ads", "seconds_total_active"), ("ads", "seconds_to_active")),
        "active": (("ads", "seconds_total_active"), ("ads", "seconds_to_active")),
    }
)
"""Words with several meanings; the kind of entity that is asked about may leave one of them."""

DEFAULTS: Final[Mapping[str, tuple[Family, str]]] = MappingProxyType(
    {
        "impressions": ("ads", "impressions"),
        "completion rate": ("ads", "video_completion_rate"),
        "conversion rate": ("decisions", "acceptance_rate"),
        "click rate": ("ads", "click_rate"),
    }
)
"""What is meant where nothing else of the question says so."""

LOWER_IS_BETTER: Final = frozenset(
    {("ads", "seconds_to_active"), ("decisions", "negative"), ("decisions", "rejection_rate")}
)
"""Metrics of which the best may be the lowest."""

_FIGURES: Final = (
    ("views_total", "Views so far", "Views up to the period's end.", True),
    ("followers", "Followers", "Followers at the period's end.", True),
    ("followers_change", "New followers", "Followers gained less those lost.", False),
    ("posts", "Posts", "Videos posted.", False),
)
_SERIES_RATES: Final = {
    "engagement_rate": "engagement_rate_by_views",
    "avg_views_per_post": "avg_views_per_post",
    "posts_per_week": "posts_per_week",
}


def _ads() -> Iterator[Asked]:
    for metric in AD_EVENTS.metrics:
        if metric.name in AD_EVENTS.groups["base"]:
            yield Asked("ads", metric.name, metric.label, metric.description, metric.unit)
    yield from _rated("ads", AD_RATES)


def _creators() -> Iterator[Asked]:
    for name in ("views", "likes", "comments", "shares", "saves"):
        level = SERIES[name]
        yield Asked("creators", name, level.label, f"New {name} in the period.", COUNT)
    for name, label, description, is_level in _FIGURES:
        yield Asked("creators", name, label, description, COUNT, level=is_level)
    for name, declared in _SERIES_RATES.items():
        series = SERIES[declared]
        if isinstance(series, Ratio):
            label = "Engagement rate" if name == "engagement_rate" else series.label
            yield Asked("creators", name, label, series.description, series.unit, ratio=True)


def _decisions() -> Iterator[Asked]:
    for name in ("impressions", "positive", "negative", "converts", "revenue"):
        measure = INTERACTIONS.measure(name)
        label = "Offer impressions" if name == "impressions" else measure.label
        label = {"positive": "Positive outcomes", "negative": "Negative outcomes"}.get(name, label)
        yield Asked("decisions", name, label, measure.description, measure.unit)
    yield from _rated("decisions", DECISION_RATES)


def _rated(family: Family, rates: Iterable[Rate]) -> Iterator[Asked]:
    for rate in rates:
        yield Asked(family, rate.name, rate.label, rate.description, rate.unit, rate=rate, ratio=True)


def _collect() -> Mapping[tuple[Family, str], Asked]:
    found = {(one.family, one.name): one for one in (*_ads(), *_creators(), *_decisions())}
    unknown = set(_SYNONYMS) - set(found)
    unknown |= {one for some in AMBIGUOUS.values() for one in some} - set(found)
    unknown |= set(DEFAULTS.values()) - set(found)
    if unknown:
        raise ValueError(f"Synonyms of unknown metrics: {sorted(unknown)}.")
    return MappingProxyType(
        {key: msgspec.structs.replace(one, synonyms=_SYNONYMS.get(key, ())) for key, one in found.items()}
    )


ASKED: Final = _collect()
"""Every metric by its family and name."""


def of_family(family: str) -> dict[str, Asked]:
    """The metrics of a family by name."""
    return {name: one for (of, name), one in ASKED.items() if of == family}
