"""What tables are called that are made of files: as the file is, in letters that SQL needs no quotes for.

>>> names = TableNames()
>>> names.take("Q1 sales (final).csv"), names.take("q1_sales_final.CSV"), names.take("2024.csv", "Summer")
('Q1_sales_final', 'q1_sales_final_2', 't_2024_Summer')
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 100


class TableNames:
    """Those that are taken; a name that comes again gets a number. Case does not tell names apart."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in taken}

    def take(self, file: str, part: str = "") -> str:
        """A name for a file, or for a part of it (a sheet, a table)."""
        stem = file.replace("\\", "/").rpartition("/")[2]
        stem = stem.rpartition(".")[0] or stem
        return self.plain(f"{stem}_{part}" if part else stem)

    def plain(self, wanted: str) -> str:
        """A name as near to ``wanted`` as may be."""
        name = re.sub(r"\W+", "_", wanted).strip("_")[:_LONGEST] or "table"
        name = f"t_{name}" if name[0].isdigit() else name
        found, number = name, 1
        while found.lower() in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found.lower())
        return found
