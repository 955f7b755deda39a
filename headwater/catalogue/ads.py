"""Ad events: what is measured of creatives (contract: ad-creatives, "Available metrics").

Entities: workspace > campaign > creative group > creative > component. Dataset name
the creative (and the component); the levels above are resolved by the control plane.
"""

from __future__ import annotations

from headwater.catalogue.model import (
    RECORD_ID,
    SECONDS,
    CountEvents,
    Derived,
    Dimension,
    EventDataset,
    Field,
    Metric,
    Rollup,
    SumValue,
)

BASE = (
    Metric("impressions", "Impressions", "Ad impressions served.", CountEvents("impressions")),
    Metric(
        "viewable_impressions",
        "Viewable impressions",
        "Impressions that met viewability criteria.",
        CountEvents("viewable_impressions"),
    ),
    Metric("interacted", "Interacted", "Sessions that interacted with the creative.", CountEvents("interacted")),
    Metric("started", "Started", "Sessions that started the conversation flow.", CountEvents("started")),
    Metric(
        "continued",
        "Continued",
        "Sessions that continued past the first flow component.",
        CountEvents("continued"),
    ),
    Metric("reached_end", "Reached end", "Sessions that reached the final component.", CountEvents("reached_end")),
    Metric(
        "creative_actions",
        "Creative actions",
        "Actions within the creative; every event counts.",
        CountEvents("creative_actions", once_per_session=False),
    ),
    Metric("link_clicks", "Link clicks", "Clicks on links within the creative.", CountEvents("link_clicks")),
    Metric("header_clicks", "Header clicks", "Clicks on the creative's header.", CountEvents("header_clicks")),
    Metric(
        "background_clicks",
        "Background clicks",
        "Clicks on the creative's background.",
        CountEvents("background_clicks"),
    ),
    Metric("plays", "Video plays", "Video plays.", CountEvents("plays")),
    Metric("watched_25", "Watched 25 %", "Sessions that watched 25 % of the video.", CountEvents("watched_25")),
    Metric("watched_50", "Watched 50 %", "Sessions that watched 50 % of the video.", CountEvents("watched_50")),
    Metric("watched_75", "Watched 75 %", "Sessions that watched 75 % of the video.", CountEvents("watched_75")),
    Metric("watched_100", "Watched 100 %", "Sessions that watched the whole video.", CountEvents("watched_100")),
    Metric(
        "seconds_to_active",
        "Time to active",
        "Seconds until the first interaction, summed.",
        SumValue("seconds_to_active"),
        unit=SECONDS,
    ),
    Metric(
        "seconds_total_active",
        "Active time",
        "Seconds of active engagement, summed.",
        SumValue("seconds_total_active"),
        unit=SECONDS,
    ),
    Metric(
        "seconds_in_view",
        "Time in view",
        "Seconds that the creative was in the viewport, summed.",
        SumValue("seconds_in_view"),
        unit=SECONDS,
    ),
)

FLOW = (
    Metric(
        "component_impressions",
        "Component impressions",
        "Sessions that were shown the flow component.",
        CountEvents("component_impression"),
    ),
    Metric(
        "component_continues",
        "Component continues",
        "Sessions that went on from the flow component.",
        CountEvents("component_continue"),
    ),
)

DROP = Derived(
    "component_drops",
    "Component drops",
    "Sessions that were shown the flow component and did not go on.",
    minuend="component_impressions",
    subtrahend="component_continues",
)

_BASE_NAMES = tuple(metric.name for metric in BASE)
_FLOW_NAMES = tuple(metric.name for metric in FLOW)

AD_EVENTS = EventDataset(
    name="ad-events",
    table="ad_event",
    description="One event of one creative as it was delivered: an impression, a click, a quartile of a video.",
    time="ts",
    subject="creative_id",
    fields=(
        Field("ts", "time", "When it happened.", required=True),
        Field("creative_id", "id", "The creative.", required=True, entity="creative"),
        Field("event", "text", "One of the eighteen metric names or a component event.", required=True),
        Field("value", "amount", "Seconds, for the three seconds_* events; absent on all others."),
        Field("domain", "text", "Domain that the creative was served on."),
        Field("dsp", "text", "Demand-side platform that bought the impression."),
        Field("session_id", "text", "The visitor's session; most metrics count once per session."),
        Field("component_id", "id", "The flow component, for component events.", entity="component"),
        RECORD_ID,
    ),
    dimensions=(
        Dimension("creative", "creative_id", "Creative", "id"),
        Dimension("component", "component_id", "Flow component", "id"),
        Dimension("domain", "domain", "Domain", "text"),
        Dimension("dsp", "dsp", "DSP", "text"),
    ),
    metrics=(*BASE, *FLOW),
    derived=(DROP,),
    rollups=(
        Rollup("ad_lifetime", ("creative",), _BASE_NAMES, grain=None),
        Rollup("ad_day", ("creative",), _BASE_NAMES, grain="day"),
        Rollup("ad_hour", ("creative",), _BASE_NAMES, grain="hour"),
        Rollup("ad_placement_day", ("creative", "domain", "dsp"), _BASE_NAMES, grain="day"),
        Rollup("ad_flow_day", ("creative", "component"), _FLOW_NAMES, grain="day"),
    ),
    groups={"base": _BASE_NAMES},
    session=("creative_id", "event", "component_id", "session_id"),
)

COMPONENT_EVENTS = frozenset(metric.formula.event for metric in FLOW)
