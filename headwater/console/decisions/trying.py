"""Try a recommendation: the form, and what the recommender of the API answers, with each candidate's way.

A try decides in earnest, as the API has no other way to: its trace is stored, and where the
channel is implicit an impression for each offer. A form that is sent twice decides once.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console import charts
from headwater.console.decisions import filters
from headwater.console.decisions.tabs import tabs
from headwater.console.decisions.ways import METHODS, RANKED, Story, story
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import render
from headwater.control.decisions.book import Book
from headwater.decisioning.recommend import Recommendation, Sent, Wanted
from headwater.errors import HeadwaterError, InvalidRequest, NotFound
from headwater.kit.ids import new_id
from headwater.query.decisions.customers import trace_id
from headwater.surfaces._http.endpoint import WRITE, Call, Reply, Typed

PATH: Final = "/decisions/try"
_API: Final = "/api/v1/recommend"
# A "$" alone would let a line end follow.
_PLAIN: Final = r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)"
_LINES: Final = 200
FIELDS: Final = (
    "customerId",
    "channelId",
    "placement",
    "decisionFlowKey",
    "limit",
    "segments",
    "excludeOffers",
    "attributes",
)
_Id = Annotated[str, Meta(min_length=1, max_length=64)]


class TryForm(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """For whom, where and with what; the names are those of the API. ``request`` tells one try from the next."""

    customer_id: Annotated[str, Meta(min_length=1, max_length=128, pattern=_PLAIN)]
    channel_id: _Id
    request: Annotated[str, Meta(min_length=1, max_length=64, pattern=_PLAIN)]
    placement: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    decision_flow_key: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 5
    segments: Annotated[list[_Id], Meta(max_length=1000)] = []
    exclude_offers: Annotated[list[_Id], Meta(max_length=10000)] = []
    attributes: Annotated[str, Meta(max_length=16384)] = ""


class Tried(msgspec.Struct, frozen=True):
    """What is remembered of an answer under its key, beside its trace; ``shown`` are impressions written."""

    trace: str
    recommendation: str
    method: str
    warnings: tuple[str, ...]
    shown: int


async def try_it(call: Call[Any, bytes]) -> Reply:
    """The form."""
    return await _page(call, Shown())


async def recommend(call: Call[Any, TryForm]) -> Reply:
    """Decide, and show how. This is no page to come back to: the trace is, to which it leads."""
    wanted = _wanted(call.body)
    sent = Sent(f"console-{call.body.request}", call.raw)
    note = await call.services.recommender.recommend_once(wanted, sent, _noted, call.scope)
    tried = msgspec.json.decode(note, type=Tried)
    found = await call.services.decisions.trace(tried.trace, call.scope)
    if found is None:
        raise NotFound("The trace of this recommendation is no longer there.")
    book = await call.services.control.books.get(call.scope.organisation_id)
    return await _page(call, Shown(_typed(call.body)), tried, story(found, book), _curl(call, wanted))


async def refused(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await _page(call, Shown(call.body, error))


async def _page(
    call: Call[Any, Any], shown: Shown, tried: Tried | None = None, told: Story | None = None, curl: str = ""
) -> Reply:
    book = await call.services.control.books.get(call.scope.organisation_id)
    return await render(
        call,
        "decisions/try.html",
        title="Try a recommendation",
        status=shown.status,
        tabs=tabs(call),
        shown=shown,
        fields=FIELDS,
        request=new_id("try"),
        channels=_channels(book),
        flows=[("", "That of the channel and placement"), *_flows(book)],
        segments=_boxes(book, "segment"),
        offers=_boxes(book, "offer"),
        tried=tried,
        told=told,
        method=METHODS.get(tried.method, tried.method) if tried else "",
        scored=told is not None and any(step.label == RANKED and step.count for step in told.steps),
        curl=curl,
    )


def _channels(book: Book) -> list[tuple[str, str]]:
    active = sorted((one for one in book.channels.values() if one.active), key=lambda one: one.name.casefold())
    counts = " – showing counts at once"
    return [(one.id, f"{one.name}{counts if one.impression_mode == 'implicit' else ''}") for one in active]


def _flows(book: Book) -> list[tuple[str, str]]:
    return [(one.key, one.name) for one in book.flows.values() if one.active]


def _boxes(book: Book, kind: str) -> list[tuple[str, str, bool]]:
    active = [one for one in filters.named(book, kind) if one.active]
    return [(one.id, one.name, False) for one in sorted(active, key=lambda one: one.name.casefold())][
        : filters.MOST_CHOICES
    ]


def _wanted(body: TryForm) -> Wanted:
    return Wanted(
        customer_id=body.customer_id,
        channel_id=body.channel_id,
        placement=body.placement,
        limit=body.limit,
        segments=tuple(body.segments),
        attributes=read_attributes(body.attributes),
        exclude_offers=tuple(body.exclude_offers),
        flow_key=body.decision_flow_key,
    )


def read_attributes(text: str) -> dict[str, Any]:
    """Attributes from lines of a name and a value: numbers, truth values and lists as JSON has them, else texts.

    >>> read_attributes("income = 24000\\nowns_home = true\\ncity = Oslo")
    {'income': 24000, 'owns_home': True, 'city': 'Oslo'}
    """
    found: dict[str, Any] = {}
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) > _LINES:
        raise InvalidRequest(f"There are more than {_LINES} lines.", field="attributes", allowed=f"{_LINES} lines")
    for line in lines:
        name, equals, value = (part.strip() for part in line.partition("="))
        if not name or not equals:
            raise InvalidRequest(
                f"This is no attribute: {line[:64]!r}. Write a name, “=” and a value on each line.",
                field="attributes",
                allowed="income = 24000",
            )
        if name in found:
            raise InvalidRequest(f"{name[:64]!r} is there twice.", field="attributes", allowed="each name once")
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _noted(found: Recommendation) -> bytes:
    return msgspec.json.encode(
        Tried(
            trace_id(found.number, ""),
            found.id,
            found.decision.method,
            found.warnings,
            len(found.items) if found.channel.impression_mode == "implicit" else 0,
        )
    )


def _typed(body: TryForm) -> dict[str, list[str]]:
    """What was sent, so that it can be changed and sent again."""
    sent = msgspec.to_builtins(body)
    return {
        name: [str(one) for one in value] if isinstance(value, list) else [str(value)]
        for name, value in sent.items()
        if value is not None
    }


def _curl(call: Call[Any, Any], wanted: Wanted) -> str:
    asked = {
        "customerId": wanted.customer_id,
        "channelId": wanted.channel_id,
        "placement": wanted.placement,
        "decisionFlowKey": wanted.flow_key,
        "limit": wanted.limit,
        "segments": list(wanted.segments),
        "excludeOffers": list(wanted.exclude_offers),
        "attributes": dict(wanted.attributes),
        "debug": True,
    }
    body = msgspec.json.encode({name: value for name, value in asked.items() if value not in (None, [], {})}).decode()
    return charts.curl(call, _API) + f" \\\n  -H 'Content-Type: application/json' -d {charts.quoted(body)}"


ENDPOINTS = [
    page(PATH, try_it, WRITE, "Try a recommendation"),
    form(PATH, recommend, WRITE, "Recommend offers to a customer", TryForm, refused),
]
