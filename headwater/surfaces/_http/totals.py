"""What all processes of one server have counted, told by whichever of them is asked.

Each writes its counters into a file of its own, every second and before it answers; what is told is the sum of
the files and of nothing else. A file stays when its process has ended, so no sum ever goes back, which Prometheus
would take for a restart.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
import structlog
from prometheus_client.core import Metric
from prometheus_client.samples import Sample

_SECONDS: Final = 1.0
_ENDING: Final = ".counts"
log = structlog.get_logger(__name__)


class _Counted(msgspec.Struct, frozen=True, array_like=True):
    family: str
    sample: str
    labels: tuple[tuple[str, str], ...]
    value: float


_read = msgspec.msgpack.Decoder(list[_Counted]).decode


class Totals:
    """The files of a server, in a ``folder`` that only its processes use; one of them is this process's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Numbers of processes are used again.
        self._own = folder / f"{os.getpid()}-{secrets.token_hex(4)}{_ENDING}"

    def write(self, families: Iterable[Metric]) -> None:
        """Put down what this process has counted."""
        counted = [
            _Counted(family.name, sample.name, tuple(sample.labels.items()), sample.value)
            for family in families
            for sample in family.samples
        ]
        beside = self._own.with_suffix(".new")
        beside.write_bytes(msgspec.msgpack.encode(counted))
        beside.replace(self._own)

    def added(self, families: Sequence[Metric]) -> list[Metric]:
        """The same families for all processes; gauges, which say what is now, without those that have ended."""
        self.write(families)
        gauges = {family.name for family in families if family.type == "gauge"}
        sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {one.name: {} for one in families}
        for path in sorted(self._folder.glob(f"*{_ENDING}")):
            ended = not _runs(int(path.name.partition("-")[0]))
            for one in _read(path.read_bytes()):
                if one.family in sums and not (ended and one.family in gauges):
                    found = sums[one.family]
                    found[one.sample, one.labels] = found.get((one.sample, one.labels), 0) + one.value
        return [_family(family, sums[family.name]) for family in families]

    @asynccontextmanager
    async def kept(self, families: Callable[[], Iterable[Metric]]) -> AsyncIterator[None]:
        """Within the block put down every second what ``families`` gives, and a last time behind it."""
        writing = asyncio.create_task(self._keep_writing(families))
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            self._try_to_write(families())

    async def _keep_writing(self, families: Callable[[], Iterable[Metric]]) -> None:
        while True:
            self._try_to_write(families())
            await asyncio.sleep(_SECONDS)

    def _try_to_write(self, families: Iterable[Metric]) -> None:
        try:
            self.write(families)
        except OSError as error:
            log.warning("metrics.not_written", reason=str(error))


def _family(like: Metric, sums: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> Metric:
    family = Metric(like.name, like.documentation, like.type)
    family.samples = [Sample(name, dict(labels), value) for (name, labels), value in sums.items()]
    return family


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
