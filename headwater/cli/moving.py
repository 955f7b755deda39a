"""What both commands that move an installation to larger stores ask for, refuse, and say at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import typer

from headwater import settings as settings_module
from headwater.app import configure_logging
from headwater.cli import parts
from headwater.errors import InvalidRequest, NotFound
from headwater.settings import Settings

Target = Literal["control_url", "facts_url"]


def from_and_to(data_dir: Path | None, file_name: str, to: str, target: Target) -> tuple[Settings, Path, str]:
    """The settings, the file to move, and the URL to move it to: ``to``, or what the setting ``target`` says.

    Errors: ``InvalidRequest`` without a URL, ``NotFound`` without the file.
    """
    settings = settings_module.load(data_dir=str(data_dir) if data_dir else None)
    configure_logging(settings)
    url, path = to or getattr(settings, target), Path(settings.data_dir) / file_name
    if not url:
        raise InvalidRequest(f"Say where to with --to, or by the setting '{target}'.", field="to")
    if not path.exists():
        raise NotFound(
            f"There is no {file_name} in '{path.parent}'. Name its folder with --data-dir.", field="data_dir"
        )
    return settings, path, url


def show_moved(columns: list[str], rows: list[list[str]], target: Target) -> None:
    """Print what was moved, and what is left to do."""
    parts.show_table(columns, rows)
    typer.echo(f"Moved; both sides are the same. Set HEADWATER_{target.upper()} before the next start.")
