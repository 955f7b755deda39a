"""A control plane moves from SQLite into PostgreSQL: all of it, the same, or nothing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, create_engine, text

from headwater.control import moving
from headwater.control.migrate import NEWEST
from headwater.settings import Settings
from tests import postgres
from tests.cli.beside import running
from tests.cli.place import Place, found, run
from tests.crash.processes import environment
from tests.engines import PASSWORD
from tests.migrated import connected, lay, take_steps
from tests.serving import Company, serving

pytestmark = pytest.mark.scaled
# The command, that dies when it comes to a table in the middle.
_KILLED = """
import os, signal
from headwater.cli import migrate_control
from headwater.cli.main import main
say = migrate_control.typer.echo
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
migrate_control.typer.echo = lambda words, **more: die() if words == "Copying entity" else say(words, **more)
main()
"""
LISTS = ("/api/v2/workspaces", "/api/v2/campaigns", "/api/v2/creatives", "/api/v1/account/api-keys")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A company whose newest entities refer to later ones, are in other scripts, and the last of which is gone."""
    place = found(tmp_path_factory.mktemp("moving") / "data")
    with connected(Settings(data_dir=str(place.folder))) as connection:
        group = "UPDATE entity SET parent_id = (SELECT max(id) FROM entity), name = :name WHERE id = :id"
        connection.execute(text(group), {"name": "Ünïcode – 東京 \U0001f600", "id": place.entities.campaign})
        connection.execute(text("UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'entity'"))
        connection.execute(text("UPDATE plan SET monthly_credits = 7 WHERE name = 'free'"))
        connection.execute(text("DELETE FROM plan WHERE name = 'growth'"))
        connection.execute(
            text("INSERT INTO audit_event (action, target, details, created_at) VALUES ('x', '', :more, :at)"),
            {"more": '{"b": [1.5, null, "é", "\\u0000"], "a": {}}', "at": "2026-03-29 01:30:00.000007"},
        )
    return place


@pytest.fixture
def target() -> Iterator[str]:
    with postgres.empty() as url:
        yield url


def counts(url: str) -> int:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
    engine.dispose()
    return int(found or 0)


async def answers(place: Place, control_url: str) -> tuple[list[str], int]:
    """What the server says, and the number of the next entity."""
    async with serving(place.folder, control_url=control_url) as server:
        company = Company(server, "owner1@example.com", place.key, place.organisation_id)
        said = [(await company.get(path)).text for path in LISTS]
        return said, await company.make("/api/v2/workspaces", name="Next")


def test_everything_is_there_and_goes_on(filled: Place, target: str) -> None:
    done = filled.run("migrate-control", "--to", target)
    assert done.code == 0, done.err
    assert "both sides are the same" in done.out
    moved, number = asyncio.run(answers(filled, target))
    before, _ = asyncio.run(answers(filled, ""))
    last_used = '"last_used":'
    assert [one.split(last_used)[0] for one in moved] == [one.split(last_used)[0] for one in before]
    assert number == 5001
    with connected(Settings(control_url=target)) as connection:
        plans = connection.execute(text("SELECT name, monthly_credits FROM plan ORDER BY name")).all()
        details = connection.scalar(text("SELECT details::text FROM audit_event WHERE action = 'x'"))
    assert [tuple(row) for row in plans] == [("enterprise", 50_000), ("free", 7), ("starter", 1_000)]
    assert details == '{"b": [1.5, null, "\\u00e9", "\\u0000"], "a": {}}'
    again = filled.run("migrate-control", "--to", target)
    assert (again.code, "has rows already" in again.err) == (1, True)
    assert PASSWORD not in done.out + done.err + again.err


def test_what_is_cut_off_leaves_nothing_and_is_done_again(filled: Place, target: str) -> None:
    arguments = ["migrate-control", "--to", target, "--data-dir", str(filled.folder)]
    killed = subprocess.run([sys.executable, "-c", _KILLED, *arguments], env=environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    done = filled.run("migrate-control", "--to", target)
    assert done.code == 0, done.err


def test_a_difference_ends_it_and_nothing_is_there(filled: Place, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, lost = moving._pages, []

    def losing(connection: Connection, table: Table) -> Iterator[list[Any]]:
        for rows in whole(connection, table):
            # The first time that they are read is to be copied.
            first = table.name == "entity" and not lost
            lost.extend(rows[:first])
            yield rows[first:]

    monkeypatch.setattr(moving, "_pages", losing)
    done = filled.run("migrate-control", "--to", target)
    assert done.code == 1
    assert "is not the same on both sides" in done.err
    assert counts(target) == 0


def test_one_of_an_older_step_stays_as_it_was(target: str, tmp_path: Path) -> None:
    file = tmp_path / "control.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        # As a server leaves it.
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        take_steps(connection, "0012")
    engine.dispose()
    before = file.read_bytes()
    done = run("migrate-control", "--to", target, "--data-dir", tmp_path)
    assert done.code == 0, done.err
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob("control.db*")] == ["control.db"]
    with connected(Settings(control_url=target)) as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == NEWEST


def test_one_that_a_server_uses_is_refused(filled: Place, target: str) -> None:
    with running(filled) as server:
        done = filled.run("migrate-control", "--to", target)
        assert (done.code, "is in use by another process" in done.err) == (1, True)
        assert server.client.get("/api/v2/workspaces").status_code == 200
    assert counts(target) == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "Say where to"),
        ("mysql://a:hidden@b/c", "must begin with postgresql://"),
        ("postgresql://a:hidden@127.0.0.1:1/c", "nothing answers there"),
    ],
)
def test_a_wrong_target_is_refused_in_words(filled: Place, url: str, words: str) -> None:
    done = filled.run("migrate-control", "--to", url)
    assert (done.code, "hidden" in done.err) == (1, False)
    assert words in done.err


def _text(file: Path) -> None:
    file.write_text("No database at all, but long enough to be looked at as if it were one. " * 100)


def _damaged(file: Path) -> None:
    lay(file.parent)
    content = file.read_bytes()
    file.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))


@pytest.mark.parametrize(
    ("made", "words"),
    [(_text, "is no SQLite database"), (Path.mkdir, "cannot be used"), (_damaged, "or is damaged")],
)
def test_what_is_no_control_plane_is_refused_in_a_sentence(
    made: Callable[[Path], None], words: str, target: str, tmp_path: Path
) -> None:
    made(tmp_path / "control.db")
    done = run("migrate-control", "--to", target, "--data-dir", tmp_path)
    assert (done.code, words in done.err, "Traceback" in done.err) == (1, True, False), done.err
    assert counts(target) == 0


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    done = run("migrate-control", "--to", "postgresql://a@b/c", "--data-dir", tmp_path)
    assert (done.code, "There is no control.db" in done.err) == (1, True)
