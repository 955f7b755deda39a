"""Opens the embedded store's file, or says in words why that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from headwater.errors import StoreInUse
from headwater.settings import SettingsError

Config = Mapping[str, str | bool | int | float | list[str]]


def open_file(path: Path | None, config: Config) -> duckdb.DuckDBPyConnection:
    """A connection, in memory without a path.

    StoreInUse while another process has the file, SettingsError for one that is none of the engine's.
    """
    try:
        connection = duckdb.connect(str(path) if path else ":memory:", config=dict(config))
    except duckdb.IOException as error:
        words = str(error)
        if "lock" in words.lower():
            raise StoreInUse(
                f"{path} is in use by another process. Stop it, or send the request to that server."
            ) from None
        raise SettingsError(f"{path} cannot be opened as a file of facts: {words.splitlines()[0]}") from None
    connection.execute("SET TimeZone = 'UTC'")
    return connection
