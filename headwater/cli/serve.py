"""``headwater serve``: the server in the foreground."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from headwater import payments, shared
from headwater import settings as settings_module
from headwater.outbound import traces


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 takes a free one.", show_default="8000")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds everything.", show_default=".data")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty data directory with demo data.")] = False,
) -> None:
    """Serve the API.

    Example: `headwater serve --host 127.0.0.1 --port 8000 --data-dir .data --demo`
    """
    settings = settings_module.load(host=host, port=port, data_dir=str(data_dir) if data_dir else None)
    # The worker would fail on these again and again.
    payments.check(settings)
    shared.check(settings)
    traces.check(settings)
    port = settings.port or _free_port(settings.host)
    settings = msgspec.structs.replace(settings, port=port)
    if demo:
        # Imported here: without a demo this process only watches the worker and should stay small.
        from headwater.cli.demo import prepare

        prepare(settings)
    else:
        url = f"http://{settings.host}:{port}"
        typer.echo(f"Headwater at {url}, data in {settings.data_dir}. API reference: {url}/docs", err=True)
    # The worker is a process of its own and reads its settings from the environment.
    os.environ["HEADWATER_HOST"] = settings.host
    os.environ["HEADWATER_PORT"] = str(port)
    os.environ["HEADWATER_DATA_DIR"] = settings.data_dir
    Granian(
        "headwater.app:create",
        address=settings.host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        loop=Loops.uvloop,
        workers=1,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        websockets=False,
    ).serve()


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
