"""The filters of a page of reports: what its address says, as questions, as the API's parameters, as fields.

A page takes what its types take. Days are whole and UTC's, and a period holds today, as
everywhere in the console: the API, whose ``days`` are those before today, is asked for one
day less, except for series, which have a row for each of its ``days``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, field

from headwater.console.ads import periods
from headwater.console.ads.periods import Chosen, Preset
from headwater.console.charts import Downloads
from headwater.console.decisions.reports_of import REPORTS
from headwater.control.decisions.book import Book, Named
from headwater.errors import InvalidRequest, NotFound
from headwater.query.decisions.dashboard import (
    GROUPINGS,
    MOST_DAYS,
    TAKES,
    DashboardQuestion,
    DashboardType,
    Grouping,
)
from headwater.surfaces._http.problems import Problems

_PATH: Final = "/api/v1/dashboard-data"
_KINDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "segmentId": ("segment", "segment", "Segment"),
    "channelId": ("channel", "channel", "Channel"),
    "categoryId": ("category", "category", "Category"),
    "decisionFlowId": ("flow", "decision_flow", "Decision flow"),
    "modelId": ("model", "algorithm_model", "Model"),
    "offerId": ("offer", "offer", "Offer"),
}
"""Filters that name an entity: the question's field, the kind, and the label."""
_ALL: Final[Mapping[str, str]] = {
    "segmentId": "All customers",
    "channelId": "All channels",
    "categoryId": "All categories",
    "decisionFlowId": "All flows",
    "modelId": "The one measured last",
    "offerId": "Choose an offer",
}
_BASELINES: Final = (7, 14, 30, 60, 90, 180, 365)
MOST_CHOICES: Final = 200
Id = Annotated[str, Meta(max_length=64)]


class ReportsQuery(Downloads, frozen=True, kw_only=True, rename="camel"):
    """What the address says; the names are those of the API."""

    period: Preset = "last_30_days"
    frm: str = field(name="from", default="")
    segment_id: Id = ""
    channel_id: Id = ""
    category_id: Id = ""
    decision_flow_id: Id = ""
    model_id: Id = ""
    offer_id: Id = ""
    filter_id: Id = ""
    group_by: Annotated[str, Meta(max_length=16)] = ""
    baseline_days: Annotated[str, Meta(max_length=9)] = ""


class Choice(msgspec.Struct, frozen=True):
    """A field of the filters: options are values with their labels."""

    name: str
    label: str
    options: list[tuple[str, str]]
    value: str
    more: bool = False


def since(query: ReportsQuery, today: date) -> Chosen:
    """The period, which ends today."""
    chosen = periods.choose(query.period, query.frm, str(today) if query.frm.strip() else "", today)
    if not 1 < chosen.days <= MOST_DAYS:
        first, last = today - timedelta(days=MOST_DAYS - 1), today - timedelta(days=1)
        raise InvalidRequest(f"'from' is a day from {first} to {last}.", field="from", allowed=f"{first} to {last}")
    return chosen


class Asked:
    """A page's filters, checked against the organisation's entities.

    Raises ``InvalidRequest`` for what cannot be, ``NotFound`` for an id that the
    organisation does not have.
    """

    def __init__(self, query: ReportsQuery, types: Iterable[DashboardType], chosen: Chosen, book: Book) -> None:
        self._types = tuple(types)
        self._chosen = chosen
        self._book = book
        given: dict[str, str] = {name: value for name, value in msgspec.to_builtins(query).items() if value}
        taken = frozenset[str]().union(*(TAKES.get(one, frozenset()) for one in self._types))
        self.given = {name: value for name, value in given.items() if name in taken}
        self._taken = taken
        self._check()

    def _check(self) -> None:
        problems = Problems()
        if "groupBy" in self.given:
            problems.choice("groupBy", self.given["groupBy"], self._groupings)
        if "baselineDays" in self.given:
            problems.number("baselineDays", self.given["baselineDays"], range(1, MOST_DAYS + 1))
        problems.refuse()
        for name, (_, kind, _) in _KINDS.items():
            if name in self.given:
                self._number(kind, name)
        if "filterId" in self.given and not self._narrows():
            del self.given["filterId"]

    @property
    def _groupings(self) -> tuple[Grouping, ...]:
        return next((GROUPINGS[one] for one in self._types if one in GROUPINGS), ())

    @property
    def _grouped_by(self) -> str:
        return self.given.get("groupBy", "")

    def _narrows(self) -> bool:
        """Whether the one to which scores are narrowed is of the grouping; one left over from another is not."""
        kinds = [kind for kind in self._groupings if self._book.find(kind, self.given["filterId"]) is not None]
        if not kinds:
            raise NotFound("There is no such channel, offer or category.", field="filterId")
        return self._grouped_by in kinds

    def _number(self, kind: str, name: str) -> int:
        number = self._book.find(kind, self.given[name])
        if number is None:
            raise NotFound(f"There is no {kind.replace('_', ' ')} '{self.given[name]}'.", field=name)
        return number

    def question(self, kind: DashboardType) -> DashboardQuestion | None:
        """What is asked of this type; None while it lacks the offer that it is about."""
        given = self._parameters(kind)
        if kind == "why_not_ranked" and "offerId" not in given:
            return None
        numbers = {what: self._number(of, name) for name, (what, of, _) in _KINDS.items() if name in given}
        grouping = next((one for one in GROUPINGS.get(kind, ()) if one == given.get("groupBy")), None)
        if kind == "offer_performance_grouped":
            grouping = grouping or "channel"
        only = self._number(grouping, "filterId") if grouping and "filterId" in given else None
        days = self._days(kind)
        baseline = int(given.get("baselineDays", days))
        return DashboardQuestion(kind, days, baseline, grouping, only, **numbers)

    def path(self, kind: DashboardType) -> str:
        """The path of the API that gives the same figures."""
        timed = {"days": str(self._days(kind))} if REPORTS[kind].timed else {}
        return f"{_PATH}?{urlencode({'type': kind, **timed, **self._parameters(kind)})}"

    def apart(self, kind: DashboardType) -> list[str]:
        """Labels of filters that are set but that this type does not take."""
        return [label.lower() for name, (_, _, label) in _KINDS.items() if name in self.given.keys() - self._of(kind)]

    def _of(self, kind: DashboardType) -> dict[str, str]:
        return {name: value for name, value in self.given.items() if name in TAKES.get(kind, frozenset())}

    def _parameters(self, kind: DashboardType) -> dict[str, str]:
        """What the API is asked with; a baseline is as long as people see the period to be."""
        given = self._of(kind)
        if kind == "anomaly_candidates":
            given.setdefault("baselineDays", str(self._chosen.days))
        return given

    def _days(self, kind: DashboardType) -> int:
        return self._chosen.days if REPORTS[kind].series else self._chosen.days - 1

    @property
    def choices(self) -> list[Choice]:
        """The fields of the page's filters."""
        return [*self._entity_choices(), *self._other_choices()]

    def _entity_choices(self) -> Iterator[Choice]:
        for name, (_, kind, label) in _KINDS.items():
            if name in self._taken:
                yield self._choice(name, kind, label, _ALL[name])

    def _other_choices(self) -> Iterator[Choice]:
        if "groupBy" in self._taken:
            kinds: list[tuple[str, str]] = [(one, f"By {one}") for one in self._groupings]
            yield Choice("groupBy", "Grouped", kinds, self._grouped_by or self._groupings[0])
        if "filterId" in self._taken and self._grouped_by:
            yield self._choice("filterId", self._grouped_by, "Scores of", "All of them")
        if "baselineDays" in self._taken:
            value = self.given.get("baselineDays", "")
            days = sorted({*_BASELINES, *([int(value)] if value else [])})
            options = [("", "As many days before"), *((str(one), f"{one} days before") for one in days)]
            yield Choice("baselineDays", "Compared with", options, str(int(value)) if value else "")

    def _choice(self, name: str, kind: str, label: str, otherwise: str) -> Choice:
        return choice(name, label, otherwise, named(self._book, kind), self.given.get(name, ""))


def named(book: Book, kind: str) -> Iterable[Named]:
    """All entities of a kind that can be filtered by."""
    every: Mapping[str, Mapping[int, Named]] = {
        "offer": book.offers,
        "channel": book.channels,
        "category": book.categories,
        "segment": book.segments,
        "decision_flow": book.flows,
        "algorithm_model": book.models,
    }
    return every[kind].values()


def choice(name: str, label: str, otherwise: str, entities: Iterable[Named], value: str) -> Choice:
    """A field in which one of the entities is chosen: those not archived, and the one that is chosen."""
    known = sorted((one.name.casefold(), one.id, one.name) for one in entities if not one.archived or one.id == value)
    kept = [(public_id, words) for _, public_id, words in known[:MOST_CHOICES]]
    kept += [(public_id, words) for _, public_id, words in known[MOST_CHOICES:] if public_id == value]
    return Choice(name, label, [("", otherwise), *kept], value, len(known) > MOST_CHOICES)
