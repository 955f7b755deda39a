"""Files of every kind become tables or passages; what cannot be read says so and leaves nothing."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headwater.errors import InvalidRequest
from headwater.sources.duckdb_file import DuckDBFile
from headwater.sources.files import passages, tables
from headwater.sources.files.build import build
from headwater.sources.files.reader import read_files
from headwater.sources.files.task import PASSAGES, TABLES, Outcome, Upload
from tests.sources import files_of_every_kind as every


class Built:
    """A source made of files."""

    def __init__(self, folder: Path, outcome: Outcome) -> None:
        self.folder, self.outcome = folder, outcome

    async def ask(self, query: str) -> list[tuple[Any, ...]]:
        return list((await DuckDBFile(self.folder / TABLES).run(query, {}, 100, 10)).rows)


def made(folder: Path, **files: bytes) -> Built:
    """The source of files by their names; ``__`` stands for the dot."""
    target = folder / "made"
    target.mkdir()
    uploads = []
    for number, (name, data) in enumerate(files.items()):
        path = folder / f"part{number}"
        path.write_bytes(data)
        uploads.append(Upload(name.replace("__", "."), str(path)))
    return Built(target, build(uploads, target))


async def test_csv_keeps_its_names_and_gets_types(tmp_path: Path) -> None:
    built = made(tmp_path, orders__csv=every.CSV)
    assert built.outcome.tables == ("orders",)
    assert await built.ask('SELECT "Order id", Customer, Amount, Day + 1 AS next FROM orders ORDER BY 1') == [
        (1, "Ada", 10.5, date(2025, 1, 3)),
        (2, "Bob, Jr.", 20.25, date(2025, 1, 4)),
    ]


@pytest.mark.parametrize(
    ("name", "data", "query", "rows"),
    [
        ("o__tsv", every.TSV, "SELECT Customer FROM o ORDER BY 1", [("Ada",), ("Bob",)]),
        (
            "p__json",
            every.JSON,
            "SELECT name, age, tags FROM p ORDER BY 1",
            [("Ada", 36, '["a","b"]'), ("Bob", None, None)],
        ),
        ("p__ndjson", every.NDJSON, "SELECT sum(age) AS s FROM p", [(Decimal(77),)]),
        ("p__parquet", every.parquet(), "SELECT name FROM p ORDER BY id", [("Ada",), ("Bob",)]),
        (
            "b__xlsx",
            every.xlsx(1),
            "SELECT Id, Amount, year(Day) AS y FROM b ORDER BY 1",
            [(1, 10.5, 2025), (2, 20.0, 2025)],
        ),
        ("b__xlsx", every.xlsx(), "SELECT Name, Age FROM b_People", [("Ada", 36)]),
        ("d__sqlite", every.sqlite(), "SELECT id, name FROM users ORDER BY 1", [(1, "Ada"), (2, None)]),
        ("d__duckdb", every.duckdb_file(), "SELECT price, tags FROM items", [(Decimal("9.99"), '["a"]')]),
        ("x__csv", "Größe;Preis\n1;2\n".encode("cp1252"), 'SELECT "Größe" FROM x', [(1,)]),
        ("x__csv", "a,b\n1,é\n".encode("utf-16"), "SELECT b FROM x", [("é",)]),
        ("noname", b'[{"a": 1}]', "SELECT a FROM noname", [(1,)]),
        ("wrong__csv", every.parquet(), "SELECT count(*) AS n FROM wrong", [(2,)]),
    ],
)
async def test_files_of_rows(tmp_path: Path, name: str, data: bytes, query: str, rows: list[Any]) -> None:
    found = await made(tmp_path, **{name: data}).ask(query)
    assert found == rows or [tuple(map(str, one)) for one in found] == [tuple(map(str, one)) for one in rows]


async def test_views_of_a_database_are_left_behind(tmp_path: Path) -> None:
    assert made(tmp_path, d__duckdb=every.duckdb_file()).outcome.tables == ("items",)


@pytest.mark.parametrize(
    ("name", "data", "words", "place", "text"),
    [
        ("a__pdf", every.pdf(), "invoices due", "page 1", "Invoices are due in thirty days."),
        ("a__docx", every.word(), "WARRANTY lasts", "Warranty", "two years"),
        ("a__md", every.MARKDOWN, "zurich", "Shipping", "Parcels to Zürich"),
        ("a__html", every.HTML, "open nine", "Hours", "Open from nine."),
        ("a__txt", b"The office is in Bern.\n\nIt has a garden.", "garden", "part 1", "It has a garden."),
    ],
)
async def test_documents_are_searched(
    tmp_path: Path, name: str, data: bytes, words: str, place: str, text: str
) -> None:
    built = made(tmp_path, **{name: data})
    best = passages.search(built.folder / PASSAGES, words, 5)[0]
    assert (best.document, best.place) == (name.replace("__", "."), place)
    assert text in best.text
    assert "alert" not in best.text
    assert await built.ask("SELECT count(*) AS n FROM passages") == [(built.outcome.passages,)]


def test_a_search_ranks_and_takes_no_operators(tmp_path: Path) -> None:
    built = made(tmp_path, a__md=every.MARKDOWN, b__txt=b"refund refund refund", c__txt=b"nothing here")
    index = built.folder / PASSAGES
    found = passages.search(index, "refund", 5)
    assert {one.document for one in found} == {"a.md", "b.txt"}
    assert found == sorted(found, key=lambda one: -one.score)
    assert passages.search(index, 'refund" OR NEAR( * -x:', 5)
    assert passages.search(index, "!!!", 5) == []


def _zip(**names: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in names.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a__csv", b"", "empty"),
        ("a__pdf", b"no pdf", "no PDF file"),
        ("a__pdf", b"%PDF-1.4 broken", "as a PDF"),
        ("a__pdf", every.pdf(""), "pictures"),
        ("a__xlsx", b"PK\x03\x04 broken", "damaged"),
        ("a__xlsx", _zip(xl__workbook_dot_xml=b"<nothing/>"), "spreadsheet"),
        ("a__docx", _zip(word__document_dot_xml=b"<nothing/>"), "DOCX"),
        ("a__zip", _zip(x=b"1"), "archive"),
        ("a__exe", b"MZ\x00\x00", "not known"),
        ("a__parquet", b"PAR1 broken", "(?i)parquet|small"),
        ("a__sqlite", b"SQLite format 3\x00 broken", "SQLite"),
        ("a__duckdb", b"12345678DUCK" + b"\x00" * 5000, "cannot be read"),
        ("a__json", b'{"a": ', "(?i)json"),
        ("a__json", b"{}" * 3 + b"{", "(?i)json"),
        ("a__txt", b"   \n  ", "no text"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        made(tmp_path, **{name: data})
    assert refused.value.details["field"] == "file"
    assert name.replace("__", ".") in refused.value.message
    assert str(tmp_path) not in refused.value.message


def test_what_unfolds_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_UNFOLDED", 1000)
    with pytest.raises(InvalidRequest, match="unfolds"):
        made(tmp_path, a__xlsx=_zip(xl__workbook_dot_xml=b"0" * 100_000))


def test_a_sheet_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_CELLS", 3)
    with pytest.raises(InvalidRequest, match="more than 3 cells"):
        made(tmp_path, a__xlsx=every.xlsx())


def test_tables_of_several_files_have_names_of_their_own(tmp_path: Path) -> None:
    built = made(tmp_path, a__csv=every.CSV, A__csv=every.CSV, passages__csv=every.CSV, d__md=every.MARKDOWN)
    assert built.outcome.tables == ("a", "A_2", "passages_2", "passages")


async def test_strangers_files_are_read_in_a_process_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(every.CSV)
    outcome = await read_files([Upload("orders.csv", str(tmp_path / "x"))], tmp_path)
    assert outcome.tables == ("orders",)
    (tmp_path / "x").write_bytes(b"%PDF-broken")
    with pytest.raises(InvalidRequest, match=r"orders\.csv"):
        await read_files([Upload("orders.csv", str(tmp_path / "x"))], tmp_path)


async def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(every.CSV)
    with pytest.raises(InvalidRequest, match="not read within 0 seconds"):
        await read_files([Upload("orders.csv", str(tmp_path / "x"))], tmp_path, seconds=0)
