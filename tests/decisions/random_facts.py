"""Facts at random about the small organisation of ``world``, in the last weeks before its present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from headwater.storage.port import Store
from tests.decisions.world import NOW, interaction, send, trace

Records = list[dict[str, Any]]
OFFERS = ("off_gold", "off_silver", "off_loan", "off_plain", "off_old")
CHANNELS = ("ch_mail", "ch_app", "ch_fax")
FLOWS = ("flow_main", "flow_test", None)
CUSTOMERS = tuple(f"c{number}" for number in range(1, 9))
OUTCOMES = (
    *("impression",) * 6,
    *("click", "accept", "convert", "conversion", "dismiss", "opt_out", "deferred"),
    *("expired", "not_presented", "viewed", "called"),
)


def moment(random: Random, days: int) -> str:
    """A time of the last days, often at an edge of a day, sometimes in the future."""
    back = timedelta(seconds=random.randrange(-7200, days * 86_400))
    at = NOW - back
    if not random.randrange(8):
        at = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return at.isoformat()


def interactions(random: Random, count: int, days: int = 20) -> Records:
    """What customers did; some say otherwise than their outcome whether that is good."""
    found = []
    for _ in range(count):
        at, outcome = moment(random, days), random.choice(OUTCOMES)
        one = interaction(at, random.choice(OFFERS), random.choice(CHANNELS), outcome, random.choice(CUSTOMERS))
        if not random.randrange(3):
            one["revenue"] = random.randrange(1_000_000) / 1_000
        if not random.randrange(4):
            one["cost"] = random.randrange(10_000) / 1_000
        if not random.randrange(10):
            one["classification"] = random.choice(("positive", "negative", "neutral"))
        found.append(one)
    return found


def traces(random: Random, count: int, days: int = 20) -> Records:
    """Decisions in which offers fall out at random; some results are missing, as senders leave them out."""
    return [_trace(random, days) for _ in range(count)]


def _trace(random: Random, days: int) -> dict[str, Any]:
    candidates = random.sample(OFFERS, random.randrange(len(OFFERS) + 1))
    one = trace(moment(random, days), random.choice(CHANNELS), candidates, random.choice(CUSTOMERS))
    if (flow := random.choice(FLOWS)) is not None:
        one["decision_flow_id"] = flow
    left = list(candidates)
    for key, more in (
        ("qualification_results", {"reason": "segment_required"}),
        ("contact_policy_results", {"policy_type": "cooldown"}),
    ):
        results: Records = [{"offer_id": offer, "passed": random.random() < 0.7} for offer in left]
        left = [result["offer_id"] for result in results if result["passed"]]
        one[key] = [result if result["passed"] else {**result, **more} for result in results if random.random() < 0.9]
    random.shuffle(left)
    scores = sorted((random.choice((0.0, 1.0, random.randrange(1000) / 1000)) for _ in left), reverse=True)
    scored = list(zip(left, scores, strict=True))[: random.randrange(len(left) + 2)]
    one["scoring_results"] = [
        {"offer_id": offer, "score": score, "rank": rank} for rank, (offer, score) in enumerate(scored, 1)
    ]
    chosen = [offer for offer, _ in scored[: random.randrange(3)]]
    one["selected_offers"] = [{"offer_id": offer, "rank": rank} for rank, offer in enumerate(chosen, 1)]
    one["degraded"] = random.random() < 0.1
    if random.random() < 0.8:
        one["latency_ms"] = random.randrange(500) / 2
    return one


def others(random: Random) -> Mapping[str, Records]:
    """Facts of every other kind."""
    at = [moment(random, 20) for _ in range(30)]
    return {
        "attribution-results": [
            {
                "at": one,
                "model": random.choice(("first", "last", "linear")),
                "offer_id": random.choice(OFFERS),
                "channel_id": random.choice(CHANNELS),
                "value": random.randrange(100_000) / 100,
            }
            for one in at
        ],
        "model-metrics": [
            {
                "at": one,
                "model_id": random.choice(("model_a", "model_b")),
                "auc": random.randrange(1000) / 1000,
                "feature_importance": {"age": random.random(), "spend": random.random()},
            }
            for one in at
        ],
        "suppressions": [
            {
                "at": one,
                "customer_id": random.choice(CUSTOMERS),
                "policy_type": random.choice(("cooldown", "opt_out")),
                **({"expires_at": moment(random, 5)} if random.random() < 0.8 else {}),
            }
            for one in at
        ],
        "run-latencies": [{"at": one, "duration_ms": random.randrange(1000) / 2} for one in at],
        "segment-members": [
            {
                "segment_id": random.choice(("seg_vip", "seg_new")),
                "customer_id": random.choice(CUSTOMERS),
                "op": random.choice(("add", "add", "remove")),
            }
            for _ in at
        ],
    }


async def fill(store: Store, facts: Mapping[str, Sequence[Mapping[str, Any]]], parts: int = 3) -> None:
    """Store facts in several commits each."""
    for dataset, records in facts.items():
        size = -(-len(records) // parts)
        for first in range(0, len(records), size):
            await send(store, dataset, records[first : first + size])
