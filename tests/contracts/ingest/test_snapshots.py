"""Snapshots over HTTP: every format means the same, foreign ids do not exist, and nothing is stored twice."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tests.contracts.creators.asking import UNKNOWN, made
from tests.contracts.creators.tracking import Tracking
from tests.contracts.ingest.test_ingest import ENCODINGS, FORMATS, NDJSON, RECEIPT, ndjson
from tests.serving import Company

AT = "2025-05-01T10:00:00Z"
COUNTERS = ("views", "likes", "comments", "shares", "saves")


@pytest.fixture
async def tracking(company: Company) -> Tracking:
    """The company's project."""
    return Tracking(company, str((await made(company, "/projects", name="Spring"))["id"]))


async def post(
    company: Company, body: bytes, dataset: str = "video-snapshots", content_type: str = NDJSON, **more: Any
) -> httpx.Response:
    """Send a body; ``encoding`` and ``key`` are headers."""
    headers = {"content-type": content_type, "content-encoding": more.pop("encoding", "identity")}
    if "key" in more:
        headers["idempotency-key"] = more.pop("key")
    return await company.request("POST", f"/api/v1/ingest/{dataset}", content=body, headers=headers, params=more)


async def counts(company: Company, video: str) -> list[int | None]:
    """The counters of a video as they were last known."""
    row = (await company.get(f"/api/v1/videos/{video}")).json()["data"]
    return [row[f"{counter.removesuffix('s')}_count"] for counter in COUNTERS]


async def refused(company: Company, records: list[dict[str, Any]], dataset: str = "video-snapshots") -> Any:
    """What a refusal says of the records."""
    answer = await post(company, ndjson(records), dataset)
    assert answer.status_code == 400, answer.text
    return answer.json()["details"]["errors"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("content_type", FORMATS)
async def test_formats_and_encodings_of_videos(
    company: Company, tracking: Tracking, content_type: str, encoding: str
) -> None:
    first, second = await tracking.video(), await tracking.video()
    base = {"at": AT, "comments": None, "color": "red"}
    records = [
        {"video_id": first, "views": 10, "likes": 1, "is_baseline": False, "id": "a", **base},
        {"video_id": first.upper(), "views": 30, "likes": None, "is_baseline": None, "id": "b", **base},
        {"video_id": second, "views": 5, "likes": 0, "is_baseline": True, "id": "c", **base},
        {"video_id": second, "views": 5, "likes": 0, "is_baseline": True, "id": "c", **base},
    ]
    for position, record in enumerate(records):
        record["at"] = f"2025-05-0{position % 2 + 1}T10:00:00Z"
    body = ENCODINGS[encoding](FORMATS[content_type](records))
    answer = await post(company, body, content_type=content_type, encoding=encoding)
    assert answer.json() == {**RECEIPT, "accepted": 3, "duplicates": 1, "ignored_fields": ["color"]}
    assert await counts(company, first) == [30, 1, None, None, None]
    assert await counts(company, second) == [5, 0, None, None, None]
    span = {"start": "2025-05-01", "end": "2025-05-02"}
    assert await tracking.values("video", first, **span) == [10, 20]
    assert await tracking.total("video", second, **span) == 0


@pytest.mark.parametrize("content_type", FORMATS)
async def test_formats_of_followers(company: Company, tracking: Tracking, content_type: str) -> None:
    creator = await tracking.creator()
    records = [{"creator_id": creator, "at": f"2025-05-0{day}", "followers": 10 * day} for day in (1, 2)]
    answer = await post(company, FORMATS[content_type](records), "creator-snapshots", content_type)
    assert answer.json() == {**RECEIPT, "accepted": 2}
    span = {"start": "2025-05-01", "end": "2025-05-02", "mode": "cumulative"}
    assert await tracking.values("creator", creator, "followers", **span) == [10, 20]


@pytest.mark.parametrize("content_type", ["application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"])
async def test_columns_with_gaps_come_as_floats(company: Company, tracking: Tracking, content_type: str) -> None:
    videos = [await tracking.video() for _ in range(3)]
    likes = pa.array([1.0, None, 2.5], pa.float64()).to_pylist()
    records = [
        {"video_id": video, "at": AT, "views": float(number), "likes": likes[number]}
        for number, video in enumerate(videos)
    ]
    answer = await post(company, FORMATS[content_type](records), content_type=content_type, on_error="skip")
    assert [answer.json()["accepted"], answer.json()["rejected"]] == [2, 1]
    assert [(one["index"], one["field"]) for one in answer.json()["errors"]] == [(2, "likes")]
    assert [await counts(company, video) for video in videos] == [
        [0, 1, None, None, None],
        [1, None, None, None, None],
        [None] * 5,
    ]


@pytest.mark.parametrize("content_type", FORMATS)
async def test_hostile_values_are_bad_records_in_every_format(
    company: Company, tracking: Tracking, content_type: str
) -> None:
    video = await tracking.video()
    good = {"video_id": video, "at": AT, "views": "7", "is_baseline": "true", "id": "r"}
    hostile = {
        "video_id": ["' OR 1=1 --", "\u202e" + video, "{" * 40],
        "at": ["0000-00-00", "9999-12-31T23:59:59Z", "now()"],
        "views": ["-1", "1e99", "NaN", "0x7", "٧", "7\x00", "9" * 5000],
        "is_baseline": ["yes", "\ufeff1"],
        "id": ["x" * 65, "a\tb"],
    }
    bad = [(field, {**good, "id": "", field: value}) for field, values in hostile.items() for value in values]
    body = FORMATS[content_type]([good, *(record for _, record in bad)])
    details = (await post(company, body, content_type=content_type)).json()["details"]
    assert [(one["index"], one["field"]) for one in details["errors"]] == [
        (position, field) for position, (field, _) in enumerate(bad, 1)
    ]
    assert await counts(company, video) == [None] * 5
    skipped = (await post(company, body, content_type=content_type, on_error="skip")).json()
    assert (skipped["accepted"], skipped["rejected"]) == (1, len(bad))
    assert await counts(company, video) == [7, None, None, None, None]


class TestBadRecords:
    async def test_abort_stores_nothing_and_skip_the_good_ones(self, company: Company, tracking: Tracking) -> None:
        video = await tracking.video()
        good = {"video_id": video, "at": AT, "views": 1}
        body = ndjson([good, {**good, "views": -1}, {**good, "at": "1999-01-01"}, {"views": 1}, {**good, "views": 2}])
        for params in ({}, {"on_error": "abort"}):
            answer = await post(company, body, **params)
            assert answer.status_code == 400
            details = answer.json()["details"]
            assert [(one["index"], one["field"]) for one in details["errors"]] == [
                (1, "views"),
                (2, "at"),
                (3, "video_id"),
                (3, "at"),
            ]
            assert details["rejected"] == 3
        assert await counts(company, video) == [None] * 5
        answer = (await post(company, body, on_error="skip")).json()
        assert (answer["accepted"], answer["rejected"]) == (2, 3)
        assert await counts(company, video) == [2, None, None, None, None]

    async def test_what_belongs_to_another_company_does_not_exist(self, company: Company, tracking: Tracking) -> None:
        video, creator = await tracking.video(), await tracking.creator()
        stranger = await company.server.company()
        for field, one, more, dataset in (
            ("video_id", video, {"views": 1}, "video-snapshots"),
            ("creator_id", creator, {"followers": 1}, "creator-snapshots"),
        ):
            words = set()
            for public_id in (one, UNKNOWN):
                (error,) = await refused(stranger, [{field: public_id, "at": AT, **more}], dataset)
                assert error["field"] == field
                words.add(error["message"].replace(public_id, "ID"))
            assert len(words) == 1
        assert await counts(company, video) == [None] * 5

    async def test_a_video_is_no_creator_and_neither_is_a_campaign(self, company: Company, tracking: Tracking) -> None:
        video, creator = await tracking.video(), await tracking.creator()
        campaign = await tracking.campaign()
        for one in (creator, campaign, tracking.project):
            (error,) = await refused(company, [{"video_id": one, "at": AT, "views": 1}])
            assert error["field"] == "video_id"
        (error,) = await refused(company, [{"creator_id": video, "at": AT, "followers": 1}], "creator-snapshots")
        assert error["message"] == f"creator_id {video} names no creator that exists."

    async def test_a_deleted_video_does_not_exist(self, company: Company, tracking: Tracking) -> None:
        video = await tracking.video()
        await company.request("DELETE", f"/api/v1/videos/{video}")
        assert [one["field"] for one in await refused(company, [{"video_id": video, "at": AT, "views": 1}])] == [
            "video_id"
        ]

    async def test_a_video_that_does_not_count_takes_snapshots(self, company: Company, tracking: Tracking) -> None:
        video = await tracking.video(tracking_status="excluded")
        assert (await post(company, ndjson([{"video_id": video, "at": AT, "views": 1}]))).status_code == 200
        assert await counts(company, video) == [1, None, None, None, None]

    @pytest.mark.parametrize(
        ("at", "good"),
        [
            ("2000-01-01", True),
            ("1999-12-31T23:59:59Z", False),
            ("2025-05-04T12:30:00Z", True),
            ("2025-05-04T12:30:00.000001Z", False),
            ("2025-05-04T14:30:00+02:00", True),
        ],
    )
    async def test_times_of_the_last_quarter_century(
        self, company: Company, tracking: Tracking, at: str, good: bool
    ) -> None:
        video = await tracking.video()
        answer = await post(company, ndjson([{"video_id": video, "at": at, "views": 1}]))
        assert answer.status_code == (200 if good else 400)


class TestTwice:
    async def test_a_record_with_an_id_seen_before_is_a_duplicate(self, company: Company, tracking: Tracking) -> None:
        video = await tracking.video()
        records = [{"video_id": video, "at": AT, "views": n, "id": f"r{n}"} for n in (1, 2, 2)]
        answer = (await post(company, ndjson(records))).json()
        assert (answer["accepted"], answer["duplicates"]) == (2, 1)
        again = (await post(company, ndjson([*records, {**records[0], "views": 9, "id": "r9"}]))).json()
        assert (again["accepted"], again["duplicates"]) == (1, 3)
        assert await counts(company, video) == [9, None, None, None, None]

    async def test_a_reading_without_an_id_is_stored_again_and_books_nothing_more(
        self, company: Company, tracking: Tracking
    ) -> None:
        video = await tracking.video(posted_at="2025-05-01T09:00:00Z")
        for _ in range(2):
            answer = await post(company, ndjson([{"video_id": video, "at": AT, "views": 7}]))
            assert answer.json()["accepted"] == 1
        assert await tracking.total("video", video, start="2025-05-01", end="2025-05-02") == 7

    async def test_ids_are_of_one_dataset_and_one_company(self, company: Company, tracking: Tracking) -> None:
        video, creator = await tracking.video(), await tracking.creator()
        other = await company.server.company()
        theirs = Tracking(other, str((await made(other, "/projects", name="Spring"))["id"]))
        mine = {"at": AT, "id": "r"}
        for who, dataset, record in (
            (company, "video-snapshots", {"video_id": video, "views": 1}),
            (company, "creator-snapshots", {"creator_id": creator, "followers": 1}),
            (other, "video-snapshots", {"video_id": await theirs.video(), "views": 1}),
        ):
            assert (await post(who, ndjson([{**record, **mine}]), dataset)).json()["accepted"] == 1

    async def test_a_batch_with_a_key_is_stored_once(self, company: Company, tracking: Tracking) -> None:
        video = await tracking.video()
        body = ndjson([{"video_id": video, "at": AT, "views": 1}] * 3)
        first, again = [await post(company, body, key="k") for _ in range(2)]
        assert first.json() == again.json() == {**RECEIPT, "accepted": 3}
        other = await post(company, body, "creator-snapshots", key="k")
        assert (other.status_code, other.json()["details"]["field"]) == (409, "Idempotency-Key")


async def test_a_column_of_a_type_that_cannot_be_meant_is_refused_by_name(company: Company) -> None:
    body = FORMATS["application/vnd.apache.parquet"]([{"video_id": UNKNOWN, "at": AT, "views": [1]}])
    answer = await post(company, body, content_type="application/vnd.apache.parquet")
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "views")


async def test_the_nearest_dataset_is_offered(company: Company) -> None:
    answer = await post(company, json.dumps({}).encode(), "video-snapshot")
    assert (answer.status_code, answer.json()["details"]["field"]) == (404, "dataset")
    assert "Did you mean 'video-snapshots'?" in answer.json()["message"]
