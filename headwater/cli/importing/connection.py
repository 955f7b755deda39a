"""Requests to a running server with an API key, sent again when that is safe and may help.

A POST that the server had no room for, or whose answer was lost, is repeated: its
``Idempotency-Key`` has the server do it once. Knows no path of the API.
"""

from __future__ import annotations

import asyncio
import http.client
import time
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from headwater.errors import HeadwaterError, InternalError, InvalidRequest, Unavailable
from headwater.kit.ids import new_id

_ERRORS = {error.status: error for error in HeadwaterError.__subclasses__()}
_ATTEMPTS = 20
_LONGEST_WAIT = 60
_SECONDS = 300

T = TypeVar("T")


class _Inner(msgspec.Struct):
    message: str
    details: dict[str, Any] = {}


class _Refusal(msgspec.Struct):
    """The server's error forms: ``error`` is true beside a message, or is the message, or holds both."""

    error: bool | str | _Inner
    message: str = ""
    details: dict[str, Any] = {}

    @property
    def raised(self) -> tuple[str, dict[str, Any]]:
        """The words and the details."""
        if isinstance(self.error, _Inner):
            return self.error.message, self.error.details
        return self.error if isinstance(self.error, str) else self.message, self.details


class Connection:
    """One server, in the name of one API key."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        connections = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        if parts.scheme not in connections or not parts.hostname:
            raise InvalidRequest(f"--url '{url}' must be the address of a server, such as http://127.0.0.1:8000.")
        self._connection = connections[parts.scheme](parts.hostname, parts.port, timeout=_SECONDS)
        self._server = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.rstrip("/")
        self._authorization = {"Authorization": f"Bearer {key}"}
        self._answered = False

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    async def get(self, path: str, form: type[T]) -> T:
        """The answer to a GET; a refusal is raised as the error that the server raised."""
        return self._read(await asyncio.to_thread(self._request, "GET", path, None, {}), form)

    async def post(self, path: str, body: bytes, media_type: str, form: type[T]) -> T:
        """The answer to a POST, which is done once."""
        headers = {"Content-Type": media_type, "Idempotency-Key": new_id("import")}
        return self._read(await asyncio.to_thread(self._request, "POST", path, body, headers), form)

    def exchange(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """The answer, as it came, to a POST that may be repeated."""
        return self._request("POST", path, body, headers)

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                self._connection.request(method, self._prefix + path, body, {**self._authorization, **headers})
                response = self._connection.getresponse()
                answer: bytes = response.read()
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if not (attempts_left and self._answered):
                    raise Unavailable(f"{self._server} does not answer: {error or type(error).__name__}.") from None
                time.sleep(1)
                continue
            self._answered = True
            if response.status < 300:
                return answer
            pause = response.getheader("Retry-After", "")
            if not (attempts_left and response.status in (409, 503) and pause.isdigit()):
                words, details = self._read(answer, _Refusal, response.status).raised
                raise _ERRORS.get(response.status, InternalError)(words, **details)
            time.sleep(min(int(pause), _LONGEST_WAIT))
        raise InternalError("No request was made.")

    def _read(self, answer: bytes, form: type[T], status: int = 200) -> T:
        try:
            return msgspec.json.decode(answer, type=form)
        except msgspec.MsgspecError:
            message = f"{self._server} answered {status}, but not as a Headwater server does."
            raise InternalError(message) from None
