"""What docs/scaling.md claims, each held against the simulation or the arithmetic; a claim that fails ends the run."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.scaling import model, simulation

TEN_BILLION = 10_000_000_000
SEED = 20261128


class Claim(NamedTuple):
    """A sentence, what was found, and whether it holds."""

    words: str
    found: str
    holds: bool


def claims(seed: int = SEED, seconds: int = 1_800) -> list[Claim]:
    """All of them, at ten billion events a day."""
    databases = model.capacity(TEN_BILLION).databases
    split = simulation.loads(seed, databases, split=True).max() * databases
    whole = simulation.loads(seed, databases, split=False).max() * databases
    even = simulation.waits(seed, TEN_BILLION, databases, seconds=seconds)
    lost = simulation.waits(seed, TEN_BILLION, databases, seconds=seconds, slower=1.5)
    alone = simulation.waits(seed, 3 * TEN_BILLION, 1, seconds=seconds)
    moved = simulation.added(seed, databases)
    late = simulation.late_days(seed)
    peak = model.capacity(TEN_BILLION).peak_per_second
    return [
        Claim(
            "one database does not take ten billion events a day",
            f"{peak:,.0f} events/s at the peak, {model.database_rate():,.0f} taken",
            peak > model.database_rate(),
        ),
        Claim(
            "three times as much overruns a single journal",
            f"p99 of a wait {alone.p99:,.0f} s after {seconds} s",
            alone.p99 > seconds / 10,
        ),
        Claim(
            "split, the busiest database has less than 1.4 times its share",
            f"{split:.2f} times",
            split < 1.4,
        ),
        Claim("with large organisations whole, it has more", f"{whole:.2f} times", whole > 1.1 * split),
        Claim(
            "the busiest database takes no more than its one writer does",
            f"{peak * split / databases:,.0f} events/s of {model.database_rate():,.0f}",
            peak * split / databases < model.database_rate(),
        ),
        Claim(
            "at the peak 99 of 100 batches wait less than a second for their commit",
            f"p50 {even.p50:.2f} s, p99 {even.p99:.2f} s, busiest {even.busiest:.0%}",
            even.p99 < 1,
        ),
        Claim(
            "with commits half as long again, as while a replica is away, less than two",
            f"p99 {lost.p99:.2f} s, busiest {lost.busiest:.0%}",
            lost.p99 < 2,
        ),
        Claim(
            "one more database moves about its own share, and nothing between the others",
            f"{moved.share:.1%} of facts, {moved.fair:.1%} its share, {moved.between_old} between others",
            moved.share < 1.4 * moved.fair and not moved.between_old,
        ),
        Claim(
            "of all events fewer than 2 in 100 are of a day that is over, of the late ones a quarter",
            f"{late.of_all:.2%}, {late.of_late:.1%}",
            late.of_all < 0.02 and 0.2 < late.of_late < 0.3,
        ),
    ]
