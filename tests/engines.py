"""Throwaway servers: a PostgreSQL and a MariaDB of the machine's own binaries, on a free port of loopback.

Where a binary is missing, the tests that need it are skipped; in CI they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pymysql
import pytest

PASSWORD = "of the tests"


class Engine(NamedTuple):
    """A running server, and how to log in as one who may do everything."""

    type: str
    port: int

    @property
    def config(self) -> dict[str, Any]:
        """As ``connection_config`` has it."""
        user = "postgres" if self.type == "postgresql" else "owner"
        where = {"host": "127.0.0.1", "port": self.port, "database": "shop"}
        return {"type": self.type, **where, "username": user, "password": PASSWORD}


def missing(what: str) -> None:
    """Skip the test that needs it; fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed, and CI must have it")
    pytest.skip(f"{what} is not installed")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _become(user: str) -> Callable[[], None] | None:
    """Servers refuse to run as root."""
    if os.geteuid() != 0:
        return None
    person = pwd.getpwnam(user)

    def become() -> None:
        os.setgid(person.pw_gid)
        os.setuid(person.pw_uid)

    return become


@contextmanager
def _folder(user: str) -> Iterator[Path]:
    # Not pytest's own, into which the servers' users may not go.
    with tempfile.TemporaryDirectory(prefix="hw-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, user)
        yield Path(name)


@contextmanager
def postgres() -> Iterator[Engine]:
    """A PostgreSQL with the database ``shop``."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    found = str(binaries[-1]) if binaries else shutil.which("postgres")
    if found is None:
        missing("PostgreSQL")
        return
    port, bin_ = free_port(), Path(found).resolve().parent
    with _folder("postgres") as folder:
        become, secret = _become("postgres"), folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data = folder / "data"
        make = [bin_ / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}", "-N"]
        subprocess.run(make, check=True, capture_output=True, preexec_fn=become)
        options = ["-c", "fsync=off", "-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1"]
        with _running([bin_ / "postgres", "-D", data, "-p", str(port), *options], become, folder):
            where = {"host": "127.0.0.1", "port": port, "user": "postgres", "password": PASSWORD}
            connection = _wait(lambda: psycopg.connect(dbname="postgres", autocommit=True, **where))
            with connection:
                connection.execute("CREATE DATABASE shop")
            yield Engine("postgresql", port)


@contextmanager
def mariadb() -> Iterator[Engine]:
    """A MariaDB with the database ``shop``."""
    binary, install = shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), shutil.which("mariadb-install-db")
    if binary is None or install is None:
        missing("MariaDB")
        return
    port = free_port()
    with _folder("mysql") as folder:
        become, data = _become("mysql"), folder / "data"
        init = folder / "init.sql"
        init.write_text(
            "CREATE DATABASE shop;\n"
            f"CREATE USER owner@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON *.* TO owner@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        init.chmod(0o644)
        make = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        subprocess.run([*make, "--skip-test-db"], check=True, capture_output=True, preexec_fn=become)
        options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s", f"--init-file={init}"]
        quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--skip-name-resolve"]
        with _running([binary, "--no-defaults", f"--datadir={data}", *options, *quick], become, folder):
            where = {"host": "127.0.0.1", "port": port, "user": "owner", "password": PASSWORD}
            _wait(lambda: pymysql.connect(database="shop", **where)).close()
            yield Engine("mysql", port)


@contextmanager
def _running(command: list[Any], become: Callable[[], None] | None, folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=become, cwd=folder)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def _wait(connect: Callable[[], Any]) -> Any:
    """The first connection that comes about."""
    event = threading.Event()
    for _ in range(300):
        try:
            return connect()
        except (psycopg.Error, pymysql.Error, OSError) as error:
            last = error
            event.wait(0.1)
    raise last
