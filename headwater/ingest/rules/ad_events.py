"""Rules of ad events: event names, which events carry a value or a component, and whose component it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.ads import AD_EVENTS, COMPONENT_EVENTS
from headwater.catalogue.model import SumValue
from headwater.ingest.problems import Entities, Known, Problem, always
from headwater.ingest.rules.settled import Settled
from headwater.kit.suggest import did_you_mean

EVENTS = tuple(metric.formula.event for metric in AD_EVENTS.metrics)
VALUE_EVENTS = tuple(metric.formula.event for metric in AD_EVENTS.metrics if isinstance(metric.formula, SumValue))

_ALL = pa.array(EVENTS)
_WITH_VALUE = pa.array(VALUE_EVENTS)
_OF_COMPONENTS = pa.array(sorted(COMPONENT_EVENTS))

_VALUE_MISSING = f"value is required for the events {', '.join(VALUE_EVENTS)}."
_VALUE_UNWANTED = f"value must be absent; only the events {', '.join(VALUE_EVENTS)} have one."
_COMPONENT_MISSING = f"component_id is required for the events {', '.join(sorted(COMPONENT_EVENTS))}."


def problems(columns: pa.RecordBatch, known: Known) -> Iterator[Problem]:
    """What breaks the rules; absent values are null. A batch without values or components is not searched for them."""
    event, value, component = columns["event"], columns["value"], columns["component_id"]
    named = set(pc.unique(event).to_pylist()) - {None}
    listed = pc.is_in(event, _ALL)
    if named.difference(EVENTS):
        yield Problem(pc.and_(event.is_valid(), pc.invert(listed)), "event", _unknown_event)
    if value.null_count < len(value) or named.intersection(VALUE_EVENTS):
        wanted = pc.is_in(event, _WITH_VALUE)
        yield Problem(pc.and_not(wanted, value.is_valid()), "value", always(_VALUE_MISSING))
        # An event that is unknown is told so once, not also that it takes no value.
        yield Problem(pc.and_(value.is_valid(), pc.and_not(listed, wanted)), "value", always(_VALUE_UNWANTED))
    if component.null_count < len(component) or named & COMPONENT_EVENTS:
        wanted = pc.is_in(event, _OF_COMPONENTS)
        yield Problem(pc.and_not(wanted, component.is_valid()), "component_id", always(_COMPONENT_MISSING))
        yield Problem(_foreign_components(columns, known.entities), "component_id", _component_elsewhere)


def settle(columns: pa.RecordBatch, _: Known, __: datetime) -> Settled:
    """Component kept only with component events: all others count once per session, whichever component was shown."""
    component = columns["component_id"]
    if component.null_count == len(component):
        return Settled(columns)
    kept = pc.if_else(pc.is_in(columns["event"], _OF_COMPONENTS), component, pa.scalar(None, pa.int64()))
    return Settled(columns.set_column(columns.schema.get_field_index("component_id"), "component_id", kept))


def _foreign_components(columns: pa.RecordBatch, entities: Entities) -> pa.Array:
    """Components that the row's creative does not have; rows whose creative is unknown are told only that."""
    component, creative = columns["component_id"], columns["creative_id"]
    distinct = pc.unique(component).drop_null()
    owners = pa.array([entities.component_owner(one) for one in distinct.to_pylist()], pa.int64())
    owner = owners.take(pc.index_in(component, distinct))
    own = pc.fill_null(pc.equal(owner, creative), False)
    known = pa.array([one in entities.creative_ids for one in creative.to_pylist()])
    return pc.and_(pc.and_(component.is_valid(), pc.invert(own)), known)


def _unknown_event(value: str) -> str:
    return f"'{value}' is not an event.{did_you_mean(value, EVENTS)} Allowed: {', '.join(EVENTS)}."


def _component_elsewhere(value: int) -> str:
    return f"component_id {value} is not a component of the creative."
