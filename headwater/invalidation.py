"""What makes kept answers stale: facts that came in, and rows of the control plane that changed.

Every answer carries tags; here events become the tags that are no longer good.
"""

from __future__ import annotations

from headwater.catalogue.registry import ROWS, SNAPSHOTS
from headwater.control import Control
from headwater.ingest.append import Touched, Writer
from headwater.query.cache import TagGenerations
from headwater.query.decisions.run import DECISION_ENTITIES, DECISIONS
from headwater.query.series.run import ANALYTICS, ROSTER


class Invalidation:
    """Listens to a writer and a control plane, and bumps the tags of what they change."""

    def __init__(self, control: Control, generations: TagGenerations) -> None:
        self._control = control
        self._generations = generations

    def listen(self, writer: Writer) -> None:
        """Hear of everything from now on."""
        writer.on_commit(self._facts)
        self._control.trees.on_change(self._entities)
        self._control.rosters.on_change(self._roster)
        self._control.annotations.on_change(self._annotated)
        self._control.books.on_change(self._book)

    def _facts(self, touched: list[Touched]) -> None:
        """Answers about creatives that got events, or about all of an organisation's creators or decisions."""
        for one in touched:
            if one.dataset in SNAPSHOTS:
                self._generations.bump([(one.organisation_id, ANALYTICS, 0)])
            elif one.dataset in ROWS:
                self._generations.bump([(one.organisation_id, DECISIONS, 0)])
            else:
                self._creatives(one)

    def _creatives(self, touched: Touched) -> None:
        organisation_id = touched.organisation_id
        tree = self._control.trees.cached(organisation_id)
        if tree is None:
            self._entities(organisation_id)
            return
        lineages = (tree.lineage(creative) for creative in touched.entity_ids)
        self._generations.bump({(organisation_id, *entity) for lineage in lineages for entity in lineage})

    def _entities(self, organisation_id: int) -> None:
        self._generations.bump([(organisation_id, "entities", 0)])

    def _roster(self, organisation_id: int) -> None:
        self._generations.bump([(organisation_id, ROSTER, 0)])

    def _book(self, organisation_id: int) -> None:
        self._generations.bump([(organisation_id, DECISION_ENTITIES, 0)])

    def _annotated(self, organisation_id: int, entity: tuple[str, int]) -> None:
        """Answers about an entity whose annotations changed, and about everything that shows them."""
        self._generations.bump([(organisation_id, *entity)])
