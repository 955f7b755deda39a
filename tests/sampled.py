"""Random questions over HTTP about what a server holds, to put to two stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from headwater.catalogue.ads import AD_EVENTS
from headwater.query.decisions.dashboard import TYPES

Ids = Mapping[str, Sequence[Any]]
"""What there is, by kind: ``creatives``, ``creative_groups``, ``campaigns``; and ``tracked creators`` and so on."""
Question = tuple[str, dict[str, Any]]
"""A path and its parameters."""


def about_ads(chance: Random, ids: Ids, first_day: date = date(2026, 10, 1), days: int = 50) -> Question:
    """Any resource, metrics and granularity, over a window that begins within these days."""
    resource = chance.choice(["creative", "creative_group", "campaign"])
    some = chance.sample(ids[f"{resource}s"], min(len(ids[f"{resource}s"]), chance.randint(1, 5)))
    metrics = chance.sample(AD_EVENTS.groups["base"], chance.randint(1, 6))
    kind = chance.choice(["buckets", "counts", "domains", "flow"])
    start = datetime.combine(first_day, time(), UTC) + timedelta(minutes=chance.randrange(days * 1440))
    window = {"time_from": start.isoformat(), "time_to": (start + timedelta(hours=chance.randint(1, 400))).isoformat()}
    path = f"/v2/aggregation-api/{kind}"
    if kind == "flow":
        return path, {"creative_id": chance.choice(ids["creatives"])}
    given: dict[str, Any] = {"resource": resource, "id[]": some}
    if kind == "domains":
        return path, {**given, **window}
    given["metric[]"] = metrics
    if kind == "buckets":
        given |= {"time_frame": chance.choice(["hour", "day", "week", "month"]), **window}
        given |= chance.choice([{}, {"fill": "zero"}])
    return path, given


def about_creators(chance: Random, ids: Ids) -> Question:
    """Any kind of entity, mode, granularity, zone, comparison and breakdown."""
    kind = chance.choice(["creators", "videos", "campaigns"])
    first = date(2026, 9, 1) + timedelta(days=chance.randrange(60))
    given = {
        "entity": kind.removesuffix("s"),
        "entity_id": chance.choice(ids[f"tracked {kind}"]),
        "metric": chance.choice(["views", "likes", "comments", "shares", "saves"]),
        "mode": chance.choice(["new", "cumulative"]),
        "granularity": chance.choice(["day", "week", "month"]),
        "tz": chance.choice(["UTC", "Europe/Oslo", "Asia/Kathmandu"]),
        "compare": chance.choice(["none", "prior_period"]),
        "from": str(first),
        "to": str(first + timedelta(days=chance.randint(1, 60))),
    }
    if kind != "videos":
        given["breakdown"] = chance.choice(["none", "video"])
    return "/api/v1/analytics", given


def about_decisions(chance: Random, _: Ids) -> Question:
    """Any dashboard but the one that has a trace to name."""
    type_ = chance.choice([one for one in TYPES if one != "why_not_ranked"])
    return "/api/v1/dashboard-data", {"type": type_, "days": chance.randint(1, 90)}
