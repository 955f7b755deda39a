"""Sums by entity and day as one SQL statement in a store's dialect, the organisation on every table.

Levels and what is new in them are sums over the ledger of steps, so one pass does
for both. Which tables are read: the daily rollup with the ledger's rows that it
does not hold yet, or the whole ledger where days are not those of the rollup's
zone; and kept sums of whole groups where the store has them. Values are bound; the
text depends on the shape alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from headwater.catalogue.model import SnapshotDataset
from headwater.query.series.daily import Measure
from headwater.query.series.question import Span
from headwater.query.texts import Texts
from headwater.scope import Scope
from headwater.storage.port import Dialect, Statement
from headwater.storage.schema import DAY, NOT_OPENING, OPENED_AT, READINGS, has_openings

_POSTED_WITHIN = 24 * 60 * 60 * 1_000_000
_NEVER = 2**62
PLACES_OF_WHOLE: Final = 3
"""Before, within and after a span whose days are one."""
_ENTITY, _PLACE = "entity", "place"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
# Thousands of videos are asked for again and again, and when they were posted does not change.
_POSTED_TIMES = 2**16


class Member(msgspec.Struct, frozen=True):
    """A subject of facts whose figures count for an entity; ``posted_at`` decides what its first reading books."""

    subject: int
    entity: int
    posted_at: datetime | None


@lru_cache(maxsize=_POSTED_TIMES)
def opening_window(posted_at: datetime | None) -> tuple[int, int]:
    """Between which times (microseconds since 1970) a first reading of what was posted then is all new."""
    start = _NEVER if posted_at is None else (posted_at - _EPOCH) // _MICROSECOND
    return start, start + _POSTED_WITHIN


class Sums(msgspec.Struct, frozen=True):
    """What to sum over which members and which kept groups ``(group, entity)``.

    Without ``by_day`` all days of the span are one, so that there are three places. With ``most`` only so many
    members are found (see ``compile_sums``), by their first measure; ``of_most_subjects`` then says that they
    are more than half of what the organisation has, which is summed before it is looked who is meant.
    """

    dataset: SnapshotDataset
    measures: tuple[Measure, ...]
    members: tuple[Member, ...]
    groups: tuple[tuple[int, int], ...]
    span: Span
    zone: str
    by_day: bool = True
    most: int = 0
    of_most_subjects: bool = False

    @property
    def places(self) -> int:
        """How many there are for each entity (see ``compile_sums``)."""
        return self.span.days + 2 if self.by_day else PLACES_OF_WHOLE


class _Shape(msgspec.Struct, frozen=True):
    """All that decides the text.

    ``groups`` is how many there are. ``kept`` says that the daily rollup is in the zone, ``fresh`` that it
    lacks commits; ``bound`` names the values that are bound, in their order.
    """

    dataset: str
    measures: tuple[Measure, ...]
    groups: int
    zone: str
    by_day: bool
    most: int
    of_most_subjects: bool
    kept: bool
    fresh: bool
    bound: tuple[str, ...]


def compile_sums(sums: Sums, scope: Scope, dialect: Dialect, *, kept_zone: str, fresh: bool) -> Statement:
    """Columns: ``slot``, the measures, ``first``; rows in no order.

    A slot is an entity's number times the places that each has, plus a place. Places count the days of the span
    from 1; all days before it are at 0, all after it at the place behind its last. ``first`` is the row's first day
    with a reading that is no baseline; it counts like places, but on to days outside.

    With ``most`` they are ``entity`` and ``total``: of the first measure within the span, or of a level
    at its end. Found are at least the entities with the largest totals and all whose totals are 0 or
    less, so that those of which there are no facts can be put in their place.
    """
    if sums.most:
        columns: tuple[str, ...] = (_ENTITY, "total")
    else:
        columns = ("slot", *map(_name, sums.measures), "first")
    values = _values(sums, scope)
    shape = _Shape(
        dataset=sums.dataset.name,
        measures=sums.measures,
        groups=len(sums.groups),
        zone=sums.zone,
        by_day=sums.by_day,
        most=sums.most,
        of_most_subjects=sums.of_most_subjects,
        kept=sums.zone == kept_zone,
        fresh=fresh,
        bound=tuple(values),
    )
    return Statement(
        sql=_text(sums.dataset, dialect, shape),
        args=tuple(values.values()),
        columns=columns,
        scope=scope,
        purpose=f"{sums.dataset.name} by {'entity' if sums.most else 'day'}",
    )


def _values(sums: Sums, scope: Scope) -> dict[str, object]:
    """The values to bind; engines refuse those that a text has no place for."""
    values: dict[str, object] = {"organisation": scope.organisation_id, "before": sums.span.first - _DAY}
    if sums.most:
        values["after"] = sums.span.last + _DAY
        if _is_level(sums.measures[0]):
            del values["before"]
    else:
        values |= {"end": sums.span.days + 1, "places": sums.places}
    for number, (group, entity) in enumerate(sums.groups):
        values |= {f"group {number}": group, f"entity of group {number}": entity}
    if sums.members or not sums.groups:
        values["subjects"] = [member.subject for member in sums.members]
        values["entities"] = [member.entity for member in sums.members]
        if has_openings(sums.dataset):
            posted = [opening_window(member.posted_at) for member in sums.members]
            values["posted"] = [start for start, _ in posted]
            values["until"] = [end for _, end in posted]
    return values


def _name(measure: Measure) -> str:
    kind, level = measure
    return f"{kind}_{level}"


def _is_level(measure: Measure) -> bool:
    return measure[0] == "level"


_TYPES = {"before": "DATE", "after": "DATE", **dict.fromkeys(("subjects", "entities", "posted", "until"), "BIGINT[]")}
_texts = Texts()


def _text(dataset: SnapshotDataset, dialect: Dialect, shape: _Shape) -> str:
    return _texts.get((dialect.name, shape), _Writer(dataset, dialect, shape).text)


def merged(dataset: SnapshotDataset) -> str:
    """The last commit that the daily rollup holds."""
    return f"(SELECT coalesce(max(upto), 0) FROM merged_upto WHERE dataset = '{dataset.name}')"


class _Part(msgspec.Struct, frozen=True):
    """Facts of one table: expressions by their names, and where they are read from."""

    columns: dict[str, str]
    source: str

    def query(self) -> str:
        """The part by itself."""
        return f"SELECT {', '.join(f'{value} AS {name}' for name, value in self.columns.items())} {self.source}"


class _Writer(msgspec.Struct, frozen=True):
    """Writes the text of one shape."""

    dataset: SnapshotDataset
    dialect: Dialect
    shape: _Shape

    def text(self) -> str:
        """Every part under one aggregate."""
        return self._most() if self.shape.most else self._sums()

    def _most(self) -> str:
        """All of one rank or none, since what callers call them decides between them."""
        (measure,) = map(_name, self.shape.measures)
        facts = self._facts()
        total = self.dialect.sum(facts.columns[measure])
        totals = f"SELECT {facts.columns[_ENTITY]} AS entity, {total} AS total {facts.source} GROUP BY 1"
        ranks = f"SELECT entity, total, rank() OVER (ORDER BY total DESC) AS place FROM ({totals}) AS totals"
        return f"SELECT entity, total FROM ({ranks}) AS ranked WHERE place <= {self.shape.most} OR total <= 0"

    def _sums(self) -> str:
        facts = self._facts()
        place = facts.columns[_PLACE]
        columns = [
            # One key: engines group by two of them slower.
            f"{facts.columns[_ENTITY]} * {self._bound('places')} + {self._folded(place)} AS slot",
            *(f"{self.dialect.sum(facts.columns[name])} AS {name}" for name in map(_name, self.shape.measures)),
            f"min(CASE WHEN {facts.columns[READINGS]} > 0 THEN {place} END) AS first",
        ]
        return f"SELECT {', '.join(columns)} {facts.source} GROUP BY 1"

    def _facts(self) -> _Part:
        """All parts as one; engines plan the one that there mostly is faster without a query around it."""
        parts = list(self._parts())
        if len(parts) == 1:
            return parts[0]
        union = " UNION ALL ".join(map(_Part.query, parts))
        return _Part({name: f"facts.{name}" for name in parts[0].columns}, f"FROM ({union}) AS facts")

    def _folded(self, place: str) -> str:
        end = self._bound("end")
        if self.shape.by_day:
            return f"least(greatest({place}, 0), {end})"
        return f"CASE WHEN {place} <= 0 THEN 0 WHEN {place} >= {end} THEN 2 ELSE 1 END"

    def _parts(self) -> Iterator[_Part]:
        dataset = self.dataset
        if self.shape.groups:
            yield self._groups()
        if "subjects" not in self.shape.bound:
            return
        ledger_day = self.dialect.local_day(f"fact.{dataset.time_column}", self.shape.zone)
        if self.shape.kept:
            yield self._members(dataset.day_rollup, f"fact.{DAY}")
        if self.shape.fresh or not self.shape.kept:
            unmerged = f" AND fact.commit_id > {merged(dataset)}" if self.shape.kept else ""
            yield self._members(dataset.ledger, ledger_day, unmerged)

    def _groups(self) -> _Part:
        """A few groups are told apart by a condition: beside their few rows, a join would take most of the time."""
        groups = [self._bound(f"group {number}") for number in range(self.shape.groups)]
        entities = [self._bound(f"entity of group {number}") for number in range(self.shape.groups)]
        which = " ".join(f"WHEN {group} THEN {entity}" for group, entity in zip(groups, entities, strict=True))
        entity = f"CASE fact.group_id {which} END" if len(groups) > 1 else entities[0]
        table = self.dataset.group_rollup
        among = f"fact.group_id IN ({', '.join(groups)})"
        return _Part(
            self._columns(entity, f"fact.{DAY}", table),
            f"FROM {table} AS fact WHERE {self._own('fact')} AND {among}",
        )

    def _members(self, table: str, day: str, condition: str = "") -> _Part:
        if self.shape.most:
            condition += self._within(day)
        facts, own = f"{table} AS fact", f" WHERE {self._own('fact')}{condition}"
        if self.shape.most and self.shape.of_most_subjects:
            facts, own = f"({self._by_subject(facts, own)}) AS fact", ""
        lists = {"key": "subjects", "entity": "entities"}
        if has_openings(self.dataset):
            lists |= {"posted": "posted", "until": "until"}
        members = self.dialect.zipped({column: self._bound(name) for column, name in lists.items()})
        matched = f"members.key = fact.{self.dataset.subject}"
        return _Part(
            self._columns("members.entity", day, table),
            f"FROM {facts} INNER JOIN {members} AS members ON {matched}{own}",
        )

    def _columns(self, entity: str, day: str, table: str) -> dict[str, str]:
        """What a part gives: whose facts they are, what is summed, and unless all days are one, when."""
        columns = {
            _ENTITY: entity,
            **{_name(measure): self._measure(*measure, table) for measure in self.shape.measures},
        }
        if not self.shape.most:
            columns[_PLACE] = self.dialect.days_between(self._bound("before"), day)
            columns[READINGS] = self._if_counted(READINGS, table)
        return columns

    def _by_subject(self, facts: str, own: str) -> str:
        """Sums of every subject under the names of what is summed: a join of millions of days is what takes longest."""
        ((kind, level),) = self.shape.measures
        keys = [self.dataset.subject, *([OPENED_AT] if has_openings(self.dataset) else [])]
        sums = [f"{part}_{level}" for part in (("new", "set") if kind == "level" else (kind,))]
        columns = [*(f"fact.{one} AS {one}" for one in keys), *(f"sum(fact.{one}) AS {one}" for one in sums)]
        return f"SELECT {', '.join(columns)} FROM {facts}{own} GROUP BY {', '.join(f'fact.{one}' for one in keys)}"

    def _within(self, day: str) -> str:
        begun = "" if _is_level(self.shape.measures[0]) else f" AND {day} > {self._bound('before')}"
        return f"{begun} AND {day} < {self._bound('after')}"

    def _measure(self, kind: str, level: str, table: str) -> str:
        if kind == "level":
            return f"fact.new_{level} + fact.set_{level}"
        return self._if_counted(f"new_{level}", table) if kind == "new" else f"fact.{kind}_{level}"

    def _if_counted(self, measure: str, table: str) -> str:
        """First readings count only where their entity was posted shortly before; in groups that is settled."""
        if not has_openings(self.dataset) or table == self.dataset.group_rollup:
            return f"fact.{measure}"
        opened = f"fact.{OPENED_AT}"
        recent = f"{opened} >= members.posted AND {opened} <= members.until"
        return f"CASE WHEN {opened} = {NOT_OPENING} OR ({recent}) THEN fact.{measure} ELSE 0 END"

    def _own(self, table: str) -> str:
        return f"{table}.organisation_id = {self._bound('organisation')}"

    def _bound(self, name: str) -> str:
        return self.dialect.placeholder(self.shape.bound.index(name), _TYPES.get(name, "BIGINT"))
