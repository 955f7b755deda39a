"""Paths that lead out of a folder, and values that would add a header, sent as bytes to a real server."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from headwater.app import endpoints
from tests.crash.processes import Process
from tests.openapi.conformity import IS_CONSOLE
from tests.serving import Company

_PARAMETER = re.compile(r"\{\w+\}")
OUT = [
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "../../../../etc/passwd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "..%252f..%252fetc%252fpasswd",
    "%c0%ae%c0%ae/etc/passwd",
    "/etc/passwd",
    "....//....//etc/passwd",
    "reference.html%00.js",
    "..;/..;/secrets.json",
    "file:///etc/passwd",
]
PREFIXES = sorted({_PARAMETER.split(one.path)[0] for one in endpoints() if "{" in one.path} | {"/docs/", "/"})


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with Process(tmp_path_factory.mktemp("paths") / "data") as one:
        yield one


def raw(process: Process, head: bytes) -> bytes:
    """What is answered to these bytes, to the end of the connection."""
    address = urlsplit(process.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("out", OUT)
def test_no_path_leads_out(process: Process, out: str) -> None:
    for prefix in PREFIXES:
        head = f"GET {prefix}{out} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        answer = raw(process, head)
        status = int(answer.split(b" ", 2)[1])
        # A page's reader is asked to sign in first.
        asked_in = bool(IS_CONSOLE(prefix)) and b"\r\nlocation: /sign-in?next=/" in answer
        assert status in (400, 401, 404, 405) or (asked_in and status == 303), f"{prefix}{out}: {answer[:200]!r}"
        assert b"root:" not in answer
        assert b"jwt" not in answer.lower()


@pytest.mark.parametrize(
    "line",
    [
        b"X-Request-Id: a\r\nX-Evil: 1",
        b"X-Request-Id: a\x00b",
        b"X-Request-Id: a\nX-Evil: 1",
        b"X-Request-Id: <script>",
        b"X-Request-Id: %0d%0aX-Evil: 1",
    ],
)
def test_a_request_id_adds_no_header(process: Process, line: bytes) -> None:
    answer = raw(process, b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + line + b"\r\n\r\n")
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"x-evil" not in head
    assert b"script" not in head


@pytest.mark.parametrize("path", ["/%0d%0aX-Evil:1", "/docs%0d%0a%0d%0a<h1>", "/api/v1/industries%0aX-Evil:1"])
def test_a_path_adds_no_header(process: Process, path: str) -> None:
    answer = raw(process, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head = answer.partition(b"\r\n\r\n")[0]
    assert int(head.split(b" ", 2)[1]) in (400, 404)
    assert b"X-Evil" not in head


@pytest.mark.parametrize(
    "path", ["/settings/webhooks/%0d%0aX-Evil:1", "/settings?a=%0d%0aX-Evil:1", "/settings?%0aX-Evil:1"]
)
def test_where_to_go_after_signing_in_adds_no_header(process: Process, path: str) -> None:
    answer = raw(process, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head = answer.partition(b"\r\n\r\n")[0]
    assert int(head.split(b" ", 2)[1]) == 303
    assert b"\nX-Evil" not in head


@pytest.mark.parametrize("host", ["evil.example", "a b", "127.0.0.1:99999", "x\x7f", "[::1", "x@y"])
def test_the_host_header_decides_nothing(process: Process, host: str) -> None:
    head = f"GET /api/v1/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")
    answer = raw(process, head)
    assert int(answer.split(b" ", 2)[1]) in (200, 400)
    assert host.encode("latin-1") not in answer


NAMES = ['a"; filename="evil.exe', "../../evil", "Größe 広告 🎬", "a\\b/c:d*e?f", "%0d%0aX-Evil: 1", "a;b=c"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_in_a_file_s_name_stays_there(company: Company, name: str) -> None:
    found = await company.hierarchy()
    report = await company.make(
        "/api/v2/reports",
        name=name,
        workspace_id=found.workspace,
        resource="campaign",
        ids=[found.campaign],
        metrics=["impressions"],
    )
    answer = await company.get(f"/api/v2/reports/{report}/export", format="csv")
    assert answer.status_code == 200, answer.text
    disposition = answer.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="[\w .-]+\.csv"', disposition, re.ASCII), disposition
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "a\x00b", "a\x1b[2J"])
async def test_a_name_holds_no_control_characters(company: Company, name: str) -> None:
    answer = await company.request("POST", "/api/v2/workspaces", json={"name": name})
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "name")


def test_nothing_was_written_where_it_does_not_belong(
    process: Process, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What the attacks above would have left behind."""
    base = Path(tmp_path_factory.getbasetemp())
    assert not list(base.rglob("evil*"))
