"""``headwater import`` of snapshots: videos and creators by UUID or by the sender's names, found or made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.place import Outcome, Place

MAKE = ("--create-missing", "--project", "Spring")
LOG = """at,video,creator,title,url,posted_at,views,likes
2025-04-01T10:00:00Z,e1,ada,Episode 1,https://v.example/1,2025-04-01T09:00:00Z,100,
2025-04-02T10:00:00Z,e1,ada,Renamed,,,250,9
2025-04-02T10:00:00Z,e2,ada,,,,40,1
2025-04-02T10:00:00Z,e3,,,,,7,0
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return path


def written(folder: Path, text: str, name: str = "more.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def stored(done: Outcome) -> str:
    """The summary of an import that had nothing to say but that."""
    assert (done.code, done.err) == (0, ""), done.err
    return done.out.strip()


def rows(place: Place, resource: str) -> dict[str, dict[str, Any]]:
    """All creators or videos, by external id."""
    return {row["external_id"]: row for row in place.ask(f"/api/v1/{resource}", limit=100)["data"]}


def views(place: Place, kind: str, public_id: str) -> list[int | None]:
    """New views on the first three days of April."""
    span = {"from": "2025-04-01", "to": "2025-04-03"}
    answer = place.ask("/api/v1/analytics", entity=kind, entity_id=public_id, metric="views", **span)
    return [point["value"] for point in answer["data"]["series"][0]["points"]]


def test_what_is_missing_is_made_as_its_first_record_says(place: Place, log: Path) -> None:
    refused = place.run("import video-snapshots", log)
    assert refused.code == 1
    assert f"{log}: record 1: No video has the external id 'e1'. --create-missing makes it." in refused.err

    assert stored(place.run("import video-snapshots", log, *MAKE)) == (
        "video-snapshots: 4 accepted, 0 duplicates, 0 rejected"
    )
    (project,) = place.ask("/api/v1/projects")["data"]
    assert project["name"] == "Spring"
    creators, videos = rows(place, "creators"), rows(place, "videos")
    assert {name: one["handle"] for name, one in creators.items()} == {"ada": "ada"}
    ada = creators["ada"]["id"]
    assert {name: one["creator_id"] for name, one in videos.items()} == {"e1": ada, "e2": ada, "e3": None}
    first = videos["e1"]
    assert (first["title"], first["url"]) == ("Episode 1", "https://v.example/1")
    assert first["posted_at"] == "2025-04-01T09:00:00Z"
    assert (first["view_count"], first["like_count"]) == (250, 9)
    assert videos["e3"]["tracking_status"] == "direct_add"
    # Posted an hour before its first reading, the first video books it; the second's only sets a level.
    assert views(place, "creator", ada) == [100, 150, 0]
    told = place.ask("/api/v1/analytics/annotations", entity="creator", entity_id=ada)["data"]
    assert [one["title"] for one in told] == ["Tracking of ada started"]


def test_what_exists_is_found_again_and_left_as_it_is(place: Place, log: Path, tmp_path: Path) -> None:
    place.run("import video-snapshots", log, *MAKE)
    before = rows(place, "creators"), rows(place, "videos")
    later = written(
        tmp_path,
        "at,video,creator,title,views\n2025-04-03T10:00:00Z,e1,somebody,Third title,251\n"
        "2025-04-03T10:00:00Z,e2,ada,Third title,41\n",
    )
    assert stored(place.run("import video-snapshots", later, *MAKE)).startswith("video-snapshots: 2 accepted")
    assert stored(place.run("import video-snapshots", later)).startswith("video-snapshots: 2 accepted")
    after = rows(place, "creators"), rows(place, "videos")
    assert after[0] == before[0]
    assert {name: one["title"] for name, one in after[1].items()} == {"e1": "Episode 1", "e2": None, "e3": None}
    assert {name: one["id"] for name, one in after[1].items()} == {name: one["id"] for name, one in before[1].items()}
    assert after[1]["e1"]["view_count"] == 251


def test_followers_of_creators_by_external_id_or_handle(place: Place, tmp_path: Path) -> None:
    first = written(
        tmp_path,
        "at,creator,handle,platform,display_name,followers\n"
        "2025-04-01,17,@ada,youtube,Ada,5\n2025-04-02,17,@ada,youtube,Ada,7\n2025-04-01,ben,,,,3\n",
    )
    assert stored(place.run("import creator-snapshots", first, *MAKE)).startswith("creator-snapshots: 3 accepted")
    creators = rows(place, "creators")
    ada, ben = creators["17"], creators["ben"]
    assert (ada["handle"], ada["platform"], ada["display_name"]) == ("@ada", "youtube", "Ada")
    assert (ben["handle"], ben["platform"], ben["display_name"]) == ("ben", "tiktok", None)
    again = written(tmp_path, "at,creator,followers\n2025-04-03,@ada,9\n")
    assert stored(place.run("import creator-snapshots", again)).startswith("creator-snapshots: 1 accepted")
    span = {"from": "2025-04-01", "to": "2025-04-03", "mode": "cumulative", "metric": "followers"}
    answer = place.ask("/api/v1/analytics", entity="creator", entity_id=ada["id"], **span)
    assert [point["value"] for point in answer["data"]["series"][0]["points"]] == [5, 7, 9]


def test_a_video_goes_to_a_creator_who_exists_by_handle(place: Place, log: Path, tmp_path: Path) -> None:
    known = written(tmp_path, "at,creator,handle,followers\n2025-04-01,17,ada,5\n")
    place.run("import creator-snapshots", known, *MAKE)
    place.run("import video-snapshots", log, *MAKE)
    creators = rows(place, "creators")
    assert list(creators) == ["17"]
    assert rows(place, "videos")["e1"]["creator_id"] == creators["17"]["id"]


def test_parquet_with_gaps_and_other_column_names(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    columns = {
        "when": pa.array([1743501600000, 1743588000000], pa.timestamp("ms", "UTC")),
        "bvid": ["e1", "e2"],
        "stat_view": pa.array([100.0, 2.0]),
        "stat_like": pa.array([None, 3.0], pa.float64()),
    }
    pq.write_table(pa.table(columns), path)
    maps = [f"--map={pair}" for pair in ("when=at", "bvid=video", "stat_view=views", "stat_like=likes")]
    assert stored(place.run("import video-snapshots", path, *maps, *MAKE)).startswith("video-snapshots: 2 accepted")
    counts = {name: (one["view_count"], one["like_count"]) for name, one in rows(place, "videos").items()}
    assert counts == {"e1": (100, None), "e2": (2, 3)}


def test_uuids_need_no_looking_up(place: Place, log: Path, tmp_path: Path) -> None:
    place.run("import video-snapshots", log, *MAKE)
    video = rows(place, "videos")["e1"]["id"]
    more = written(tmp_path, f"at,video_id,views,id\n2025-04-03,{video},300,r1\n2025-04-03,{video.upper()},300,r1\n")
    assert stored(place.run("import video-snapshots", more)) == (
        "video-snapshots: 1 accepted, 1 duplicates, 0 rejected"
    )
    both = written(tmp_path, f"at,video_id,video,views\n2025-04-03,{video},e1,300\n")
    assert "record 1: video and video_id are both given" in place.run("import video-snapshots", both).err
    unknown = written(tmp_path, f"at,video_id,views\n2025-04-03,{video[:-4]}0000,300\n")
    assert "names no video that exists" in place.run("import video-snapshots", unknown).err


def test_a_name_of_two_projects_is_not_guessed(place: Place, log: Path) -> None:
    for project in ("Spring", "Summer"):
        done = place.run("import video-snapshots", log, "--create-missing", "--project", project)
        assert stored(done).startswith("video-snapshots: 4 accepted")
    refused = place.run("import video-snapshots", log)
    assert refused.code == 1
    assert "'e1' names more than one video; name their project with --project." in refused.err
    assert stored(place.run("import video-snapshots", log, "--project", "Summer")).endswith("0 rejected")
    (summer,) = [one["id"] for one in place.ask("/api/v1/projects")["data"] if one["name"] == "Summer"]
    assert stored(place.run("import video-snapshots", log, "--project", summer.upper())).endswith("0 rejected")
    needed = place.run("import video-snapshots", log, "--create-missing")
    assert "Name the project with --project. There are: Spring, Summer." in needed.err


def test_what_cannot_be_made_is_a_bad_record(place: Place, tmp_path: Path) -> None:
    log = written(
        tmp_path,
        "at,video,creator,platform,url,posted_at,views\n"
        "2025-04-01,e1,,,ftp://v.example,,1\n"
        "2025-04-01,e2,,,,soon,1\n"
        "2025-04-01,e3,ada,no platform,,,1\n"
        f"2025-04-01,{'x' * 256},,,,,1\n"
        "2025-04-01,e5,ada,youtube,,,1\n",
    )
    done = place.run("import video-snapshots", log, *MAKE, "--on-error", "skip")
    assert done.out == "video-snapshots: 1 accepted, 0 duplicates, 4 rejected\n", done.err
    assert [line.split(": ", 2)[1:] for line in done.err.splitlines()] == [
        ["record 1", "'url' must be an http or https address."],
        ["record 2", "'posted_at' must be an ISO 8601 date or date-time, such as 2026-03-20T14:30:00Z."],
        ["record 3", "'platform' must be a word of letters a to z, digits, '.', '_' and '-', such as tiktok."],
        ["record 4", "'video' must have 1 to 255 characters; it has 256."],
    ]
    assert rows(place, "creators")["ada"]["platform"] == "youtube"


def test_the_plan_s_limit_stops_the_import_before_the_batch(place: Place, tmp_path: Path) -> None:
    place.run("plan set", "Acme", "free")
    log = written(
        tmp_path, "at,creator,followers\n" + "".join(f"2025-04-01,creator {number},5\n" for number in range(6))
    )
    done = place.run("import creator-snapshots", log, *MAKE)
    assert done.code == 1
    assert "max_creators" in done.err
    assert done.err.endswith("Stored until then: 0 accepted, 0 duplicates, 0 rejected.\n")
    assert rows(place, "creators") == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["video-snapshots", "LOG", "--workspace", "1", "--create-missing"], "creators and videos have --project"),
        (["ad-events", "LOG", "--project", "Spring"], "creatives have --workspace"),
        (["video-snapshots", "LOG", "--project", "Spring"], "There is no project 'Spring'. There are: none."),
        (["video-snapshots", "LOG", "--create-missing"], "Name the project with --project. There are: none."),
        (
            ["video-snapshots", "LOG", "--create-missing", "--project", "00000000-0000-4000-8000-000000000000"],
            "There is no project '00000000-",
        ),
        (["video-snapshots", "LOG", "--map", "x=followers"], "there is no field 'followers'"),
        (["creator-snapshots", "LOG", "--map", "x=video"], "there is no field 'video'"),
        (["video-snapshot", "LOG"], "Did you mean 'video-snapshots'?"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], words: str, place: Place, log: Path) -> None:
    done = place.run("import", *(log if one == "LOG" else one for one in arguments))
    assert (done.code, done.out) == (1, "")
    assert words in done.err
    assert done.err.count("\n") == 1
