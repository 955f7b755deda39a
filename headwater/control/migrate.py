"""Brings the control plane's tables up to date, inside a connection that the caller opened.

The steps are in ``migrations/versions``; a released step is never edited.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, column, inspect, select, table

from headwater.control.letters import order_by_bytes
from headwater.settings import SettingsError

NEWEST: Final = "0015"
"""The last step; a test holds it to the folder."""

_STEPS_TAKEN = table("alembic_version", column("version_num"))


def upgrade(connection: Connection) -> None:
    """Run the steps that this database does not have yet, in the transaction of ``connection``."""
    version = _version(connection)
    if version > NEWEST:
        raise SettingsError(
            f"The control plane's database is of a newer Headwater (step {version}; this one knows {NEWEST})."
            " Start that one, or restore a backup."
        )
    if version < NEWEST:
        _run(connection)


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table(_STEPS_TAKEN.name):
        return ""
    return connection.scalar(select(_STEPS_TAKEN.c.version_num)) or ""


def _run(connection: Connection) -> None:
    # Alembic is a third of what the control plane loads, and is of no use to most starts.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "headwater.control:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    order_by_bytes(connection)
