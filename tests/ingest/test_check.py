"""Each rule of the contract refuses its record, names the field, and lets all others pass."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.decisions import INTERACTIONS
from headwater.ingest.check import check
from headwater.ingest.decode import decode
from headwater.ingest.records import Decoded
from headwater.ingest.rules.ad_events import EVENTS, VALUE_EVENTS
from headwater.storage.schema import arrow_schema

from .samples import KNOWN, LIMIT, NOW, event, faults, ndjson, read


def checked(*records: dict[str, object]) -> Decoded:
    return check(read(ndjson(records)), AD_EVENTS, KNOWN, NOW)


def test_good_records_are_settled_as_they_are_stored() -> None:
    decoded = checked(event(), event(event="seconds_in_view", value=1.5, domain="a.com", id="r1"))
    assert decoded.rows.schema.equals(arrow_schema(AD_EVENTS))
    assert all(column.null_count == 0 for column in decoded.rows.columns)
    first, second = decoded.rows.to_pylist()
    assert (first["value"], first["domain"], first["component_id"], first["record_id"]) == (0, "", 0, "")
    assert (second["value"], second["domain"], second["record_id"]) == (1_500_000, "a.com", "r1")
    assert decoded.errors.count == 0


def test_every_event_of_the_catalogue_is_taken() -> None:
    extras = {name: {"value": 0} for name in VALUE_EVENTS} | {
        name: {"component_id": 11} for name in ("component_impression", "component_continue")
    }
    records = [event(event=name, **extras.get(name, {})) for name in EVENTS]
    assert len(records) == 20
    assert checked(*records).errors.count == 0


@pytest.mark.parametrize(
    ("record", "field", "words"),
    [
        (event(ts=None), "ts", "ts is required."),
        (event(ts=""), "ts", "ts is required."),
        (event(creative_id=None), "creative_id", "creative_id is required."),
        (event(event=None), "event", "event is required."),
        (event(ts="1999-12-31T23:59:59Z"), "ts", "before 2000-01-01"),
        (event(ts=(NOW + timedelta(hours=24, microseconds=1)).isoformat()), "ts", "more than 24 hours in the future"),
        (event(creative_id=4), "creative_id", "creative_id 4 names no creative that exists."),
        (event(event="impresions"), "event", "Did you mean 'impressions'?"),
        (event(event="Impressions"), "event", "Allowed: impressions, "),
        (event(event="seconds_in_view"), "value", "value is required for the events seconds_to_active, "),
        (event(value=0), "value", "value must be absent"),
        (event(event="component_impression"), "component_id", "component_id is required for the events"),
        (event(event="component_continue", component_id=21), "component_id", "21 is not a component of the creative."),
        (event(component_id=99), "component_id", "99 is not a component of the creative."),
    ],
)
def test_a_broken_rule_is_named(record: dict[str, object], field: str, words: str) -> None:
    decoded = checked(event(), record, event())
    assert faults(decoded) == [(1, field)]
    assert words in decoded.errors.first[0].message
    assert decoded.index.to_pylist() == [0, 2]
    assert decoded.rows.num_rows == 2


def test_the_edges_of_time_are_inside() -> None:
    latest = (NOW + timedelta(hours=24)).isoformat()
    assert checked(event(ts="2000-01-01"), event(ts=latest)).errors.count == 0


def test_a_foreign_component_reads_like_an_unknown_one() -> None:
    foreign, unknown = checked(
        event(event="component_impression", component_id=21), event(event="component_impression", component_id=77)
    ).errors.first
    assert foreign.message.replace("21", "77") == unknown.message


def test_a_component_stays_with_component_events_only() -> None:
    rows = checked(event(component_id=11), event(event="component_impression", component_id=12)).rows
    assert rows["component_id"].to_pylist() == [0, 12]


def test_an_unknown_creative_is_not_also_told_off_for_its_component() -> None:
    decoded = checked(event(event="component_impression", creative_id=9, component_id=11))
    assert faults(decoded) == [(0, "creative_id")]


def test_errors_of_reading_and_of_checking_are_one_list_by_index() -> None:
    decoded = checked(event(creative_id=9), event(ts="x"), event(), event(event="no"), event(domain="\0"))
    assert faults(decoded) == [(0, "creative_id"), (1, "ts"), (3, "event"), (4, "domain")]
    assert (decoded.errors.count, decoded.total, decoded.rows.num_rows) == (4, 5, 1)


def test_two_faults_of_a_record_count_once() -> None:
    decoded = checked(event(event="seconds_in_view", creative_id=9))
    assert faults(decoded) == [(0, "creative_id"), (0, "value")]
    assert decoded.errors.count == 1


def test_only_twenty_errors_are_listed_and_they_are_the_first() -> None:
    decoded = checked(*(event(creative_id=9) if at % 2 else event(event="no") for at in range(100)))
    assert decoded.errors.count == 100
    assert [error.index for error in decoded.errors.first] == list(range(20))


def test_nothing_is_fine() -> None:
    assert checked().rows.num_rows == 0


def test_what_was_offered_with_is_named_by_its_id() -> None:
    """Interactions name creatives of offers, which are not the numbered creatives of ads."""
    sent = {"at": NOW.isoformat(), "customer_id": "c", "offer_id": "off_1", "channel_id": "ch_app", "outcome": "click"}
    body = ndjson([{**sent, "creative_id": "cr_1"}, {**sent, "creative_id": "3"}, sent])
    decoded = check(decode(body, "application/x-ndjson", INTERACTIONS, LIMIT), INTERACTIONS, KNOWN, NOW)
    assert decoded.rows["creative_id"].to_pylist() == [301, 0]
    assert faults(decoded) == [(1, "creative_id")]
    assert "creative_id 3 names no creative that exists." in decoded.errors.first[0].message
