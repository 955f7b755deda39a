"""``headwater``: one program, one command for each task."""

from __future__ import annotations

import sys

import typer

from headwater import __version__
from headwater.cli import serve
from headwater.errors import HeadwaterError
from headwater.settings import SettingsError
from headwater.storage.duckdb.store import StoreInUseError

app = typer.Typer(
    name="headwater",
    help="A self-hosted server for marketing measurement.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("serve")(serve.serve)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Show the version and stop.")) -> None:
    """A self-hosted server for marketing measurement."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run a command; errors that the operator can mend are one line, not a traceback."""
    try:
        app()
    except (SettingsError, StoreInUseError) as error:
        sys.exit(f"headwater: {error}")
    except HeadwaterError as error:
        sys.exit(f"headwater: {error.message}")
