"""``headwater serve``: the server in the foreground."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Annotated, Final

import msgspec
import typer
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from headwater import payments, processes, shared
from headwater import settings as settings_module
from headwater.cli.listening import Address, free, serve_holding
from headwater.outbound import traces
from headwater.settings import Settings
from headwater.storage import check as facts

_OVERLAP_SECONDS: Final = 5.0
"""So long a process that is replaced goes on beside the new one, which has to start first."""
_BETWEEN_WORDS: Final = 0.2


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 takes a free one.", show_default="8000")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds everything.", show_default=".data")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that answer; more than one need shared stores.", show_default="1")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty data directory with demo data.")] = False,
) -> None:
    """Serve the API.

    SIGTERM stops it when what is under way is answered; SIGHUP replaces several processes one after another.

    Example: `headwater serve --host 127.0.0.1 --port 8000 --data-dir .data --demo`
    """
    settings = settings_module.load(host=host, port=port, data_dir=str(data_dir) if data_dir else None, workers=workers)
    if settings.workers > 1:
        processes.check(settings, f"A server of {settings.workers} processes")
    # The worker would fail on these again and again.
    payments.check(settings)
    shared.check(settings)
    traces.check(settings)
    facts.check(settings)
    address = _free(Address(settings.host, settings.port))
    settings = msgspec.structs.replace(settings, port=address.port)
    if demo:
        # Imported here: without a demo this process only watches the worker and should stay small.
        from headwater.cli.demo import prepare

        prepare(settings)
    else:
        url = settings.address
        typer.echo(f"Headwater at {url}, data in {settings.data_dir}. API reference: {url}/docs", err=True)
    # The worker is a process of its own and reads its settings from the environment.
    os.environ["HEADWATER_HOST"] = settings.host
    os.environ["HEADWATER_PORT"] = str(settings.port)
    os.environ["HEADWATER_DATA_DIR"] = settings.data_dir
    os.environ["HEADWATER_WORKERS"] = str(settings.workers)
    server = Granian(
        "headwater.served:create",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        factory=True,
        loop=Loops.uvloop,
        workers=settings.workers,
        respawn_failed_workers=True,
        respawn_interval=_OVERLAP_SECONDS,
        log_level=LogLevels.warning,
        websockets=False,
    )
    server.on_startup(partial(_set_up_signals, server, settings))
    with _room_for_counts(settings.workers):
        serve_holding(server, address)


@contextmanager
def _room_for_counts(workers: int) -> Iterator[None]:
    """A folder in which several processes add up what they count, for as long as the server runs."""
    if workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="headwater-") as folder:
        os.environ[processes.COUNTS] = folder
        yield


def _set_up_signals(server: Granian, settings: Settings) -> None:
    """Take a stop in two steps where there is a pause between them, and no replacement where two cannot overlap."""
    if settings.workers == 1:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # A process that has not started yet does not know it, and would end.
    signal.signal(processes.LEAVING, signal.SIG_IGN)
    if not settings.drain_seconds:
        return
    stop = signal.getsignal(signal.SIGTERM)

    def leave(*_: object) -> None:
        # A second one does not wait.
        signal.signal(signal.SIGTERM, stop)
        Thread(target=_drain, args=(server, settings.drain_seconds), daemon=True).start()

    signal.signal(signal.SIGTERM, leave)


def _drain(server: Granian, seconds: float) -> None:
    """Tell all processes to leave, those that start meanwhile too, and stop them in the end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for child in active_children():
            if child.pid:
                os.kill(child.pid, processes.LEAVING)
        time.sleep(_BETWEEN_WORDS)
    server.signal_handler_interrupt()


def _free(address: Address) -> Address:
    try:
        return free(address)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise settings_module.SettingsError(
            f"The server cannot listen on {address.host}, port {address.port}: {reason}. Stop what listens there, "
            "or give another --host or --port (0 takes a free port)."
        ) from error
