"""``headwater``: one program, one command for each task.

Commands are imported when they are asked for: starting the server must not wait
for what importing a file needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from headwater import __version__
from headwater.errors import HeadwaterError
from headwater.settings import SettingsError

COMMANDS = {
    "serve": "serve:serve",
    "worker": "worker:worker",
    "register": "register:register",
    "import": "import_:import_",
    "keys": "keys:app",
    "plan": "plan:app",
    "billing": "billing:app",
    "secrets": "secrets:app",
    "explain": "explain:explain",
    "migrate-store": "migrate_store:migrate_store",
    "migrate-control": "migrate_control:migrate_control",
    "rollup": "rollup:rollup",
    "prune": "prune:prune",
    "mcp": "mcp:mcp",
    "doctor": "doctor:doctor",
}


class Commands(TyperGroup):
    """The commands; an error that the operator can mend is one line on standard error, not a traceback."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command, imported now; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"headwater.cli.{module}"), name)
        if not isinstance(found, typer.Typer):
            function, found = (
                found,
                typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown"),
            )
            found.command(cmd_name)(function)
        return typer.main.get_command(found)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except HeadwaterError as error:
            message = error.message
        except SettingsError as error:
            message = str(error)
        typer.echo(f"headwater: {message}", err=True)
        raise typer.Exit(1)


app = typer.Typer(
    name="headwater",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Show the version and stop.")) -> None:
    """A self-hosted server for marketing measurement."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run a command."""
    app()
