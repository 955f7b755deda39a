"""What customers of the demo's bank did: drawn day by day, and what follows from it.

Pure: the same random numbers make the same history. Showings come first; what a customer
does with one follows it within minutes, a refusal keeps the offer away for a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec

from headwater.demo.decisions_rows import CALLED_BACK
from headwater.demo.decisions_world import (
    CHANNELS,
    DAYS,
    DROPPED,
    DROPPED_DAYS_AGO,
    JUMPED,
    NEWCOMERS,
    SHOWN,
    creative_of,
)

Record = dict[str, Any]

CUSTOMERS: Final = 3_000
_DAY: Final = timedelta(days=1)
_BUSY_HOURS: Final = (7, 8, 9, 12, 12, 13, 17, 18, 18, 19, 19, 20, 20, 21, 22)
_WEEKEND: Final = 0.75
# An offer that is shown less and less is shown a little still.
_LEAST_LEVEL: Final = 0.1
_LEFT_OF_IT: Final = 0.22
# What a conversion costs beside its showing: a bonus for the customer.
_BONUS: Final = 0.08
_ATTRIBUTED_DAYS: Final = 45
_MODEL_SHARES: Final = ("first_touch", "last_touch", "linear")
_SUPPRESSED_FOR: Final = {"opt_out": timedelta(days=90), "complaint": timedelta(days=90)}


class Showing(msgspec.Struct, frozen=True):
    """An offer that was shown to a customer."""

    at: datetime
    customer: str
    offer: str
    channel: str


def customer_of(number: int) -> str:
    """What the bank calls a customer."""
    return f"cust_{number:04}"


def draw(now: datetime, random: Random) -> list[Showing]:
    """What was shown from ``DAYS`` days before today up to now, oldest first."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    showings = []
    for days_ago in range(DAYS, -1, -1):
        day = today - days_ago * _DAY
        usual = (_WEEKEND if day.weekday() >= 5 else 1.0) * random.uniform(0.92, 1.08)  # Saturday
        for offer, plan in SHOWN.items():
            level = plan.daily * usual * max(1 + plan.trend * (DAYS - days_ago), _LEAST_LEVEL)
            reach = sum(CHANNELS[channel].reach for channel in plan.channels)
            for channel in plan.channels:
                count = round(level * CHANNELS[channel].reach / reach + random.uniform(-0.5, 0.5))
                for _ in range(count):
                    at = day + timedelta(hours=random.choice(_BUSY_HOURS), seconds=random.randrange(3600))
                    # A few customers are seen often, most of them rarely.
                    customer = customer_of(int(CUSTOMERS * random.random() ** 1.6))
                    showings.append(Showing(at, customer, offer, channel))
    return sorted((one for one in showings if one.at <= now), key=lambda one: (one.at, one.customer, one.offer))


def interactions(
    showings: Sequence[Showing], decided: Mapping[int, str], now: datetime, random: Random
) -> Iterator[Record]:
    """Each showing and what came of it; ``decided`` is the request that some of them, by their place, come from."""
    for place, shown in enumerate(showings):
        cost = CHANNELS[shown.channel].cost
        first = _interaction(shown, shown.at, "impression", cost=cost or None)
        if place in decided:
            first["decision_id"] = decided[place]
        yield first
        at = shown.at
        for outcome, revenue in _came_of(shown, now, random):
            at += timedelta(seconds=random.randrange(5, 900))
            if at > now:
                break
            record = _interaction(shown, at, outcome, revenue=revenue, cost=revenue and round(revenue * _BONUS, 2))
            yield {**record, "decision_id": decided[place]} if place in decided else record


def _came_of(shown: Showing, now: datetime, random: Random) -> Iterator[tuple[str, float | None]]:
    """Outcomes after a showing, with what they brought."""
    plan, channel = SHOWN[shown.offer], CHANNELS[shown.channel]
    pleases = plan.appeal * channel.pull
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - DROPPED_DAYS_AGO * _DAY
    recent = shown.at >= since
    if recent and shown.offer == DROPPED:
        pleases *= _LEFT_OF_IT
    luck = random.random()
    if luck < pleases:
        yield (CALLED_BACK if channel.channel_type == "phone" else "click"), None
        if random.random() < (0.6 if recent and shown.offer == JUMPED else 0.35):
            yield "accept", None
            if random.random() < 0.7:  # the rest do not sign
                yield "convert", round(plan.revenue * random.uniform(0.6, 1.5), 2)
    elif luck > 0.985:  # so many say no
        yield random.choice(("dismiss", "dismiss", "dismiss", "not_interested", "opt_out", "complaint")), None


def _interaction(shown: Showing, at: datetime, outcome: str, **more: float | None) -> Record:
    record = {
        "at": at,
        "customer_id": shown.customer,
        "offer_id": shown.offer,
        "channel_id": shown.channel,
        "creative_id": creative_of(shown.offer, shown.channel),
        "outcome": outcome,
    }
    return {**record, **{name: value for name, value in more.items() if value}}


def spent(records: Sequence[Record]) -> dict[str, float]:
    """What each offer has cost."""
    found = dict.fromkeys(SHOWN, 0.0)
    for record in records:
        found[record["offer_id"]] += record.get("cost", 0.0)
    return found


def attributions(records: Sequence[Record], now: datetime, random: Random) -> Iterator[Record]:
    """Conversions as three models give them: to the first contact, to the last, or to several in parts."""
    for record in records:
        if record["outcome"] != "convert" or record["at"] < now - _ATTRIBUTED_DAYS * _DAY:
            continue
        value, channels = record["revenue"], SHOWN[record["offer_id"]].channels
        for model in _MODEL_SHARES:
            # Of a customer whose first contact is forgotten, that model knows nothing.
            if model == "first_touch" and random.random() < 0.12:
                continue
            parts = random.randint(1, 3) if model == "linear" else 1
            for _ in range(parts):
                channel = record["channel_id"] if model == "last_touch" else random.choice(channels)
                given = {"offer_id": record["offer_id"], "channel_id": channel, "value": round(value / parts, 2)}
                yield {"at": record["at"], "model": model, **given}


def suppressions(records: Sequence[Record], random: Random) -> Iterator[Record]:
    """What follows from a refusal, and from contacts as often as policies allow; old ones have expired."""
    for record in records:
        outcome, at = record["outcome"], record["at"]
        common = {"at": at, "customer_id": record["customer_id"]}
        if outcome in _SUPPRESSED_FOR:
            yield {**common, "policy_type": "opt_out", "expires_at": at + _SUPPRESSED_FOR[outcome]}
        elif outcome in ("dismiss", "not_interested"):
            own = {"offer_id": record["offer_id"], "policy_type": "outcome", "expires_at": at + 7 * _DAY}
            yield {**common, **own}
        elif record["channel_id"] == "ch_sms" and random.random() < 0.12:  # who had four
            held = {"channel_id": "ch_sms", "policy_type": "frequency_cap", "expires_at": at + 30 * _DAY}
            yield {**common, **held}
        elif outcome == "convert":
            held = {"offer_id": record["offer_id"], "policy_type": "cooldown", "expires_at": at + 14 * _DAY}
            yield {**common, **held}


def newcomers(random: Random) -> Iterator[Record]:
    """Who is new, as the bank tells."""
    for number in sorted(random.sample(range(CUSTOMERS), 240)):
        yield {"segment_id": NEWCOMERS, "customer_id": customer_of(number)}
