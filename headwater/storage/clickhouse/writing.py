"""What the store's one writer does, step by step: commits, and what this process keeps in memory of the state.

Everything here runs on the writer's thread, on one link. It knows no tasks and no time limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from headwater.catalogue.model import Dataset, SnapshotDataset
from headwater.kit.clock import Clock
from headwater.storage import schema
from headwater.storage.clickhouse import groups, pruning, sums
from headwater.storage.clickhouse.commits import Commit
from headwater.storage.clickhouse.groups import Groups
from headwater.storage.clickhouse.journal import Journal, State
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.sight import Marks
from headwater.storage.clickhouse.tables import APPEND_KEY
from headwater.storage.clickhouse.topology import Topology
from headwater.storage.port import KEY_LIFE, Appended, FactBatch, RememberedAppend


class Writer:
    """Commits to one database; ``marks`` and ``groups`` are those of the last commit that it knows of.

    ``seen`` is what any thread may read by: a state with its marks, replaced as a whole.
    """

    def __init__(self, link: Link, topology: Topology, catalogue: Mapping[str, Dataset], clock: Clock) -> None:
        self.link = link
        self.topology = topology
        self.journal = Journal(link, topology)
        self.marks: Marks = {}
        self.seen: tuple[State, Marks] = (self.journal.state, self.marks)
        self.groups = Groups()
        self.snapshots = [dataset for dataset in catalogue.values() if isinstance(dataset, SnapshotDataset)]
        self._catalogue = catalogue
        self._clock = clock
        self._arrival = 0
        self._loaded = (0, 0)

    def open(self) -> None:
        """Claim the database and read what there is."""
        self._hold()
        self._show()

    def close(self) -> None:
        """Say that nothing is under way, and end the link."""
        try:
            self.journal.close()
        finally:
            self.link.close()

    def _load(self) -> None:
        """What this process keeps in memory of the state's marks and groups."""
        self.marks = pruning.load_marks(self.link, self.topology, self.journal.state)
        self.groups = groups.load(self.link, self.topology, self.journal.state)
        arrivals = [
            self.link.value(f"SELECT max({schema.ARRIVAL}) FROM {self.topology.table(dataset.table)}")
            for dataset in self.snapshots
        ]
        self._arrival = max(arrivals, default=0)
        self._loaded = self._known()

    def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        """Store all batches in one commit."""
        places: dict[str, list[int]] = {}
        for place, batch in enumerate(batches):
            places.setdefault(batch.dataset, []).append(place)
        appended: dict[int, Appended] = {}
        with self.commit() as (commit, changes):
            for name, own in places.items():
                some, now = [batches[place] for place in own], self._clock()
                done = commit.store(self._catalogue[name], some, self.marks, self.groups, now)
                appended.update(zip(own, done, strict=True))
            changes["fresh"] = self.fresh_with(commit.fresh)
        return [appended[place] for place in range(len(batches))]

    @contextmanager
    def commit(self) -> Iterator[tuple[Commit, dict[str, Any]]]:
        """A commit that becomes visible at the end, with what is put into the changes; or never, after an error."""
        self._hold()
        number = self.journal.take()
        commit = Commit(self.link, self.topology, number, self.journal.state, self._arrival)
        changes: dict[str, Any] = {}
        try:
            yield commit, changes
            marks = changes.pop("marks", {})
            self.journal.publish(number, **changes)
            self.marks = {**self.marks, **marks}
            self._loaded = self._known()
            self._show()
        except BaseException:
            self.journal.abandon(number)
            raise
        finally:
            self._arrival = commit.arrival
            commit.close()

    def fresh_with(self, added: Mapping[str, int]) -> dict[str, int]:
        """The numbers of sums beyond the segments, with those that a commit adds."""
        fresh = self.journal.state.fresh
        return {name: fresh.get(name, 0) + added.get(name, 0) for name in self._catalogue}

    def remembered(self, organisation_id: int, key_hash: str) -> RememberedAppend | None:
        """See ``storage.port.Store``."""
        self.refresh()
        since = self._clock().replace(tzinfo=None) - KEY_LIFE
        rows = self.link.rows(
            f"SELECT fingerprint, accepted, duplicates, hex(note) FROM {self.topology.table(APPEND_KEY.name)}"
            f" WHERE organisation_id = {{p0:Int64}} AND key_hash = {{p1:String}}"
            f" AND kept_at >= {{p2:DateTime64(6, 'UTC')}} AND {self.journal.state.committed()} LIMIT 1",
            (organisation_id, key_hash, since),
        )
        if not rows:
            return None
        ((fingerprint, accepted, duplicates, note),) = rows
        return RememberedAppend(fingerprint, Appended(accepted, duplicates), bytes.fromhex(note))

    def refresh(self) -> None:
        """Take over what other processes have written."""
        if self.journal.refresh() or self._loaded != self._known():
            if self._loaded != self._known():
                self._load()
            self._show()

    def _known(self) -> tuple[int, int]:
        """What marks and groups depend on: whose state it is, and its last commit that changed them."""
        return self.journal.state.epoch, self.journal.state.marked

    def _hold(self) -> None:
        """Be the writer, and know what another one has left."""
        self.journal.hold()
        if self._loaded != self._known():
            self._load()

    def _show(self) -> None:
        self.seen = (self.journal.state, self.marks)

    def switch(self, dataset: Dataset, made: sums.Merge) -> None:
        """Read the new segment in place of what it holds."""
        self._hold()
        state = self.journal.state
        if not sums.applies(made, state):
            return
        live = [one for one in state.segments if one[0] != dataset.name or one[1] not in made.folded]
        left = sums.fresh_count(self.link, self.topology, dataset, state.committed(made.upto))
        self.journal.switch(
            merged={**state.merged, dataset.name: made.upto},
            fresh={**state.fresh, dataset.name: left},
            segments=(*live, (dataset.name, made.segment)),
        )
        self._show()
