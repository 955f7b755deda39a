"""What handlers may use; ``app.py`` fills it in."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.agent_runtime.parts import AgentParts
from headwater.control import Control
from headwater.control.sources.connections import Connections
from headwater.decisioning.recommend import Recommender
from headwater.decisioning.respond import Responder
from headwater.decisioning.segments import Segments
from headwater.delivery.deliverer import Deliverer
from headwater.ingest.receive import Ingest
from headwater.kit.clock import Clock
from headwater.mcp.bridge import Bridge
from headwater.outbound import Outbound
from headwater.query.decisions.run import DecisionsEngine
from headwater.query.run import Engine
from headwater.query.series.run import SeriesEngine
from headwater.query.series.totals import TotalsEngine
from headwater.reporting.run import Reporting
from headwater.settings import Settings
from headwater.storage.port import Store
from headwater.surfaces._http.traffic import Counted
from headwater.tools.toolbox import Toolbox


class Standing:
    """Whether this process stays; one that is ``leaving`` answers until it is stopped, but is not ready for more."""

    def __init__(self) -> None:
        self.leaving = False

    def leave(self) -> None:
        """Be about to stop."""
        self.leaving = True


@dataclass(frozen=True)
class Services:
    """The running parts of the server."""

    settings: Settings
    clock: Clock
    control: Control
    store: Store
    engine: Engine
    series: SeriesEngine
    totals: TotalsEngine
    decisions: DecisionsEngine
    recommender: Recommender
    responder: Responder
    segments: Segments
    ingest: Ingest
    reporting: Reporting
    outbound: Outbound
    deliverer: Deliverer
    counted: Counted
    connections: Connections
    tools: Toolbox
    agents: AgentParts
    mcp: Bridge
    standing: Standing
