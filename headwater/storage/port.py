"""What the rest of the server may ask of a fact store, whichever engine is behind it.

A ``Statement`` carries the scope it was compiled under; only ``query.compile``
makes one, and a store runs nothing else. Facts come in as ``FactBatch`` and are
durable when ``append`` returns. No method takes SQL text from a caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa

from headwater.scope import Scope

Value = int | float | str | None
Row = tuple[Any, ...]


class Statement(msgspec.Struct, frozen=True):
    """One read, ready to run: text in the store's dialect, values to bind, result columns."""

    sql: str
    args: tuple[object, ...]
    columns: tuple[str, ...]
    scope: Scope
    purpose: str
    """What is asked, for the engine's log: dataset and entity, never a caller's text."""

    def __post_init__(self) -> None:
        if not isinstance(self.scope, Scope):
            raise TypeError("A statement needs a scope.")


class AppendKey(msgspec.Struct, frozen=True):
    """An ``Idempotency-Key`` to be kept in the transaction of the facts it guards.

    ``key_hash`` names it, ``fingerprint`` is that of route and body, and ``note``
    holds what of the answer is known before the facts are stored. All batches of a request
    bear its key, but only one has it ``remembered``, by what became of that one.
    """

    key_hash: str
    fingerprint: str
    note: bytes
    remembered: bool = True

    @property
    def of_more(self) -> AppendKey:
        """The key as further batches of the same request bear it."""
        return AppendKey(self.key_hash, self.fingerprint, b"", remembered=False)


KEY_LIFE: Final = timedelta(hours=24)
"""How long an ``AppendKey`` is remembered."""


class FactBatch(msgspec.Struct, frozen=True):
    """Checked rows of one dataset, in order of arrival; columns as ``schema.arrow_schema`` has them.

    ``children`` are rows of the dataset's child, of which those are stored whose parent is.
    ``new_ids`` says that the server itself made all record ids just now: they are neither
    looked up nor kept for later, which costs more than storing a few rows.
    """

    scope: Scope
    dataset: str
    rows: pa.Table
    key: AppendKey | None = None
    children: pa.Table | None = None
    new_ids: bool = False


class Appended(msgspec.Struct, frozen=True):
    """What became of a batch: rows stored now, and rows left out as seen before.

    ``repeated``: another process has taken in the same request meanwhile, and this is what became of it there.
    """

    accepted: int
    duplicates: int
    repeated: bool = False


class RememberedAppend(msgspec.Struct, frozen=True):
    """An earlier append under the same ``Idempotency-Key``."""

    fingerprint: str
    appended: Appended
    note: bytes


class GroupMember(msgspec.Struct, frozen=True):
    """An entity that counts for a group; a first reading between the two times counts as new.

    Times are in microseconds since 1970.
    """

    subject: int
    posted_from: int
    posted_until: int


class Group(msgspec.Struct, frozen=True):
    """Kept sums of a group of entities by day: in which zone, and of which members (a fingerprint)."""

    id: int
    zone: str
    members: str


class StoreHealth(msgspec.Struct, frozen=True):
    """Whether the store answers, and how many fresh rollup rows wait to be merged."""

    responsive: bool
    fresh_rows: int


class Dialect(Protocol):
    """The few words in which engines differ; everything else is common SQL."""

    @property
    def name(self) -> str:
        """The engine's name, as texts are kept by."""

    @property
    def label(self) -> str:
        """The engine's name, as people write it."""

    def placeholder(self, position: int, type_name: str) -> str:
        """The text for the bound value number ``position`` (from 0) of ``BIGINT``, ``DATE`` …"""

    def zipped(self, lists: Mapping[str, str]) -> str:
        """A relation of bound lists of equal length, side by side, its columns named by the mapping's keys."""

    def bucket(self, column: str, grain: str) -> str:
        """Start of the bucket that holds the time or date in ``column``, as a timestamp in UTC."""

    def days_between(self, start: str, end: str) -> str:
        """How many days the date ``end`` is after ``start``."""

    def local_day(self, column: str, zone: str) -> str:
        """The date in ``zone`` of the UTC time in ``column``."""

    def count_if(self, condition: str) -> str:
        """Number of rows that meet ``condition``, as a 64-bit integer."""

    def has_one_of(self, column: str, values: Sequence[str | bool]) -> str:
        """A condition on words of the catalogue; see ``storage.literals``."""

    def text_key(self, text: str) -> str:
        """A 64-bit key of a text, the same in every engine."""

    def quantile(self, expression: str, fraction: float) -> str:
        """The quantile of the values, interpolated linearly between the two nearest; null for no values."""

    def last(self, value: str, order: str) -> str:
        """The ``value`` of the row in which ``order`` is largest."""

    def sum(self, expression: str) -> str:
        """Sum as a 64-bit integer, 0 for no rows."""


class Store(Protocol):
    """A fact store. Methods may be called from any task; ``append`` calls are serialised by the caller."""

    @property
    def dialect(self) -> Dialect:
        """The engine's words."""

    async def start(self) -> None:
        """Open or create the store and bring its tables up to date."""

    async def stop(self) -> None:
        """Finish what is under way and close."""

    async def fetch(self, statement: Statement) -> list[Row]:
        """Run ``statement``; ``errors.Timeout`` after the time limit, when the engine has been stopped."""

    def has_fresh(self, dataset: str) -> bool:
        """Whether sums of some commits lie outside the rollups, so that a question must read both."""

    async def refresh(self) -> None:
        """Look at once for what other processes have committed; ``Unavailable`` when that cannot be done."""

    async def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        """Store all batches in one transaction, without duplicates; durable on return, nothing stored on error.

        Except on ``OutcomeUnknown``, which says so. A request that another process has stored under the same key and
        fingerprint is not stored again.
        """

    async def remembered(self, scope: Scope, key_hash: str) -> RememberedAppend | None:
        """The append of this organisation under ``key_hash`` in the last 24 hours."""

    def zone(self, organisation_id: int) -> str:
        """The time zone in which the organisation's snapshots are summed by day; UTC until ``rezone``."""

    async def rezone(self, organisation_id: int, zone: str) -> None:
        """Sum the organisation's snapshots by the days of another zone from now on."""

    def groups(self, organisation_id: int) -> Mapping[int, Group]:
        """The kept sums of the organisation's groups, by the number that the caller gave each."""

    async def keep_group(
        self, dataset: str, organisation_id: int, number: int, members: Sequence[GroupMember], fingerprint: str
    ) -> None:
        """Sum a group's members by day, in the organisation's zone, and keep the sums right from now on."""

    async def drop_groups(self, organisation_id: int, numbers: Sequence[int]) -> None:
        """Keep the sums of these groups no longer."""

    async def prune(self, organisation_id: int, before: datetime) -> int:
        """Take away the organisation's snapshots of before a time, but for a baseline of each entity; how many went."""

    async def compact(self) -> None:
        """Merge fresh rollup rows into the sorted rollups."""

    async def health(self) -> StoreHealth:
        """Whether the store answers now."""
