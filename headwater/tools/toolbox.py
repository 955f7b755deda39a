"""All tools of a server, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.control import Control
from headwater.control.sources.connections import Connections
from headwater.settings import Settings
from headwater.tools.data import DataTools
from headwater.tools.data_verbs import data_verbs
from headwater.tools.measurements import Measurements
from headwater.tools.metric_verbs import metric_verbs
from headwater.tools.metrics import MetricTools
from headwater.tools.verb import Verb


@dataclass(frozen=True)
class Toolbox:
    """The tools themselves, and the verbs over them."""

    metrics: MetricTools
    data: DataTools
    verbs: Sequence[Verb]

    @staticmethod
    def of(metrics: MetricTools, control: Control, connections: Connections, settings: Settings) -> Toolbox:
        """With data sources beside the metrics, and the verbs over both."""
        data = DataTools(control, connections, settings, Measurements(metrics))
        return Toolbox(metrics, data, (*metric_verbs(metrics), *data_verbs(data)))
