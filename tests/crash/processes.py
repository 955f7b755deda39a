"""A real ``headwater serve`` in a process group of its own, to be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx

PROGRAM = Path(sys.executable).with_name("headwater")
_WAIT = 30.0


def environment(**settings: object) -> dict[str, str]:
    """This process's environment with no other settings of the server than these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HEADWATER_")}
    return {**own, **{f"HEADWATER_{name.upper()}": str(value) for name, value in settings.items()}}


class Process:
    """A server on ``folder``, ready to answer inside the block."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self._log = folder.with_suffix(".log")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._command = [str(PROGRAM), "serve", "--port", str(port), "--data-dir", str(folder)]
        # What a killed server leaves behind lies among what the test leaves.
        self._environment = {**environment(**settings), "TMPDIR": str(folder.parent)}

    def __enter__(self) -> Process:
        with self._log.open("ab") as log:
            self.child = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    def client(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """Sends requests to it."""
        return httpx.Client(base_url=self.url, headers=headers, timeout=_WAIT, verify=False)  # no TLS here

    def connect(self) -> socket.socket:
        """A connection on which nothing has been sent."""
        host, port = self.url.removeprefix("http://").split(":")
        return socket.create_connection((host, int(port)), timeout=_WAIT)

    def kill(self) -> None:
        """End the whole group at once, with nothing finished."""
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            self.child.wait(_WAIT)

    def terminate(self) -> int:
        """Ask it to end; its exit status."""
        self.child.terminate()
        return self.child.wait(_WAIT)

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + _WAIT
        with self.client() as client:
            while time.monotonic() < until and self.child.poll() is None:
                try:
                    if client.get("/api/v1/health").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.01)
        raise AssertionError(f"The server did not start:\n{self._log.read_text()[-2000:]}")


def register(process: Process, email: str = "owner@example.com") -> dict[str, str]:
    """A company's owner; the headers of a key that may do everything."""
    body = {"email": email, "password": "correct horse battery", "full_name": "O", "company_name": "C"}
    with process.client() as client:
        token = client.post("/api/v1/auth/register", json=body).raise_for_status().json()["token"]
        key = {"name": "tests", "permissions": ["read", "write", "admin"]}
        made = client.post("/api/v2/tokens", json=key, headers={"authorization": f"Bearer {token}"}).raise_for_status()
    return {"authorization": f"Bearer {made.json()['data']['token']}"}


class HalfSent:
    """An impression on its way to a server, whose last bytes have not been sent."""

    def __init__(self, process: Process, headers: dict[str, str], creative: int) -> None:
        line = f'{{"ts": "2025-04-17T09:30:00Z", "creative_id": {creative}, "event": "impressions"}}'.encode()
        head = (
            "POST /api/v1/ingest/ad-events HTTP/1.1\r\nHost: headwater.test\r\nConnection: close\r\n"
            f"Authorization: {headers['authorization']}\r\nContent-Type: application/x-ndjson\r\n"
            f"Content-Length: {len(line)}\r\n\r\n"
        )
        self._rest = line[20:]
        self._connection = process.connect()
        self._connection.sendall(head.encode() + line[:20])

    def finish(self) -> bytes:
        """The answer to it, once it has been sent."""
        with self._connection as connection:
            connection.sendall(self._rest)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def make_creatives(process: Process, headers: dict[str, str], count: int) -> tuple[int, list[int]]:
    """A campaign and its creatives."""
    with process.client(headers) as client:

        def make(path: str, **body: object) -> int:
            return int(client.post(f"/api/v2/{path}", json=body).raise_for_status().json()["data"]["id"])

        campaign = make("campaigns", name="C", workspace_id=make("workspaces", name="W"))
        group = make("creative_groups", name="G", campaign_id=campaign)
        return campaign, [make("creatives", name=f"{n}", creative_group_id=group) for n in range(count)]
