"""The one form in which any metric of any surface is asked, as JSON or as a value. Pure.

Periods are whole days, both ends included, in the zone of the metric's family: creators in the
organisation's, all others UTC. A question is canonical when its period is absolute and its entities
are ids; asked again it gives the same figures while the facts stay the same.

>>> question = read('{"metrics": ["impressions"], "entity": {"kind": "creative"}, "limit": 5}')
>>> canonical(question)
'{"entity":{"kind":"creative","ids":"all"},"metrics":["impressions"],"limit":5}'
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from headwater.catalogue.asked import FAMILY_OF, Family, Kind
from headwater.errors import InvalidRequest

Granularity = Literal["day", "week", "month"]
Breakdown = Literal[
    "workspace",
    "campaign",
    "creative_group",
    "creative",
    "domain",
    "dsp",
    "project",
    "creator_campaign",
    "creator",
    "video",
    "offer",
    "channel",
    "category",
]
Report = Literal["budgets", "selection", "why_not_ranked", "anomalies"]
Id = int | str
MOST_ROWS = 1000


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all parts of a question have in common: an unknown field is refused."""


class Period(_Part, frozen=True):
    """From one day to another, both included."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")


class Entities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entities of one kind by the ids that callers know; ``all`` that the organisation has."""

    kind: Kind
    ids: tuple[Id, ...] | Literal["all"] = "all"


class Only(_Part, frozen=True):
    """Leaves what has one of these values: names of domains and DSPs, ids of channels, offers and categories."""

    dimension: Literal["domain", "dsp", "channel", "offer", "category"]
    values: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=100)]


class Having(_Part, frozen=True):
    """Leaves rows whose metric meets a bound; a rate's is in its unit, so 1.5 is 1.5 %."""

    metric: str
    op: Literal[">", ">=", "<", "<=", "="]
    value: float


class Order(_Part, frozen=True):
    """By which metric rows are ordered."""

    by: str
    direction: Literal["desc", "asc"] = "desc"


class MetricQuestion(_Part, frozen=True):
    """Metrics of entities over a period.

    ``entity.kind`` decides the family and so which metrics there are. Without ``breakdown`` all entities
    make one total; with ``granularity`` there is one row a bucket. ``compare`` adds the figures of another
    period to each row. Without ``period`` it is all time, which only ad events have. A ``report`` of
    decisions has columns of its own and takes no metrics.
    """

    entity: Entities
    metrics: Annotated[tuple[str, ...], msgspec.Meta(max_length=20)] = ()
    period: Period | None = None
    granularity: Granularity | None = None
    breakdown: Breakdown | None = None
    compare: Period | None = None
    only: tuple[Only, ...] = ()
    having: tuple[Having, ...] = ()
    order: Order | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)] | None = None
    report: Report | None = None

    @property
    def family(self) -> Family:
        """Of the kind of its entities."""
        return FAMILY_OF[self.entity.kind]


def read(text: str | bytes) -> MetricQuestion:
    """The question that a JSON text holds; ``InvalidRequest`` says what is wrong with it."""
    try:
        return msgspec.json.decode(text, type=MetricQuestion)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The metric question is not as it should be: {error}.", field="query") from None
    except msgspec.DecodeError:
        raise InvalidRequest(
            "The metric question is not JSON.",
            field="query",
            allowed='an object such as {"metrics": ["impressions"], "entity": {"kind": "creative"}}',
        ) from None


def canonical(question: MetricQuestion) -> str:
    """The question as compact JSON, its fields always in the same order."""
    return msgspec.json.encode(question).decode()
