"""Rows about one customer, or one recommendation, as the values that deciding reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from headwater.catalogue.model import FRACTION, MONEY
from headwater.kit.ids import base62, read_base62
from headwater.query.decisions.compile import CONTACT, MEMBER, SUPPRESSION
from headwater.query.decisions.state import (
    Contact,
    CustomerState,
    OfferRecord,
    Suppression,
    Trace,
    TraceOffer,
)
from headwater.storage.port import Row
from headwater.storage.schema import AMOUNT_SCALE

_PREFIX = "dt_"


def customer_state(rows: Iterable[Row], customer_id: str) -> CustomerState:
    """The customer's contacts, suppressions and segments, each row of one kind."""
    contacts: list[Contact] = []
    suppressions: list[Suppression] = []
    segments: set[int] = set()
    for kind, customer, offer, channel, at, times, policy_type, expires_at, segment in rows:
        if customer != customer_id:
            continue
        if kind == CONTACT:
            contacts += [Contact(offer, channel, at)] * times
        elif kind == SUPPRESSION:
            suppressions.append(Suppression(offer, channel, policy_type, expires_at))
        elif kind == MEMBER:
            segments.add(segment)
    return CustomerState(tuple(contacts), tuple(suppressions), frozenset(segments))


def offer_records(rows: Iterable[Row]) -> dict[int, OfferRecord]:
    """Each offer's interactions of all time."""
    return {
        offer: OfferRecord(impressions, positive, Decimal(cost) / MONEY.scale)
        for offer, impressions, positive, cost in rows
    }


def trace_id(number: int, record_id: str) -> str:
    """The id by which callers know a trace: their own, or one made of its number.

    >>> trace_id(62, ""), trace_id(62, "mine")
    ('dt_10', 'mine')
    """
    return record_id or f"{_PREFIX}{base62(number)}"


def trace_number(public_id: str) -> int | None:
    """The number that an id was made of, if it was."""
    number = read_base62(public_id.removeprefix(_PREFIX)) if public_id.startswith(_PREFIX) else None
    return number if number is not None and number < 2**63 else None


def traces(heads: Sequence[Row], offers: Iterable[Row]) -> tuple[Trace, ...]:
    """Traces in the order of ``heads``, each with its offers."""
    by_trace: dict[int, list[TraceOffer]] = {}
    for (
        number,
        offer,
        candidate,
        qualified,
        reason,
        permitted,
        policy,
        score,
        rank,
        model,
        selected,
        creative,
    ) in offers:
        by_trace.setdefault(number, []).append(
            TraceOffer(
                offer=offer,
                candidate=candidate,
                qualified=qualified,
                reason=reason,
                permitted=permitted,
                policy_type=policy,
                score=None if score is None else score / FRACTION.scale,
                rank=rank,
                model=model,
                selected=selected,
                creative=creative,
            )
        )
    return tuple(
        Trace(
            number=number,
            id=trace_id(number, record_id),
            at=at,
            customer_id=customer,
            channel=channel,
            flow=flow,
            request_id=request,
            degraded=bool(degraded),
            latency_ms=None if latency is None else latency / AMOUNT_SCALE,
            offers=tuple(by_trace.get(number, ())),
        )
        for at, number, record_id, customer, channel, flow, request, degraded, latency in heads
    )
