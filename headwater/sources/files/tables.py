"""Files of rows as tables of a DuckDB file: types inferred, column names kept."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import duckdb
from python_calamine import CalamineWorkbook

from headwater.sources.cells import cell
from headwater.sources.duckdb_file import SHUT
from headwater.sources.files.kinds import Kind, unreadable
from headwater.sources.files.names import TableNames
from headwater.sources.identifiers import quoted
from headwater.sources.records import columnar

MOST_CELLS: Final = 20_000_000
MOST_TABLES: Final = 200
MOST_UNFOLDED: Final = 1024 * 1024 * 1024
_READERS: Final[dict[Kind, str]] = {
    "csv": "read_csv(?, header = true, sample_size = -1, normalize_names = false)",
    "tsv": "read_csv(?, header = true, delim = '\t', sample_size = -1, normalize_names = false)",
    "json": "read_json(?, format = 'auto', sample_size = -1, maximum_object_size = 134217728)",
    "ndjson": "read_json(?, format = 'newline_delimited', sample_size = -1, maximum_object_size = 134217728)",
    "parquet": "read_parquet(?)",
}


class Tables:
    """The tables of one source, as they are made."""

    def __init__(self, path: Path, names: TableNames) -> None:
        free = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        limits = {"memory_limit": "768MB", "threads": "2", "temp_directory": str(path.parent / "spill")}
        self._connection = duckdb.connect(str(path), config={**free, **limits})
        self._names = names
        self.made: list[str] = []

    def add(self, kind: Kind, name: str, path: Path) -> None:
        """The tables of one file; ``InvalidRequest`` where it cannot be read."""
        try:
            if kind in _READERS:
                self._read(kind, name, path)
            elif kind == "sheets":
                self._sheets(name, path)
            elif kind == "sqlite":
                self._sqlite(name, path)
            else:
                self._duckdb(name, path)
        except duckdb.Error as error:
            raise unreadable(name, _words(error, path, name)) from None
        if len(self.made) > MOST_TABLES:
            raise unreadable(name, f"there are more than {MOST_TABLES} tables")

    def keep(self, name: str, table: Any) -> None:
        """A table of Arrow's as one of this source's."""
        self._connection.register("incoming", table)
        self._connection.execute(f"CREATE TABLE {quoted(name, 'duckdb')} AS SELECT * FROM incoming")
        self._connection.unregister("incoming")
        self.made.append(name)

    def close(self) -> None:
        """Write what is not on disk yet."""
        self._connection.execute("CHECKPOINT")
        self._connection.close()

    def _read(self, kind: Kind, name: str, path: Path) -> None:
        if kind in ("csv", "tsv", "json", "ndjson"):
            _in_utf8(path)
        table = self._names.take(name)
        statement = f"CREATE TABLE {quoted(table, 'duckdb')} AS SELECT * FROM {_READERS[kind]}"
        self._connection.execute(statement, [str(path)])
        self.made.append(table)

    def _sheets(self, name: str, path: Path) -> None:
        check_unfolded(name, path)
        try:
            workbook = CalamineWorkbook.from_path(str(path))
            sheets = [(one, workbook.get_sheet_by_name(one)) for one in workbook.sheet_names]
        except Exception as error:  # noqa: BLE001  its errors have no class in common
            raise unreadable(name, f"as a spreadsheet: {error}") from None
        filled = [(title, sheet) for title, sheet in sheets if sheet.height and sheet.width]
        if not filled:
            raise unreadable(name, "all its sheets are empty")
        for title, sheet in filled:
            if sheet.height * sheet.width > MOST_CELLS:
                raise unreadable(name, f"the sheet '{title[:40]}' has more than {MOST_CELLS:,} cells")
            rows = sheet.to_python(skip_empty_area=True)
            self.keep(self._names.take(name, title if len(filled) > 1 else ""), _sheet(rows))

    def _sqlite(self, name: str, path: Path) -> None:
        try:
            with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                tables = connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
                    " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
                ).fetchall()
                for (table,) in tables:
                    rows = connection.execute(f"SELECT * FROM {quoted(table, 'sqlite')}")
                    columns = [one[0] for one in rows.description]
                    values = list(zip(*rows, strict=True)) or [()] * len(columns)
                    cells = [[cell(value) for value in column] for column in values]
                    self.keep(self._names.plain(table), columnar(columns, cells))
        except sqlite3.Error as error:
            raise unreadable(name, f"as a SQLite database: {error}") from None
        if not tables:
            raise unreadable(name, "it has no tables")

    def _duckdb(self, name: str, path: Path) -> None:
        # Views are left behind: what they would read is not for this process to open.
        with closing(duckdb.connect(str(path), read_only=True, config=dict(SHUT))) as connection:
            tables = connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY 1, 2"
            ).fetchall()
            for schema, table in tables:
                rows = connection.sql(f"SELECT * FROM {quoted(schema, 'duckdb')}.{quoted(table, 'duckdb')}")
                self.keep(self._names.plain(table), rows.to_arrow_reader(10_000))
        if not tables:
            raise unreadable(name, "it has no tables")


def check_unfolded(name: str, path: Path) -> None:
    """Refuse an archive that would fill memory when it is unfolded."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if sum(one.file_size for one in archive.infolist()) > MOST_UNFOLDED:
            raise unreadable(name, f"it unfolds to more than {MOST_UNFOLDED:,} bytes")


def _in_utf8(path: Path) -> None:
    """Have a text file in UTF-8, as it may have been written by a spreadsheet of before."""
    data = path.read_bytes()
    path.write_text(decoded(data), "utf-8", newline="")


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 where it says so, else the Western code page, which knows every byte."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _sheet(rows: list[list[Any]]) -> Any:
    header, *body = rows
    names = TableColumns().of(header)
    columns = [[_value(row[number]) for row in body] for number in range(len(names))]
    return columnar(names, [_whole(column) for column in columns])


class TableColumns:
    """Names of columns as a sheet's first row has them."""

    def of(self, header: list[Any]) -> list[str]:
        """Each once; where there is none, the column's number.

        >>> TableColumns().of(["a", "", "A"])
        ['a', 'column_2', 'A_2']
        """
        taken: set[str] = set()
        found: list[str] = []
        for number, value in enumerate(header, 1):
            name = unique = str(value).strip() or f"column_{number}"
            again = 1
            while unique.lower() in taken:
                again += 1
                unique = f"{name}_{again}"
            taken.add(unique.lower())
            found.append(unique)
        return found


def _value(value: Any) -> Any:
    if value == "" or value is None:
        return None
    return str(value) if isinstance(value, timedelta) else value


def _whole(column: list[Any]) -> list[Any]:
    """Sheets know one sort of number; a column of whole ones is one of whole numbers."""
    numbers = [value for value in column if isinstance(value, float)]
    others = any(value is not None and not isinstance(value, float) for value in column)
    if not numbers or others or not all(value.is_integer() and abs(value) < 2**53 for value in numbers):
        return column
    return [None if value is None else int(value) for value in column]


def _words(error: Exception, path: Path, name: str) -> str:
    line = str(error).split("\n")[0].replace(str(path), name)
    return (line.partition(" Error: ")[2] or line)[:300]
