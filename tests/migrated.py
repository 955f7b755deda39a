"""Databases with every migration run, to be copied: running them takes longer than most tests.

And control planes as they were before some of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine

from headwater.app import FACTS_FILE
from headwater.control.migrate import upgrade
from headwater.settings import Settings
from headwater.storage.duckdb.migrations import migrate
from headwater.storage.duckdb.opening import open_file


def lay(folder: Path, *, control: bool = True, facts: bool = True) -> None:
    """Put them into a data directory that has none; what starts there finds nothing left to do."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for wanted, name, migrated in ((control, "control.db", _control), (facts, FACTS_FILE, _facts)):
        path = folder / name
        if wanted and not path.exists():
            path.write_bytes(migrated())


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    """A transaction in the control plane's database, without what a server does to it."""
    url = f"sqlite:///{settings.data_dir}/control.db"
    if settings.control_url:
        url = settings.control_url.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def take_steps(connection: Connection, last: str) -> None:
    """Run the migrations up to and with one of them."""
    config = steps()
    config.attributes["connection"] = connection
    command.upgrade(config, last)


def steps() -> Config:
    """Where the migrations are."""
    config = Config()
    config.set_main_option("script_location", "headwater.control:migrations")
    config.set_main_option("path_separator", "os")
    return config


@cache
def _control() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "control.db"
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            upgrade(connection)
        engine.dispose()
        return path.read_bytes()


@cache
def _facts() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / FACTS_FILE
        connection = open_file(path, {})
        migrate(connection)
        connection.close()
        return path.read_bytes()
