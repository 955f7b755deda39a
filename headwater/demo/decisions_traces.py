"""How the demo's showings of the last days were decided: who was considered, what fell out, what won.

Pure. Every trace is of a showing, whose offer won it. ``LOSER`` is among all candidates:
its rules, policies or score keep it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from headwater.demo.decisions_facts import Record, Showing
from headwater.demo.decisions_rows import BOOSTED, FLOWS, LOGISTIC
from headwater.demo.decisions_world import CANDIDATES, CHANNELS, LOSER, OFFERS, creative_of

DAYS: Final = 14
METRIC_DAYS: Final = 30
_DAY: Final = timedelta(days=1)
_DECIDED: Final = 0.55
_MOST_SELECTED: Final = 2
_TROUBLE_DAYS: Final = 3
"""For so many days up to now, a fallback scores often and decisions take longer."""
_RUNS_A_DAY: Final = 60
_SLOW_EVERY: Final = 15
_FLOW_OF: Final = {channel: flow for flow, channel in FLOWS.items()}
_REASONS: Final = {
    LOSER: ("The customer is not in the segment 'seg_high_value'.", "The attribute 'owns_home' is not true."),
    "off_car_loan": ("The attribute 'income' is less than 24000.",),
}
_POLICIES: Final = ("frequency_cap", "cooldown", "cross_channel_cap")
_FEATURES: Final = {
    "days_since_login": 0.27,
    "monthly_balance": 0.22,
    "card_payments_30d": 0.17,
    "age_band": 0.12,
    "newsletter_opens": 0.09,
    "region": 0.06,
    "tenure_years": 0.04,
}


def decisions(showings: Sequence[Showing], now: datetime, random: Random) -> tuple[list[Record], Mapping[int, str]]:
    """Traces of about half of the last days' showings, and the request of each by the showing's place."""
    since = _midnight(now) - DAYS * _DAY
    traces: list[Record] = []
    decided: dict[int, str] = {}
    for place, shown in enumerate(showings):
        if shown.at >= since and random.random() < _DECIDED:
            decided[place] = request = f"req_{len(traces):06}"
            trouble = shown.at >= _midnight(now) - (_TROUBLE_DAYS - 1) * _DAY
            traces.append(_trace(shown, request, trouble, random))
    return traces, decided


def _trace(shown: Showing, request: str, trouble: bool, random: Random) -> Record:
    degraded = random.random() < (0.14 if trouble else 0.015)
    pool = [one for one in CANDIDATES[shown.channel] if one not in (shown.offer, LOSER)]
    candidates = [shown.offer, LOSER, *random.sample(pool, min(random.randint(5, 8), len(pool)))]
    random.shuffle(candidates)
    qualified = [_qualification(offer, shown, random) for offer in candidates]
    left = [one["offer_id"] for one in qualified if one["passed"]]
    permitted = [_permission(offer, shown, random) for offer in left]
    left = [one["offer_id"] for one in permitted if one["passed"]]
    scores = _scores(left, shown, degraded, random)
    ranked = sorted(left, key=lambda offer: (-scores[offer], offer))
    model = {} if degraded else {"model_id": BOOSTED if shown.channel in _FLOW_OF else LOGISTIC}
    scoring = [{"offer_id": one, "score": scores[one], "rank": rank, **model} for rank, one in enumerate(ranked, 1)]
    selected = [one for one in ranked if one != LOSER][: random.randint(1, _MOST_SELECTED)]
    trace = {
        "at": shown.at - timedelta(milliseconds=random.randrange(20, 400)),
        "customer_id": shown.customer,
        "channel_id": shown.channel,
        "request_id": request,
        "candidates": candidates,
        "qualification_results": qualified,
        "contact_policy_results": permitted,
        "scoring_results": scoring,
        "selected_offers": [
            {"offer_id": one, "rank": rank, "creative_id": creative_of(one, shown.channel)}
            for rank, one in enumerate(selected, 1)
        ],
        "degraded": degraded,
        "latency_ms": round(random.lognormvariate(3.0, 0.4) * (1.6 if degraded else 1), 1),
    }
    flow = _FLOW_OF.get(shown.channel)
    return {**trace, "decision_flow_id": flow} if flow else trace


def _qualification(offer: str, shown: Showing, random: Random) -> Record:
    share = 0.35 if offer == LOSER else 0.25 if offer in _REASONS else 0.0
    if offer == shown.offer or random.random() >= share:
        return {"offer_id": offer, "passed": True}
    return {"offer_id": offer, "passed": False, "reason": random.choice(_REASONS[offer])}


def _permission(offer: str, shown: Showing, random: Random) -> Record:
    if offer == shown.offer or random.random() >= (0.3 if offer == LOSER else 0.1):
        return {"offer_id": offer, "passed": True}
    return {"offer_id": offer, "passed": False, "policy_type": random.choice(_POLICIES)}


def _scores(offers: Sequence[str], shown: Showing, degraded: bool, random: Random) -> dict[str, float]:
    """By priority where a fallback scored; else by how much offers please here, the winner ahead."""
    if degraded:
        scores = {offer: OFFERS[offer].priority / 100 for offer in offers}
        return {**scores, shown.offer: max(scores.values()) + 0.01}
    pull = CHANNELS[shown.channel].pull
    scores = {offer: min(OFFERS[offer].appeal * pull * random.uniform(1.0, 6.0) + 0.02, 0.9) for offer in offers}
    best = max(scores.values())
    scores[shown.offer] = min(best + random.uniform(0.01, 0.25), 1.0)
    return {offer: round(score, 4) for offer, score in scores.items()}


def metrics(now: datetime, random: Random) -> Iterator[Record]:
    """A measurement a day of both models: one drifts as customers change, the other stays."""
    for days_ago in range(METRIC_DAYS, -1, -1):
        at = _midnight(now) - days_ago * _DAY
        age = METRIC_DAYS - days_ago
        for model, start, drift in ((LOGISTIC, 0.741, 0.0), (BOOSTED, 0.846, 0.0024)):
            auc = round(start - drift * age + random.uniform(-0.004, 0.004), 4)
            weights = {name: round(weight * random.uniform(0.9, 1.1), 3) for name, weight in _FEATURES.items()}
            yield {"at": at, "model_id": model, "auc": auc, "feature_importance": weights}


def latencies(now: datetime, random: Random) -> Iterator[Record]:
    """Runs of the engine; the slow ones are slower in the days of trouble."""
    today = _midnight(now)
    for days_ago in range(METRIC_DAYS, -1, -1):
        slow = 8.0 if days_ago < _TROUBLE_DAYS else 2.0
        for number in range(_RUNS_A_DAY):
            at = today - days_ago * _DAY + number * _DAY / _RUNS_A_DAY
            duration = random.lognormvariate(3.0, 0.3) * (slow if number % _SLOW_EVERY == 0 else 1.0)
            if at <= now:
                run: dict[str, Any] = {"at": at, "duration_ms": round(duration, 1)}
                yield {**run, "run_id": f"run_{days_ago:02}_{number:02}"}


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
