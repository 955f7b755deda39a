"""A small file of every kind that can be uploaded: its name and its bytes."""

from __future__ import annotations

import io
import sqlite3
import tempfile
from datetime import date
from pathlib import Path

import docx
import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

CSV = b'Order id,Customer,Amount,Day\n1,Ada,10.50,2025-01-02\n2,"Bob, Jr.",20.25,2025-01-03\n'
TSV = CSV.replace(b'"Bob, Jr."', b"Bob").replace(b",", b"\t")
JSON = b'[{"name": "Ada", "tags": ["a", "b"], "age": 36}, {"name": "Bob", "age": null}]'
NDJSON = b'{"name": "Ada", "age": 36}\n{"name": "Bob", "age": 41}\n'
MARKDOWN = "# Refunds\n\nA refund takes fourteen days.\n\n## Shipping\n\nParcels to Zürich go by train.\n".encode()
HTML = (
    b"<html><head><style>x{}</style><script>alert(1)</script></head><body><h1>Hours</h1><p>Open from nine.</p></body>"
)


def xlsx(sheets: int = 2) -> bytes:
    """A workbook; its second sheet has another table."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Orders"
    for row in (["Id", "Amount", "Day"], [1, 10.5, date(2025, 1, 2)], [2, 20.0, date(2025, 1, 3)]):
        first.append(row)
    if sheets > 1:
        second = book.create_sheet("People")
        for line in (["Name", "Age"], ["Ada", 36]):
            second.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet() -> bytes:
    """A table of two rows."""
    out = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2], "name": ["Ada", "Bob"]}), out)
    return out.getvalue()


def sqlite() -> bytes:
    """A database with two tables and a view."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        connection = sqlite3.connect(path)
        connection.executescript(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'Ada'), (2, NULL);"
            "CREATE TABLE empty (a, b); CREATE VIEW v AS SELECT * FROM users;"
        )
        connection.close()
        return path.read_bytes()


def duckdb_file() -> bytes:
    """A database with a table, and a view that would read another file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.duckdb"
        connection = duckdb.connect(str(path))
        connection.execute("CREATE TABLE items (id INT, price DECIMAL(9, 2), tags VARCHAR[])")
        connection.execute("INSERT INTO items VALUES (1, 9.99, ['a'])")
        connection.execute("CREATE VIEW passwords AS SELECT * FROM read_text('/etc/passwd')")
        connection.close()
        return path.read_bytes()


def word() -> bytes:
    """A document with a heading, a paragraph and a table."""
    document = docx.Document()
    document.add_heading("Warranty", 1)
    document.add_paragraph("The warranty lasts two years.")
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Battery", "one year"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pdf(text: str = "Invoices are due in thirty days.") -> bytes:
    """One page with a line of text, written by hand."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    at = len(out)
    size = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, at)
