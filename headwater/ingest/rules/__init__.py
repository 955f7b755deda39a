"""Rules that only one dataset has, by the dataset's name.

A rule module offers ``problems(columns, known)``, and ``settle(columns, known, now)``
for what is kept of good records: derived fields filled in, others taken away or unfolded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec
import pyarrow as pa

from headwater.ingest.problems import Known, Problem
from headwater.ingest.rules import ad_events, decision_traces, interactions, model_metrics, segment_members
from headwater.ingest.rules.settled import Settled


class Rules(msgspec.Struct, frozen=True):
    """What to refuse among a dataset's rows, and how good ones are settled."""

    problems: Callable[[pa.RecordBatch, Known], Iterator[Problem]]
    settle: Callable[[pa.RecordBatch, Known, datetime], Settled]


RULES: Mapping[str, Rules] = MappingProxyType(
    {
        "ad-events": Rules(ad_events.problems, ad_events.settle),
        "interactions": Rules(interactions.problems, interactions.settle),
        "decision-traces": Rules(decision_traces.problems, decision_traces.settle),
        "model-metrics": Rules(model_metrics.problems, model_metrics.settle),
        "segment-members": Rules(segment_members.problems, segment_members.settle),
    }
)
