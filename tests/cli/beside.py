"""A running server in a process of its own, to run commands beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from tests.cli.place import Place
from tests.crash.processes import Process

PATIENCE = 60
T = TypeVar("T")


class Running:
    """A server and somebody who asks it."""

    def __init__(self, url: str, place: Place) -> None:
        self.url = url
        self.place = place
        self.client = httpx.Client(base_url=url, headers={"authorization": f"Bearer {place.key}"}, timeout=PATIENCE)

    def get(self, path: str, **params: Any) -> Any:
        """What the API answers to a GET."""
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def running(place: Place) -> Iterator[Running]:
    """A server on the data directory, from its first answer to its end."""
    with Process(place.folder) as process:
        one = Running(process.url, place)
        with one.client:
            yield one


def eventually(ask: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Ask again and again until the answer is good; how soon it must be is tested with a clock that is set."""
    end = time.monotonic() + PATIENCE
    while not good(answer := ask()):
        assert time.monotonic() < end, f"still {answer!r} after {PATIENCE} s"
    return answer
