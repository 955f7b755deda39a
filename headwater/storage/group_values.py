"""What a row of a snapshot ledger counts for the groups that it is summed for, in SQL that every engine reads. Pure."""

from __future__ import annotations

from headwater.catalogue.model import SnapshotDataset
from headwater.storage import schema


def group_values(dataset: SnapshotDataset) -> dict[str, str]:
    """Each measure of a row ``fact`` for a ``member``: what a first reading of it opened is new, or else set."""
    opened = f"fact.{schema.OPENED_AT}"
    recent = f"{opened} >= member.posted_from AND {opened} <= member.posted_until"
    counts = f"({opened} = {schema.NOT_OPENING} OR ({recent}))"
    values = {measure: f"fact.{measure}" for measure in schema.step_measures(dataset)}
    for one in dataset.counters:
        values[f"new_{one}"] = f"CASE WHEN {counts} THEN fact.new_{one} ELSE 0 END"
        values[f"set_{one}"] = f"fact.set_{one} + CASE WHEN {counts} THEN 0 ELSE fact.new_{one} END"
    values[schema.READINGS] = f"CASE WHEN {counts} THEN fact.{schema.READINGS} ELSE 0 END"
    return values
