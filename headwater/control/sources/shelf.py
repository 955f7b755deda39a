"""Where the files of sources lie: ``<data-dir>/sources/<id>/<version>/``, and what is being made beside them.

A version is written in a folder of its own and moved to its place whole; it is never written
to again. Removing a source, or making a newer version, removes the folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from headwater.kit.ids import new_id
from headwater.sources.files.task import PASSAGES, TABLES

_MAKING: Final = "making"


class Shelf:
    """The folder of all sources' files; blocking, as disks are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tables(self, source_id: str, version: str) -> Path:
        """The DuckDB file of a version."""
        return self._folder / source_id / version / TABLES

    def passages(self, source_id: str, version: str) -> Path | None:
        """Its index over documents; None where it has none."""
        path = self._folder / source_id / version / PASSAGES
        return path if path.exists() else None

    @contextmanager
    def making(self) -> Iterator[Path]:
        """A new folder to make something in; whatever is still in it at the end is removed."""
        folder = self._folder / _MAKING / new_id("new")
        folder.mkdir(mode=0o700, parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, made: Path, source_id: str) -> str:
        """Move what was made to its place; the version's name."""
        version = new_id("v")
        place = self._folder / source_id / version
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.rename(place)
        return version

    def remove(self, source_id: str, version: str) -> None:
        """Remove one version."""
        shutil.rmtree(self._folder / source_id / version, ignore_errors=True)

    def clear(self, source_id: str) -> None:
        """Remove all of a source."""
        shutil.rmtree(self._folder / source_id, ignore_errors=True)

    def sweep(self, kept: Collection[tuple[str, str | None]], before: float) -> None:
        """Remove what no source has and was made before this time: left behind by a process that ended in between."""
        versions = dict(kept)
        for place in self._folder.iterdir() if self._folder.exists() else ():
            for version in place.iterdir():
                if versions.get(place.name) != version.name and version.stat().st_mtime < before:
                    shutil.rmtree(version, ignore_errors=True)
            if place.name not in versions and place.name != _MAKING and not any(place.iterdir()):
                place.rmdir()
