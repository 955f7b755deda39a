"""Facts move from the embedded store into ClickHouse: all of them, once, however often it is broken off."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from headwater.catalogue.registry import CATALOGUE
from headwater.errors import Conflict, Unavailable
from headwater.kit.clock import FixedClock
from headwater.storage import moving, schema
from headwater.storage.clickhouse.server import Server
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.duckdb.leaving import FactFile
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import Appended, AppendKey, FactBatch
from tests.cli.place import found, run
from tests.clickhouse import drop, new_server, opened_clickhouse
from tests.crash.processes import Process, environment
from tests.demoed import NOW, demoed
from tests.facts_server import facts_server

from .facts import Event, append, batch, scope, total

pytestmark = pytest.mark.scaled
VIDEOS = CATALOGUE["video-snapshots"]
KEY = AppendKey("hash", "fingerprint", b"note")
ROWS = 20_000
# The command, that dies within its first commit.
KILLED = """
import os, signal
from headwater.cli.main import main
from headwater.storage.clickhouse.commits import Commit
Commit._remember = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main()
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's facts, of which the oldest snapshots were pruned, and days in another zone."""
    folder = tmp_path_factory.mktemp("moving")

    async def fill() -> None:
        async with demoed(folder) as demo:
            store = demo.server.services.store
            await store.rezone(1, "Asia/Kathmandu")
            assert await store.append([OLD]) == [Appended(3, 0)]
            assert await store.prune(1, datetime(2026, 9, 20))  # noqa: DTZ001 - stored times have no zone
            sent = [batch([Event(record_id="r1"), Event(record_id="r2", domain="ü 東京")], 2, KEY)]
            assert await store.append(sent) == [Appended(2, 0)]

    asyncio.run(fill())
    return folder / "facts.duckdb"


def _read(record: str, hour: int) -> dict[str, object]:
    counters = dict.fromkeys(("views", "likes", "comments", "shares", "saves"), hour)
    at = datetime(2026, 9, 1, hour)  # noqa: DTZ001 - stored times have no zone
    return {"video_id": 1 << 40, "read_at": at, "is_baseline": None, "record_id": record, **counters}


def readings(*records: str) -> FactBatch:
    """Readings of a video of long ago."""
    rows = [_read(record, hour) for hour, record in enumerate(records, 1)]
    return FactBatch(scope(), VIDEOS.name, pa.Table.from_pylist(rows, schema.arrow_schema(VIDEOS)))


OLD = readings("old 1", "old 2", "old 3")


def opened(path: Path) -> FactFile:
    return FactFile(path, 256 << 20, 1)


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> Path:
    """A copy of one's own."""
    return Path(shutil.copy(filled, tmp_path / "facts.duckdb"))


@pytest.fixture
def source(path: Path) -> Iterator[FactFile]:
    file = opened(path)
    yield file
    file.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = new_server()
    yield server
    drop(server)


@pytest.fixture
async def target(server: Server) -> AsyncIterator[ClickHouseStore]:
    async with opened_clickhouse(server, clock=FixedClock(NOW)) as store:
        yield store


class Counted:
    """Counts what is appended, and breaks off after so many commits."""

    def __init__(self, target: ClickHouseStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commits = self.rows = 0
        self.left = 1 << 30
        append = target.append

        async def counted(batches: list[FactBatch]) -> list[Appended]:
            if not self.left:
                raise Unavailable("broken off")
            self.left -= 1
            self.commits += 1
            self.rows += sum(one.rows.num_rows for one in batches)
            return await append(batches)

        monkeypatch.setattr(target, "append", counted)


async def test_everything_moves_and_is_the_same(source: FactFile, target: ClickHouseStore) -> None:
    told: list[str] = []
    moved = {one.table: one for one in await moving.move(source, target, CATALOGUE, told.append)}
    assert moved["ad_event"].of.rows > ROWS
    assert moved["trace_offer"].of.rows > 100
    assert moved["video_snapshot"].days > 10
    assert target.zone(1) == "Asia/Kathmandu"
    assert any(words.startswith("ad-events: ") for words in told)
    assert not target.has_fresh("ad-events")
    # What was sent before is a duplicate still, and a repeated request is known.
    assert await append(target, Event(record_id="r1"), Event(record_id="r3"), organisation_id=2) == Appended(1, 1)
    assert await target.append([batch([Event(record_id="r9")], 2, KEY)]) == [Appended(2, 0, repeated=True)]


async def test_keys_of_rows_that_are_gone_move_too(source: FactFile, target: ClickHouseStore) -> None:
    await moving.move(source, target, CATALOGUE)
    ((count,),) = target._writer.link.rows(f"SELECT uniqExact(key) FROM {target._topology.table('seen_key')}")
    assert count == source.key_count()
    assert await target.append([readings("old 1", "old 2", "new", "old 3")]) == [Appended(1, 3)]


async def test_what_was_broken_off_is_gone_on_with(
    source: FactFile, target: ClickHouseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(target, monkeypatch)
    for _ in range(3):
        counted.left = 2
        with pytest.raises(Unavailable):
            await moving.move(source, target, CATALOGUE, commit_rows=ROWS // 10)
    counted.left = 1 << 30
    moved = await moving.move(source, target, CATALOGUE, commit_rows=ROWS)
    children = sum(one.of.rows for one in moved if one.table == "trace_offer")
    assert counted.rows == sum(one.of.rows for one in moved) - children
    before = counted.commits
    assert await moving.move(source, target, CATALOGUE) == moved
    assert counted.commits == before


async def test_a_second_move_brings_what_has_come_since(
    path: Path, target: ClickHouseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(target, monkeypatch)

    async def move() -> None:
        file = opened(path)
        try:
            await moving.move(file, target, CATALOGUE)
        finally:
            file.close()

    await move()
    before = counted.rows
    store = DuckDBStore(path, CATALOGUE, clock=FixedClock(NOW.astimezone(UTC)))
    await store.start()
    assert await append(store, Event(), Event(record_id="r1"), Event(creative_id=2), organisation_id=2) == Appended(
        2, 1
    )
    expected = await total(store, "impressions")
    await store.stop()
    await move()
    assert counted.rows == before + 2
    assert await total(target, "impressions") == expected


async def test_foreign_facts_are_refused(source: FactFile, target: ClickHouseStore) -> None:
    await append(target, Event(domain="elsewhere.example"), organisation_id=2)
    with pytest.raises(Conflict, match=r"ad-events of organisation 2 on 2024-03-05 that are not those"):
        await moving.move(source, target, CATALOGUE)


async def test_a_difference_is_told(source: FactFile, target: ClickHouseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    append = target.append

    async def lossy(batches: list[FactBatch]) -> list[Appended]:
        return await append(batches[:1])

    monkeypatch.setattr(target, "append", lossy)
    with pytest.raises(Conflict, match=r"Not the same on both sides: ad_event, organisation 1 on "):
        await moving.move(source, target, CATALOGUE)


def test_the_command_moves_to_a_server(tmp_path: Path) -> None:
    place = found(tmp_path / "data")
    line = {"ts": "2025-04-17T09:30:00Z", "creative_id": place.entities.creative, "event": "impressions"}
    events = tmp_path / "events.ndjson"
    events.write_text(json.dumps(line))
    outcome = place.run("import", "ad-events", events)
    assert outcome.code == 0, outcome.err
    with facts_server() as facts:
        url = f"{facts}/moved"
        with Process(place.folder) as process:
            beside = place.run("migrate-store", "--to", url)
            assert beside.code == 1
            assert "in use by another process" in beside.err
            process.terminate()
        command = [sys.executable, "-c", KILLED, "migrate-store", "--to", url, "--data-dir", str(place.folder)]
        assert subprocess.run(command, env=environment(), check=False).returncode == -signal.SIGKILL
        moved = place.run("migrate-store", "--to", url)
        assert moved.code == 0, moved.err
        assert "Moved; both sides are the same." in moved.out
        assert any(words.split()[:3] == ["ad_event", "1", "1"] for words in moved.out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Say where to with --to, or by the setting 'facts_url'."),
        (["--to", "clickhouse://db/x"], "There is no facts.duckdb in "),
        (["--to", "mysql://db/x"], "it must begin with clickhouse:// and name a host"),
        (["--to", "clickhouse://127.0.0.1:9/x"], "The fact store does not answer."),
        (["--to", "clickhouse://db/x", "damaged"], "cannot be opened as a file of facts"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(tmp_path: Path, arguments: list[str], words: str) -> None:
    if arguments[-1:] == ["damaged"]:
        (tmp_path / "facts.duckdb").write_text(str(arguments.pop()))
    elif arguments and arguments[1] != "clickhouse://db/x":
        found(tmp_path)
    outcome = run("migrate-store", *arguments, "--data-dir", tmp_path)
    assert (outcome.code, words in outcome.err, "Traceback" in outcome.err) == (1, True, False), outcome.err
