"""Which commits there are: the one row whose insert makes a commit whole, and who may write it.

ClickHouse has no transaction over several tables, but the insert of one row is all or nothing. So
every row of facts bears the number of its commit, and a commit exists once a state row is stored
that reaches up to it. Numbers that never came to that (a failure, a killed process) are gaps, which
no reader sees, also when such rows arrive late. Whoever wants to write claims to first, and looks
for a later claim after each state row: of two writers at least one sees the other, and the earlier
one's commit is acknowledged only where the later one goes on from it. Who says that nothing of its own
is under way (``closed``) leaves the next writer no gap. See docs/decisions/0010-commits-on-clickhouse.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from time import monotonic, sleep
from typing import Any, Final

import msgspec

from headwater.errors import OutcomeUnknown, Unavailable
from headwater.kit.ids import SNOWFLAKES
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.tables import CLAIM, STATE
from headwater.storage.clickhouse.topology import Topology

_NONE: Final = -1
_RANDOM_BITS = 20
_NUMBERS_OF_A_CLAIM = 1 << 40
_TAKING_OVER_SECONDS: Final = 5.0
_LOOK_AGAIN_SECONDS: Final = 0.02
_CLAIMS: Final = 10


class Overtaken(Unavailable):
    """Another process has written at the same time; nothing was stored, and it can be done again at once."""


class State(msgspec.Struct, frozen=True):
    """What is visible: commits up to ``upto`` but for the ``gaps`` (each after its first number, up to its second).

    By dataset: the last commit that is in segments (``merged``), how many sums wait beyond it
    (``fresh``), and the live ``segments``. ``marked`` is the last commit that changed marks or groups;
    ``arrival`` is the number of the last snapshot to arrive.
    """

    epoch: int = 0
    version: int = 0
    upto: int = 0
    closed: bool = True
    gaps: tuple[tuple[int, int], ...] = ()
    merged: Mapping[str, int] = {}
    fresh: Mapping[str, int] = {}
    segments: tuple[tuple[str, int], ...] = ()
    marked: int = 0
    arrival: int = 0

    def segments_of(self, dataset: str) -> tuple[int, ...]:
        """The live segments of a dataset, the newest last."""
        return tuple(sorted(segment for name, segment in self.segments if name == dataset))

    def holds(self, commit: int) -> bool:
        """Whether a commit is visible."""
        return commit <= self.upto and not any(low < commit <= high for low, high in self.gaps)

    def gaps_until(self, commit: int) -> tuple[tuple[int, int], ...]:
        """What is left out of the commits up to one."""
        return tuple((low, min(high, commit)) for low, high in self.gaps if low < commit)

    def committed(self, after: int = 0, column: str = "commit_id") -> str:
        """The condition that a row is of a commit that exists, beyond ``after``."""
        bounds = [f"{column} <= {self.upto}", *([f"{column} > {after}"] if after else [])]
        holes = [f"NOT ({column} > {low} AND {column} <= {high})" for low, high in self.gaps if high > after]
        return " AND ".join([*bounds, *holes])


class Journal:
    """The state as this process knows it; only the store's writer calls what changes it."""

    def __init__(self, link: Link, topology: Topology) -> None:
        self._link = link
        self._topology = topology
        self._epoch = _NONE
        self._own: set[int] = set()
        self._last = 0
        self._failed: list[int] = []
        self.state = State()

    def claim(self, *, at_work: bool = True) -> None:
        """Become the writer: what another one has not finished yet never will be.

        Who is not ``at_work`` has stored nothing yet that must stay unseen, and says so.
        """
        # Numbers of one claim never reach those of the next, whatever its clock says.
        after = max(SNOWFLAKES.next(), self._newest_claim() + _NUMBERS_OF_A_CLAIM, self._last + 1)
        epoch = after + secrets.randbits(_RANDOM_BITS)
        self._own.add(epoch)
        self._insert(CLAIM.name, {"epoch": epoch})
        found = self._read()
        last = max(epoch, found.upto)
        # A refused commit whose state row was stored after all: what another writer went on from may be
        # in its sums and stays, what only this process knows of is never seen.
        lost = [number for number in self._failed if found.epoch in self._own or not found.holds(number)]
        gaps = [*found.gaps, *((number - 1, number) for number in lost)]
        if not found.closed:
            gaps.append((found.upto, last))
        state = msgspec.structs.replace(found, epoch=epoch, version=0, gaps=_joined(gaps), closed=not at_work)
        self._store(state)
        # Only now: a claim that fails halfway is made anew.
        self._epoch, self._last, self.state, self._own, self._failed = epoch, last, state, {epoch}, []

    def hold(self, *, at_work: bool = True) -> None:
        """Be the writer; who is ``at_work`` says so before anything of a commit is stored."""
        for _ in range(_CLAIMS):
            # Looked for again behind each state row: who claims after that reads the row.
            if not self._is_newest():
                self.claim(at_work=at_work)
            elif at_work and self.state.closed:
                state = self._next(closed=False)
                self._put(state)
                self._keep(state)
            else:
                return
        raise _overtaken()

    def take(self) -> int:
        """A number greater than all before it, of commits and of segments."""
        self._last += 1
        return self._last

    def publish(self, number: int, **changes: Any) -> None:
        """Make the commit ``number`` visible, and what ``changes`` of the state with it; durable on return.

        ``OutcomeUnknown`` where it may have been made so.
        """
        state = self._next(upto=number, **changes)
        try:
            whole = self._put(state) or self._taken_over(number)
        except OutcomeUnknown:
            raise
        except Unavailable as error:
            raise OutcomeUnknown(
                "The connection to the facts was lost while these were stored; whether they were is not known. Send"
                " them again with their record ids or Idempotency-Key.",
                retry_after=1,
            ) from error
        if not whole:
            raise _overtaken()
        self._keep(state)

    def switch(self, **changes: Any) -> None:
        """Change what is read in place of what, without a commit."""
        state = self._next(**changes)
        if not self._put(state):
            raise _overtaken()
        self._keep(state)

    def abandon(self, number: int) -> None:
        """Let a commit that failed never be seen, whatever of it is or will be stored."""
        self._failed.append(number)

    def close(self) -> None:
        """Say that no commit of this process is under way, so that the next one has no gap to leave."""
        if self._is_newest():
            self.switch(closed=True)

    def refresh(self) -> bool:
        """Take over what another process has written; whether there was something."""
        found = self._read()
        # A row of one's own that one does not know of is of a commit that was refused.
        if found.epoch in self._own or (found.epoch, found.version) <= (self.state.epoch, self.state.version):
            return False
        self.state = found
        return True

    def _keep(self, state: State) -> None:
        self.state, self._failed = state, []

    def _next(self, **changes: Any) -> State:
        gaps = _joined([*self.state.gaps, *((number - 1, number) for number in self._failed)])
        changed = {"epoch": self._epoch, "version": self.state.version + 1, "gaps": gaps, **changes}
        return msgspec.structs.replace(self.state, **changed)

    def _put(self, state: State) -> bool:
        """Store a state row; whether nobody has claimed meanwhile.

        Where one or the other cannot be known, it claims anew before anything else: there must be no second row
        of this version.
        """
        try:
            self._store(state)
            return self._is_newest()
        except BaseException:
            self._epoch = _NONE
            raise

    def _taken_over(self, number: int) -> bool:
        """Whether those who have claimed since go on from a state with this commit."""
        until = monotonic() + _TAKING_OVER_SECONDS
        while not self._is_settled(found := self._read()):
            if monotonic() > until:
                raise OutcomeUnknown(
                    "Another process began to write facts at the same time and has not gone on: whether these were"
                    " stored is not known. Send them again with their record ids or Idempotency-Key.",
                    retry_after=1,
                )
            sleep(_LOOK_AGAIN_SECONDS)
        return found.holds(number)

    def _is_settled(self, found: State) -> bool:
        """Whether nobody can go on from an earlier state any more: that of the last who claimed is there."""
        return found.epoch > self._epoch and self._newest_claim() == found.epoch

    def _is_newest(self) -> bool:
        return self._newest_claim() == self._epoch

    def _newest_claim(self) -> int:
        return self._link.value(f"SELECT max(epoch) FROM {self._topology.table(CLAIM.name)}")

    def _read(self) -> State:
        rows = self._link.rows(
            f"SELECT {', '.join(STATE.names)} FROM {self._topology.table(STATE.name)}"
            " ORDER BY epoch DESC, version DESC LIMIT 1"
        )
        return msgspec.convert(_plain(rows[0]), State) if rows else State()

    def _store(self, state: State) -> None:
        lists = {name: list(getattr(state, name).items()) for name in ("merged", "fresh")}
        row = {**msgspec.structs.asdict(state), **lists}
        self._insert(STATE.name, {name: _listed(row[name]) for name in STATE.names})

    def _insert(self, table: str, row: Mapping[str, object]) -> None:
        self._link.insert_row(self._topology.table(table), row)


def _overtaken() -> Overtaken:
    return Overtaken("Another process has written facts at the same time. Try again.", retry_after=1)


def _joined(gaps: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The gaps in order, those that touch as one.

    >>> _joined([(7, 8), (1, 3), (3, 4)])
    ((1, 4), (7, 8))
    """
    found: list[tuple[int, int]] = []
    for low, high in sorted(gaps):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def _listed(value: object) -> object:
    return [tuple(one) for one in value] if isinstance(value, Iterable) else value


def _plain(row: tuple[Any, ...]) -> dict[str, object]:
    found = dict(zip(STATE.names, row, strict=True))
    return {**found, "merged": dict(found["merged"]), "fresh": dict(found["fresh"])}
