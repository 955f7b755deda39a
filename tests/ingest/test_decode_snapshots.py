"""A snapshot reads the same in every format, and what is wrong with one is named by its field and spoils no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from headwater.catalogue.creators import CREATOR_SNAPSHOTS, VIDEO_SNAPSHOTS
from headwater.ingest.check import check
from headwater.ingest.columns import MAX_COUNTER
from headwater.ingest.decode import decode
from headwater.ingest.records import Decoded
from headwater.storage.schema import arrow_schema

from .samples import KNOWN, LIMIT, NDJSON, NOW, PUBLIC_IDS, faults, ndjson

(_, FIRST), (_, SECOND), (_, CREATOR) = PUBLIC_IDS
UNKNOWN = "00000000-0000-4000-8000-0000000000ff"
GOOD: dict[str, Any] = {"video_id": FIRST, "at": "2026-11-20T10:00:00Z", "views": 100}
FOLLOWERS: dict[str, Any] = {"creator_id": CREATOR, "at": "2026-11-20T10:00:00Z", "followers": 5}


def snapshot(**fields: object) -> dict[str, object]:
    """A good reading of a video, with ``fields`` changed or added."""
    return {**GOOD, **fields}


def checked(*records: object) -> Decoded:
    body = b"\n".join(map(msgspec.json.encode, records))
    return check(decode(body, NDJSON, VIDEO_SNAPSHOTS, LIMIT), VIDEO_SNAPSHOTS, KNOWN, NOW)


def followers(*records: dict[str, Any]) -> Decoded:
    return check(decode(ndjson(records), NDJSON, CREATOR_SNAPSHOTS, LIMIT), CREATOR_SNAPSHOTS, KNOWN, NOW)


def test_what_is_unknown_stays_unknown_and_uuids_become_numbers() -> None:
    decoded = checked(GOOD, snapshot(video_id=SECOND.upper(), likes=0, saves=3.0, is_baseline=False, id="r"))
    assert decoded.rows.schema.equals(arrow_schema(VIDEO_SNAPSHOTS))
    first, second = decoded.rows.to_pylist()
    assert (first["video_id"], first["views"]) == (1, 100)
    assert [first[name] for name in ("likes", "comments", "shares", "saves", "is_baseline")] == [None] * 5
    assert (second["video_id"], second["likes"], second["saves"], second["is_baseline"]) == (2, 0, 3, False)
    assert (first["record_id"], second["record_id"]) == ("", "r")
    assert decoded.errors.count == 0


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("video_id", None, "video_id is required."),
        ("video_id", "", "video_id is required."),
        ("video_id", "7301", "must be a UUID, such as"),
        ("video_id", 1, "must be a UUID"),
        ("video_id", [FIRST], "must be a UUID"),
        ("video_id", UNKNOWN, f"video_id {UNKNOWN} names no video that exists."),
        ("video_id", CREATOR, f"video_id {CREATOR} names no video that exists."),
        ("at", None, "at is required."),
        ("at", "soon", "must be an RFC 3339 time"),
        ("at", 1763632800, "must be an RFC 3339 time"),
        ("at", "1999-12-31T23:59:59.999999Z", "at must not be before 2000-01-01."),
        ("at", (NOW + timedelta(hours=24, microseconds=1)).isoformat(), "more than 24 hours in the future"),
        ("views", None, "views is required."),
        ("views", "", "views is required."),
        ("views", -1, f"must be a whole number from 0 to {MAX_COUNTER}"),
        ("views", 1.5, "must be a whole number"),
        ("views", 0.4, "must be a whole number"),
        ("views", "1.5", "must be a whole number"),
        ("views", MAX_COUNTER + 1, "must be a whole number"),
        ("views", 2**63, "must be a whole number"),
        ("views", 10**400, "must be a whole number"),
        ("views", 1e300, "must be a whole number"),
        ("views", True, "must be a whole number"),
        ("views", {"count": 1}, "must be a whole number"),
        ("views", "nan", "must be a whole number"),
        ("likes", -1, "likes must be"),
        ("comments", 0.1, "comments must be"),
        ("shares", "1,000", "shares must be"),
        ("saves", "many", "saves must be"),
        ("is_baseline", "yes", "is_baseline must be true or false"),
        ("is_baseline", 2, "is_baseline must be true or false"),
        ("is_baseline", 1.0, "is_baseline must be true or false"),
        ("id", "x" * 65, "id must be text of at most 64 characters"),
        ("id", "a\0b", "id must be text"),
    ],
)
@pytest.mark.parametrize("beside", [{}, {"note": "makes the reader look at each record"}])
def test_a_bad_value_is_named_and_spoils_no_other(
    field: str, value: object, words: str, beside: dict[str, object]
) -> None:
    decoded = checked(GOOD | beside, snapshot(**{field: value}), GOOD)
    assert faults(decoded) == [(1, field)]
    assert words in decoded.errors.first[0].message
    assert decoded.rows["views"].to_pylist() == [100, 100]


@pytest.mark.parametrize("value", [MAX_COUNTER, float(MAX_COUNTER), str(MAX_COUNTER), 0, 0.0, "0", -0.0])
def test_counters_go_from_nothing_to_the_largest(value: object) -> None:
    decoded = checked(snapshot(likes=value))
    assert decoded.rows["likes"].to_pylist() == [int(float(str(value)))]


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        ("True", True),
        ("TRUE", True),
        ("true", True),
        ("1", True),
        (1, True),
        (False, False),
        ("False", False),
        ("0", False),
        (0, False),
        ("", None),
        (None, None),
    ],
)
def test_flags_in_all_spellings(value: object, flag: bool | None) -> None:
    decoded = checked(snapshot(is_baseline=value), snapshot(is_baseline=True), snapshot(is_baseline="false"))
    assert decoded.rows["is_baseline"].to_pylist() == [flag, True, False]


@pytest.mark.parametrize("value", [MAX_COUNTER * 10, 7.25])
def test_one_odd_number_does_not_change_how_the_others_are_read(value: float) -> None:
    """The reader takes whole columns at once; a number that does not fit must not cut others."""
    decoded = checked(*(snapshot(views=n, likes=n + 0.0) for n in range(50)), snapshot(views=value))
    assert decoded.rows["views"].to_pylist() == decoded.rows["likes"].to_pylist() == list(range(50))
    assert faults(decoded) == [(50, "views")]


def test_the_edges_of_time_are_inside() -> None:
    latest = (NOW + timedelta(hours=24)).isoformat()
    assert checked(snapshot(at="2000-01-01"), snapshot(at=latest)).errors.count == 0


def test_a_creator_s_followers() -> None:
    decoded = followers(
        FOLLOWERS,
        {**FOLLOWERS, "creator_id": FIRST},
        {**FOLLOWERS, "followers": None},
        {**FOLLOWERS, "followers": 2.5},
        {**FOLLOWERS, "followers": 7.0},
    )
    assert faults(decoded) == [(1, "creator_id"), (2, "followers"), (3, "followers")]
    assert decoded.rows.schema.equals(arrow_schema(CREATOR_SNAPSHOTS))
    assert [(row["creator_id"], row["followers"]) for row in decoded.rows.to_pylist()] == [(1, 5), (1, 7)]


@pytest.mark.parametrize("record", [7, None, "x", [GOOD], True])
def test_what_is_no_object_is_a_bad_record(record: object) -> None:
    decoded = checked(GOOD, record, GOOD)
    assert faults(decoded) == [(1, None)]
    assert decoded.rows.num_rows == 2
