"""The facts that every oracle is asked about: the same few thousand events each time.

Three organisations, of which 3 uses the creative ids of 1; all twenty kinds of
event; sessions and record ids that repeat; every second domain and third DSP
empty; times over a leap February, and half of the first days' facts late.
"""

from __future__ import annotations

import random
from datetime import timedelta

from headwater.catalogue.ads import BASE, FLOW
from headwater.storage.port import FactBatch
from tests.conformance.facts import Event, Tree, Trees, at, batch

TREES = Trees(
    {
        1: Tree(
            range(11, 17),
            {
                ("creative_group", 101): (11, 12),
                ("creative_group", 102): (13, 14),
                ("creative_group", 103): (15,),
                ("creative_group", 104): (),
                ("campaign", 201): (11, 12, 13, 14),
                ("campaign", 202): (15,),
                ("workspace", 301): (11, 12, 13, 14, 15, 16),
            },
        )
    }
)
KINDS = [metric.formula.event for metric in (*BASE, *FLOW)]
FIRST, DAYS = at("2024-01-20"), 55
CREATIVES = {1: range(11, 16), 2: range(21, 24), 3: range(11, 16)}
EVENTS, COMMITS = 6000, 6


def commits() -> list[list[FactBatch]]:
    """What arrives in each commit, in order of time but for the late ones."""
    chance = random.Random(20240229)
    arriving = sorted((_event(chance) for _ in range(EVENTS)), key=lambda one: one[1].ts)
    late = arriving[: EVENTS // 10 : 2]
    arriving = [one for one in arriving if one not in late] + late
    size = EVENTS // COMMITS
    parts = [arriving[start : start + size] for start in range(0, EVENTS, size)]
    return [
        [batch([event for of, event in part if of == organisation], organisation) for organisation in CREATIVES]
        for part in parts
    ]


def _event(chance: random.Random) -> tuple[int, Event]:
    organisation = chance.choice(list(CREATIVES))
    kind = chance.choice(KINDS)
    ts = FIRST + timedelta(days=chance.randrange(DAYS), seconds=chance.randrange(86_400))
    return organisation, Event(
        ts=ts + timedelta(microseconds=chance.choice([0, 0, 250_000, 999_999])),
        creative_id=chance.choice(CREATIVES[organisation]),
        event=kind,
        value=chance.randrange(90_000_000) if kind.startswith("seconds_") else 0,
        domain=chance.choice(["", "", "news.example", "sport.example"]),
        dsp=chance.choice(["", "dv360", "amazon"]),
        session_id=chance.choice(["", f"s{chance.randrange(300)}"]),
        component_id=chance.choice([501, 502, 503]) if kind.startswith("component_") else 0,
        record_id=chance.choice(["", f"r{chance.randrange(3000)}"]),
    )
