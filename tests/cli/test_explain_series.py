"""``headwater explain`` of a series: the same stops, down to the statements over the ledger's sums."""

from __future__ import annotations

from pathlib import Path

from tests.cli.place import Place
from tests.cli.test_import_creators import MAKE, rows, written


def test_every_stop_of_a_series_is_shown(place: Place, tmp_path: Path) -> None:
    readings = "at,video,creator,views\n2025-04-01T10:00:00Z,e1,ada,100\n2025-04-02T10:00:00Z,e1,ada,250\n"
    place.run("import video-snapshots", written(tmp_path, readings), *MAKE)
    creator = rows(place, "creators")["ada"]["id"]
    span = "from=2025-04-01&to=2025-04-03"
    done = place.run(
        "explain",
        f"/api/v1/analytics?entity=creator&entity_id={creator}&metric=engagement_rate_by_followers&{span}",
    )
    assert done.code == 0, done.err
    heads = [line for line in done.out.splitlines() if not line.startswith("  ")]
    videos, creators = "SQL: video-snapshots by day", "SQL: creator-snapshots by day"
    assert heads == ["Question", "Entities", "Metrics", "Plan", videos, "Args", creators, "Args", "Answer"]
    assert "from 2025-04-01 to 2025-04-03, days of UTC, by day" in done.out
    assert "1 videos count" in done.out
    assert "new likes, new comments, new shares, new saves, cumulative followers" in done.out
    assert "3 points in" in done.out


def test_what_the_api_would_refuse_is_refused(place: Place) -> None:
    done = place.run("explain", "/api/v1/analytics?entity=creator&metric=vews")
    assert (done.code, done.out) == (1, "")
    assert "'entity_id' is required" in done.err
