"""What the store's one writer does, step by step: commits, and what this process keeps in memory of the state.

Everything here runs on the writer's thread, on one link. It knows no tasks and no time limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from headwater.catalogue.model import Dataset, SnapshotDataset
from headwater.kit.clock import Clock
from headwater.storage.clickhouse import groups, pruning, sums
from headwater.storage.clickhouse.commits import Commit
from headwater.storage.clickhouse.groups import Groups
from headwater.storage.clickhouse.journal import Journal, State
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.sight import Marks
from headwater.storage.clickhouse.tables import APPEND_KEY
from headwater.storage.clickhouse.topology import Topology
from headwater.storage.port import KEY_LIFE, Appended, FactBatch, RememberedAppend

_NOTHING: Final = -1
"""No commit has this number: marks and groups are to be loaded."""


class Writer:
    """Commits to one database; ``marks`` and ``groups`` are those of the last commit that it knows of.

    ``seen`` is what any thread may read by: a state with its marks, replaced as a whole. Where it
    ``gives_way``, each commit ends with word that nothing of this process is under way.
    """

    def __init__(
        self, link: Link, topology: Topology, catalogue: Mapping[str, Dataset], clock: Clock, *, gives_way: bool
    ) -> None:
        self.link = link
        self.topology = topology
        self.journal = Journal(link, topology)
        self.marks: Marks = {}
        self.seen: tuple[State, Marks] = (self.journal.state, self.marks)
        self.groups = Groups()
        self.snapshots = [dataset for dataset in catalogue.values() if isinstance(dataset, SnapshotDataset)]
        self._catalogue = catalogue
        self._clock = clock
        self._closing = {"closed": True} if gives_way else {}
        self._loaded = _NOTHING

    def open(self) -> None:
        """Read what there is."""
        self.refresh()

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
        self._loaded = self.journal.state.marked

    def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        """Store all batches in one commit, but for those that another process has stored under their keys by now."""
        with self.commit() as (commit, changes):
            appended = self._stored_by_others(batches)
            places: dict[str, list[int]] = {}
            for place, batch in enumerate(batches):
                if place not in appended:
                    places.setdefault(batch.dataset, []).append(place)
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
        commit = Commit(self.link, self.topology, number, self.journal.state)
        changes: dict[str, Any] = {}
        try:
            yield commit, changes
            marks = changes.pop("marks", {})
            self.journal.publish(number, arrival=commit.arrival, **self._closing, **changes)
            self.marks = {**self.marks, **marks}
            self._loaded = self.journal.state.marked
            self._show()
        except BaseException:
            self.journal.abandon(number)
            # Whatever was changed in memory is not what is stored.
            self._loaded = _NOTHING
            raise
        finally:
            commit.close()

    def _stored_by_others(self, batches: Sequence[FactBatch]) -> dict[int, Appended]:
        """What became of the same requests elsewhere, by place; requests that share only the key are told apart."""
        keyed = {
            place: (batch.scope.organisation_id, batch.key.key_hash, batch.key.fingerprint)
            for place, batch in enumerate(batches)
            if batch.key
        }
        if not keyed:
            return {}
        organisations = ", ".join(str(one) for one in {organisation_id for organisation_id, _, _ in keyed.values()})
        rows = self.link.rows(
            "SELECT organisation_id, key_hash, fingerprint, accepted, duplicates"
            f" FROM {self.topology.table(APPEND_KEY.name)} WHERE organisation_id IN ({organisations})"
            " AND has(splitByChar(' ', {p0:String}), key_hash) AND kept_at >= {p1:DateTime64(6, 'UTC')}"
            f" AND {self.journal.state.committed()}",
            (" ".join(key_hash for _, key_hash, _ in keyed.values()), self._clock().replace(tzinfo=None) - KEY_LIFE),
        )
        found = {row[:3]: Appended(row[3], row[4], repeated=True) for row in rows}
        return {place: found[key] for place, key in keyed.items() if key in found}

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
        if self.journal.refresh() or self._loaded != self.journal.state.marked:
            self._load_if_changed()
            self._show()

    def _hold(self, *, at_work: bool = True) -> None:
        """Be the writer, and know and show what another one has left."""
        self.journal.hold(at_work=at_work)
        self._load_if_changed()
        self._show()

    def _load_if_changed(self) -> None:
        if self._loaded != self.journal.state.marked:
            self._load()

    def _show(self) -> None:
        self.seen = (self.journal.state, self.marks)

    def number(self) -> int:
        """A number for a segment, beyond what any state reaches up to."""
        self._hold(at_work=False)
        return self.journal.take()

    def switch(self, dataset: Dataset, made: sums.Merge) -> None:
        """Read the new segment in place of what it holds, unless that has changed under it."""
        self._hold(at_work=False)
        state = self.journal.state
        if not sums.applies(made, dataset, state, self.marks):
            return
        live = [one for one in state.segments if one[0] != dataset.name or one[1] not in made.folded]
        left = sums.fresh_count(self.link, self.topology, dataset, state.committed(made.of.upto))
        self.journal.switch(
            merged={**state.merged, dataset.name: made.of.upto},
            fresh={**state.fresh, dataset.name: left},
            segments=(*live, (dataset.name, made.segment)),
        )
        self._show()
