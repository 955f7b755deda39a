"""Marks what creators' figures have reached: a campaign's target, and days with more new views than any before.

Only whole days count, by the clock of the organisation. Each thing is told once, however
often the job runs; all figures come from the series engine. A target is marked on the
last second of the day that reached it, a record at the noon of its day: noon
is on the same day in the neighbouring zones that somebody may ask in, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select

from headwater.catalogue.series import EntityKind, Mode
from headwater.control import Control
from headwater.control.annotations.auto import record_day, target_key, target_reached
from headwater.control.annotations.models import Annotation
from headwater.control.creators.models import Campaign
from headwater.control.creators.roster import Roster
from headwater.kit.clock import Clock
from headwater.kit.zones import DAY, local_date, midnight
from headwater.query.series.question import Grid, SeriesQuestion, Span
from headwater.query.series.run import SeriesAnswer, SeriesEngine
from headwater.scope import Scope

KNOWN_DAYS: Final = 14
"""So many days must be known before one can be a record."""
# A reading of a day may come in on the day after it.
_LOOKED_AT: Final = 2
_IDS: Final = 10
_WINDOW: Final = 366
_LAST_SECOND = timedelta(seconds=1)
_NOON = timedelta(hours=12)

Values = Sequence[int | float | None]


class Record(NamedTuple):
    """A day, and the new views that it brought."""

    day: date
    views: int


class Milestones:
    """The milestones of all organisations."""

    def __init__(self, control: Control, series: SeriesEngine, clock: Clock) -> None:
        self._control = control
        self._series = series
        self._clock = clock

    async def mark(self, organisation_id: int) -> None:
        """Mark what an organisation has reached by the end of its yesterday."""
        scope = await self._control.access.operator_scope(organisation_id)
        generation = self._series.roster_generation(scope)
        roster = await self._control.rosters.get(organisation_id)
        today = local_date(self._clock().replace(tzinfo=None), roster.zone)
        figures = _Figures(self._series, scope, roster, generation, today)
        targets = await self._open_targets(organisation_id)
        reached = await _reached(figures, targets)
        records = [(kind, *found) for kind in _KINDS for found in await _records(figures, kind)]
        if not reached and not records:
            return
        async with self._control.unit_of_work() as unit:
            for campaign, day in reached.items():
                at = _in_utc(midnight(day + DAY, roster.zone) - _LAST_SECOND)
                await target_reached(unit.session, organisation_id, campaign, targets[campaign], at)
            for kind, number, record in records:
                at = _in_utc(midnight(record.day, roster.zone) + _NOON)
                await record_day(unit.session, organisation_id, (kind, number), record.day, record.views, at)

    async def _open_targets(self, organisation_id: int) -> Mapping[int, int]:
        """The targets of campaigns that have not been told to be reached."""
        wanted = select(Campaign.id, Campaign.target_views).where(
            Campaign.organisation_id == organisation_id, Campaign.target_views > 0
        )
        told = select(Annotation.dedupe_key).where(
            Annotation.organisation_id == organisation_id, Annotation.kind == "target_reached"
        )
        async with self._control.reading() as session:
            known = set(await session.scalars(told))
            rows = (await session.execute(wanted.order_by(Campaign.id))).all()
        return {number: target for number, target in rows if target and target_key(number, target) not in known}


class _Figures:
    """The views of one organisation's creators and campaigns up to yesterday."""

    def __init__(self, series: SeriesEngine, scope: Scope, roster: Roster, generation: int, today: date) -> None:
        self.roster = roster
        self.yesterday = today - DAY
        self._series = series
        self._scope = scope
        self._generation = generation
        self._today = today

    async def of(self, kind: EntityKind, ids: Sequence[int], span: Span, mode: Mode) -> SeriesAnswer:
        """Views by day of at most ten."""
        question = SeriesQuestion("views", mode, kind, tuple(ids), span, Grid("day"), self.roster.zone, self._today)
        return await self._series.ask(question, self.roster, self._scope, self._generation)


_KINDS: Final[tuple[EntityKind, ...]] = ("creator", "campaign")


async def _reached(figures: _Figures, targets: Mapping[int, int]) -> dict[int, date]:
    """For each campaign that has had its target, the first day at whose end it had."""
    found: dict[int, date] = {}
    span = next(_back_from(figures.yesterday))
    for ids in _batches(list(targets)):
        answer = await figures.of("campaign", ids, span, "cumulative")
        for campaign, line in zip(ids, answer.main, strict=True):
            place = _first_at(line.values, targets[campaign])
            if place is not None:
                earlier = None if place else await _reached_before(figures, campaign, targets[campaign], span.first)
                found[campaign] = earlier or span.first + place * DAY
    return found


async def _reached_before(figures: _Figures, campaign: int, target: int, day: date) -> date | None:
    """The same for one campaign and the days before ``day``, on which it had its target already; None: on none."""
    found = None
    for span in _back_from(day - DAY):
        (line,) = (await figures.of("campaign", [campaign], span, "cumulative")).main
        place = _first_at(line.values, target)
        if place is None:
            return found
        found = span.first + place * DAY
        if place:
            return found
    return found


def _first_at(levels: Values, target: int) -> int | None:
    return next((place for place, level in enumerate(levels) if level is not None and level >= target), None)


async def _records(figures: _Figures, kind: EntityKind) -> list[tuple[int, Record]]:
    """The last days that brought more than any before them, with whose days they are."""
    span = Span(figures.yesterday - (KNOWN_DAYS + _LOOKED_AT - 1) * DAY, figures.yesterday)
    high: dict[int, list[Record]] = {}
    for ids in _batches(figures.roster.numbers(kind)):
        answer = await figures.of(kind, ids, span, "new")
        for number, line in zip(ids, answer.main, strict=True):
            if records := list(_highest_of(line.values, span.first)):
                high[number] = records
    found: list[tuple[int, Record]] = []
    for ids in _batches(list(high)):
        before = await _most_before(figures, kind, ids, span.first)
        found += [(number, one) for number in ids for one in high[number] if one.views > before[number]]
    return found


def _highest_of(values: Values, first: date) -> Iterator[Record]:
    """Of the last days those that are above all before them, where enough of these are known.

    >>> list(_highest_of([*range(14), 99, 40], date(2026, 3, 1)))
    [Record(day=datetime.date(2026, 3, 15), views=99)]
    """
    for place in range(KNOWN_DAYS, len(values)):
        value, before = values[place], values[:place]
        if value is not None and before[-KNOWN_DAYS] is not None and value > max(map(_gained, before)):
            yield Record(first + place * DAY, int(value))


async def _most_before(figures: _Figures, kind: EntityKind, ids: Sequence[int], day: date) -> dict[int, float]:
    """The most that a day before ``day`` brought each."""
    most: dict[int, float] = dict.fromkeys(ids, 0)
    for span in _back_from(day - DAY):
        answer = await figures.of(kind, ids, span, "new")
        for number, line in zip(ids, answer.main, strict=True):
            most[number] = max(most[number], *map(_gained, line.values))
        if answer.first_data is None or answer.first_data >= span.first:
            break
    return most


def _gained(value: float | None) -> float:
    return max(value or 0, 0)


def _back_from(last: date) -> Iterator[Span]:
    """Years, the last one first, without end."""
    while True:
        yield Span(last - (_WINDOW - 1) * DAY, last)
        last -= _WINDOW * DAY


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(numbers), _IDS):
        yield numbers[first : first + _IDS]


def _in_utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)
