"""What makes kept answers stale: facts that came in, and rows of the control plane that changed.

Every answer carries tags; here events become the tags that are no longer good. What happens in this
process is told to the others before whoever caused it is answered, and what they tell is applied here
in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, assert_never

from headwater.catalogue.registry import ROWS, SNAPSHOTS
from headwater.control import Control
from headwater.control.db import Change
from headwater.ingest.append import Touched, Writer
from headwater.query.cache import Tag, TagGenerations
from headwater.query.decisions.run import DECISION_ENTITIES, DECISIONS
from headwater.query.series.run import ANALYTICS, ROSTER
from headwater.shared.changes import Everything, Facts, Rows, Stale, Sums
from headwater.storage.port import Store

_MOST_TOLD: Final = 1000
"""Of a commit to more creatives others hear that it was to any of the organisation's."""


class Invalidation:
    """Listens to a writer, a control plane and other processes, and bumps the tags of what they change."""

    def __init__(self, control: Control, store: Store, generations: TagGenerations) -> None:
        self._control = control
        self._store = store
        self._generations = generations

    def listen(self, writer: Writer) -> None:
        """Hear of everything that happens in this process from now on, and have others hear of facts."""
        writer.on_commit(self._facts)
        writer.announce(self._announcing)
        self._control.trees.on_change(self._entities)
        self._control.rosters.on_change(self._roster)
        self._control.annotations.on_change(self._annotated)
        self._control.books.on_change(self._book)

    async def spoil(self, tags: Iterable[Tag]) -> None:
        """Make everything that depends on ``tags`` stale, here and elsewhere."""
        spoilt = tuple(tags)
        self._generations.bump(spoilt)
        await self._control.shared.publish([Sums(spoilt)])

    async def apply(self, changes: Sequence[Stale]) -> None:
        """Make stale what another process has changed; see ``shared.feed.Listener``."""
        if not all(isinstance(one, Rows) for one in changes):
            # Before anything is dropped: what is computed from now on must see the facts that made it stale.
            await self._store.refresh()
        for one in changes:
            self._apply(one)

    async def drop(self) -> None:
        """Let nothing that is kept be used any more; see ``shared.feed.Listener``."""
        try:
            await self._store.refresh()
        finally:
            self._forget()

    def _apply(self, change: Stale) -> None:
        match change:
            case Facts(organisation_id, dataset, entity_ids):
                if entity_ids is None:
                    self._entities(organisation_id)
                else:
                    self._facts([Touched(organisation_id, dataset, frozenset(entity_ids))])
            case Rows(what, organisation_id, entity):
                self._control.changed(Change(what, organisation_id, entity))
            case Sums(tags):
                self._generations.bump(tags)
            case Everything():
                self._forget()
            case _:
                assert_never(change)

    def _forget(self) -> None:
        self._control.forget()
        self._generations.drop()

    def _announcing(self, touched: list[Touched]) -> AbstractAsyncContextManager[None]:
        return self._control.shared.announcing([_told(one) for one in touched])

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


def _told(touched: Touched) -> Facts:
    if touched.dataset in SNAPSHOTS or touched.dataset in ROWS:
        return Facts(touched.organisation_id, touched.dataset, ())
    if len(touched.entity_ids) > _MOST_TOLD:
        return Facts(touched.organisation_id, touched.dataset)
    return Facts(touched.organisation_id, touched.dataset, tuple(sorted(touched.entity_ids)))
