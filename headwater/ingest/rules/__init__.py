"""Rules that only one dataset has, by the dataset's name.

A rule module offers ``problems(columns, entities)``, and ``settle(columns)`` for
what of a good record is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec
import pyarrow as pa

from headwater.ingest.problems import Entities, Problem
from headwater.ingest.rules import ad_events


class Rules(msgspec.Struct, frozen=True):
    """What to refuse among a dataset's rows, and how good ones are settled."""

    problems: Callable[[pa.RecordBatch, Entities], Iterator[Problem]]
    settle: Callable[[pa.RecordBatch], pa.RecordBatch]


RULES: Mapping[str, Rules] = MappingProxyType({"ad-events": Rules(ad_events.problems, ad_events.settle)})
