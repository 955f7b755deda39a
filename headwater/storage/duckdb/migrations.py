"""The embedded store's tables as numbered steps, one statement each.

Steps are never edited once released: a change of the catalogue that needs a
column or a table is a new step at the end. A test compares the outcome with
``storage.schema``. ``<table>_fresh`` takes the sums of each commit, which
``rollups.merge`` adds to the sorted rollups.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb

_BASE = ", ".join(
    f"{metric} BIGINT NOT NULL"
    for metric in (
        "impressions",
        "viewable_impressions",
        "interacted",
        "started",
        "continued",
        "reached_end",
        "creative_actions",
        "link_clicks",
        "header_clicks",
        "background_clicks",
        "plays",
        "watched_25",
        "watched_50",
        "watched_75",
        "watched_100",
        "seconds_to_active",
        "seconds_total_active",
        "seconds_in_view",
    )
)
_CREATIVE = "organisation_id BIGINT NOT NULL, creative_id BIGINT NOT NULL"
_FLOW = "component_impressions BIGINT NOT NULL, component_continues BIGINT NOT NULL"
_PLACEMENT = f"{_CREATIVE}, domain VARCHAR NOT NULL, dsp VARCHAR NOT NULL, day DATE NOT NULL, {_BASE}"
_COMPONENT = f"{_CREATIVE}, component_id BIGINT NOT NULL, day DATE NOT NULL, {_FLOW}"


def _not_null(*names: str) -> str:
    return ", ".join(f"{name} BIGINT NOT NULL" for name in names)


_COUNTERS = ("views", "likes", "comments", "shares", "saves")
_VIDEO_STEP = _not_null(*(f"{kind}_{one}" for kind in ("new", "set", "known") for one in _COUNTERS), "readings")
_CREATOR_STEP = _not_null("new_followers", "set_followers", "known_followers", "readings")
_OPENED = "opened_at BIGINT NOT NULL"
_VIDEO, _CREATOR = _not_null("organisation_id", "video_id"), _not_null("organisation_id", "creator_id")

_AT, _COMMIT, _RECORD = "happened_at TIMESTAMP NOT NULL", "commit_id BIGINT NOT NULL", "record_id VARCHAR NOT NULL"
_OWN = "organisation_id BIGINT NOT NULL"
_INTERACTION_SUMS = _not_null("impressions", "positive", "negative", "converts", "interactions", "revenue", "cost")


class Migration(NamedTuple):
    """One step."""

    number: int
    statement: str


MIGRATIONS = (
    Migration(
        1,
        "CREATE TABLE ad_event (organisation_id BIGINT NOT NULL, ts TIMESTAMP NOT NULL, creative_id BIGINT NOT NULL,"
        " event VARCHAR NOT NULL, value BIGINT NOT NULL, domain VARCHAR NOT NULL, dsp VARCHAR NOT NULL,"
        " session_id VARCHAR NOT NULL, component_id BIGINT NOT NULL, record_id VARCHAR NOT NULL)",
    ),
    Migration(
        2,
        "CREATE TABLE ad_event_fresh (organisation_id BIGINT NOT NULL, hour TIMESTAMP NOT NULL,"
        " creative_id BIGINT NOT NULL, component_id BIGINT NOT NULL, domain VARCHAR NOT NULL, dsp VARCHAR NOT NULL,"
        " event VARCHAR NOT NULL, events BIGINT NOT NULL, value BIGINT NOT NULL, commit_id BIGINT NOT NULL)",
    ),
    Migration(3, f"CREATE TABLE ad_lifetime ({_CREATIVE}, {_BASE})"),
    Migration(4, f"CREATE TABLE ad_day ({_CREATIVE}, day DATE NOT NULL, {_BASE})"),
    Migration(5, f"CREATE TABLE ad_hour ({_CREATIVE}, hour TIMESTAMP NOT NULL, {_BASE})"),
    Migration(6, f"CREATE TABLE ad_placement_day ({_PLACEMENT})"),
    Migration(7, f"CREATE TABLE ad_flow_day ({_COMPONENT})"),
    Migration(8, "CREATE TABLE seen_key (key UBIGINT NOT NULL)"),
    Migration(
        9,
        "CREATE TABLE append_key (organisation_id BIGINT NOT NULL, key_hash VARCHAR NOT NULL,"
        " fingerprint VARCHAR NOT NULL, accepted BIGINT NOT NULL, duplicates BIGINT NOT NULL, note BLOB NOT NULL,"
        " kept_at TIMESTAMP NOT NULL)",
    ),
    Migration(10, "CREATE SEQUENCE commit_number"),
    Migration(11, "CREATE SEQUENCE arrival_number"),
    Migration(
        12,
        f"CREATE TABLE video_snapshot ({_VIDEO}, read_at TIMESTAMP NOT NULL, views BIGINT NOT NULL, likes BIGINT,"
        " comments BIGINT, shares BIGINT, saves BIGINT, is_baseline BOOLEAN, record_id VARCHAR NOT NULL,"
        " arrival BIGINT NOT NULL DEFAULT nextval('arrival_number'))",
    ),
    Migration(
        13,
        f"CREATE TABLE creator_snapshot ({_CREATOR}, read_at TIMESTAMP NOT NULL, followers BIGINT NOT NULL,"
        " record_id VARCHAR NOT NULL, arrival BIGINT NOT NULL DEFAULT nextval('arrival_number'))",
    ),
    Migration(
        14,
        f"CREATE TABLE video_step ({_VIDEO}, read_at TIMESTAMP NOT NULL, {_OPENED}, {_VIDEO_STEP},"
        " commit_id BIGINT NOT NULL)",
    ),
    Migration(
        15,
        f"CREATE TABLE creator_step ({_CREATOR}, read_at TIMESTAMP NOT NULL, {_CREATOR_STEP},"
        " commit_id BIGINT NOT NULL)",
    ),
    Migration(16, f"CREATE TABLE video_day ({_VIDEO}, day DATE NOT NULL, {_OPENED}, {_VIDEO_STEP})"),
    Migration(17, f"CREATE TABLE creator_day ({_CREATOR}, day DATE NOT NULL, {_CREATOR_STEP})"),
    Migration(18, "CREATE TABLE day_zone (organisation_id BIGINT NOT NULL, zone VARCHAR NOT NULL)"),
    Migration(19, "CREATE TABLE merged_upto (dataset VARCHAR NOT NULL, upto BIGINT NOT NULL)"),
    Migration(
        20,
        "CREATE TABLE video_group_day (group_id BIGINT NOT NULL, organisation_id BIGINT NOT NULL, day DATE NOT NULL,"
        f" {_VIDEO_STEP})",
    ),
    Migration(
        21,
        "CREATE TABLE member_group (organisation_id BIGINT NOT NULL, number BIGINT NOT NULL, group_id BIGINT NOT NULL,"
        " zone VARCHAR NOT NULL, members VARCHAR NOT NULL)",
    ),
    Migration(
        22,
        "CREATE TABLE group_member (organisation_id BIGINT NOT NULL, group_id BIGINT NOT NULL, subject BIGINT NOT NULL,"
        " posted_from BIGINT NOT NULL, posted_until BIGINT NOT NULL)",
    ),
    Migration(23, "CREATE SEQUENCE group_number"),
    Migration(
        24,
        f"CREATE TABLE interaction ({_OWN}, {_AT}, customer_id VARCHAR NOT NULL,"
        f" {_not_null('offer_id', 'channel_id', 'creative_id')}, decision_id VARCHAR NOT NULL,"
        " outcome VARCHAR NOT NULL, classification VARCHAR NOT NULL, revenue BIGINT NOT NULL, cost BIGINT NOT NULL,"
        f" is_impression BOOLEAN, {_RECORD})",
    ),
    Migration(
        25,
        f"CREATE TABLE interaction_day ({_OWN}, {_not_null('offer_id', 'channel_id')}, day DATE NOT NULL,"
        f" {_INTERACTION_SUMS}, {_COMMIT})",
    ),
    Migration(
        26,
        f"CREATE TABLE interaction_contact ({_OWN}, customer_id_key UBIGINT NOT NULL, customer_id VARCHAR NOT NULL,"
        f" {_not_null('offer_id', 'channel_id')}, {_AT}, impressions BIGINT NOT NULL, {_COMMIT})",
    ),
    Migration(
        27,
        f"CREATE TABLE decision_trace ({_OWN}, trace BIGINT NOT NULL, {_AT}, customer_id VARCHAR NOT NULL,"
        f" {_not_null('channel_id', 'decision_flow_id')}, request_id VARCHAR NOT NULL, degraded BOOLEAN,"
        f" latency_ms BIGINT, is_scored BOOLEAN, {_RECORD})",
    ),
    Migration(
        28,
        f"CREATE TABLE trace_day ({_OWN}, {_not_null('channel_id', 'decision_flow_id')}, day DATE NOT NULL,"
        f" {_not_null('traces', 'scored', 'degraded')}, {_COMMIT})",
    ),
    Migration(
        29,
        f"CREATE TABLE trace_offer ({_OWN}, trace BIGINT NOT NULL, {_AT}, {_not_null('channel_id', 'offer_id')},"
        " candidate BIGINT, qualified BOOLEAN, reason VARCHAR NOT NULL, permitted BOOLEAN,"
        " policy_type VARCHAR NOT NULL, score BIGINT, bucket BIGINT, rank BIGINT, model_id BIGINT NOT NULL,"
        " selected BIGINT, creative_id BIGINT NOT NULL)",
    ),
    Migration(
        30,
        f"CREATE TABLE score_day ({_OWN}, {_not_null('channel_id', 'offer_id')}, bucket BIGINT, day DATE NOT NULL,"
        f" {_not_null('scores', 'score_sum')}, {_COMMIT})",
    ),
    Migration(
        31,
        f"CREATE TABLE attribution_result ({_OWN}, {_AT}, model VARCHAR NOT NULL,"
        f" {_not_null('offer_id', 'channel_id', 'value')}, {_RECORD})",
    ),
    Migration(
        32,
        f"CREATE TABLE attribution_day ({_OWN}, model VARCHAR NOT NULL, day DATE NOT NULL,"
        f" {_not_null('results', 'value')}, {_COMMIT})",
    ),
    Migration(
        33,
        f"CREATE TABLE model_metric ({_OWN}, {_AT}, {_not_null('model_id', 'auc')},"
        f" feature_importance VARCHAR NOT NULL, {_RECORD})",
    ),
    Migration(
        34,
        f"CREATE TABLE suppression ({_OWN}, {_AT}, customer_id VARCHAR NOT NULL,"
        f" {_not_null('offer_id', 'channel_id')}, policy_type VARCHAR NOT NULL, expires_at TIMESTAMP, {_RECORD})",
    ),
    Migration(
        35, f"CREATE TABLE run_latency ({_OWN}, {_AT}, duration_ms BIGINT NOT NULL, run_id VARCHAR NOT NULL, {_RECORD})"
    ),
    Migration(
        36,
        f"CREATE TABLE segment_member ({_OWN}, received_at TIMESTAMP NOT NULL, segment_id BIGINT NOT NULL,"
        f" customer_id VARCHAR NOT NULL, op VARCHAR NOT NULL, arrival BIGINT NOT NULL, {_RECORD})",
    ),
)


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply the steps that this store does not have yet, each with its number in one transaction."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema_step (number BIGINT PRIMARY KEY)")
    # Read to the end, or the connection would not run the next statement.
    ((applied,),) = connection.execute("SELECT coalesce(max(number), 0) FROM schema_step").fetchall()
    for step in MIGRATIONS:
        if step.number > applied:
            connection.begin()
            connection.execute(step.statement)
            connection.execute("INSERT INTO schema_step VALUES (?)", [step.number])
            connection.commit()
