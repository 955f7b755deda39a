"""Look every pinned package up among the known vulnerabilities: ``make audit``, and part of ``make check``.

Ends with 1 where one is known to be vulnerable. Where packages could not be looked up,
as without a network, it says so, and ends with 1 in continuous integration
(``CI`` is set), with 0 on a laptop.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_FOLDER = Path(__file__).parent
_FILES = ("base.txt", "dev.txt")


class Verdict(NamedTuple):
    """What is wrong with packages, a line each, and which could not be looked up."""

    vulnerable: list[str]
    unknown: list[str]

    def lines(self) -> Iterator[str]:
        """What a person reads."""
        yield from self.vulnerable
        if self.unknown:
            shown = ", ".join(self.unknown[:5]) + (" and more" if len(self.unknown) > 5 else "")
            yield f"NOT AUDITED: {len(self.unknown)} packages could not be looked up ({shown})."
        elif not self.vulnerable:
            yield "No package is known to be vulnerable."

    def failed(self, environ: Mapping[str, str]) -> bool:
        """Whether this ends what asked for it."""
        return bool(self.vulnerable or (self.unknown and environ.get("CI")))


def verdict(report: Mapping[str, Any]) -> Verdict:
    """What a report of ``pip-audit --format json`` says.

    >>> verdict({"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}]})
    Verdict(vulnerable=['a 1: X-1, mended in 2'], unknown=[])
    """
    vulnerable, unknown = [], []
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unknown.append(package["name"])
        for found in package.get("vulns", []):
            mended = ", ".join(found["fix_versions"]) or "no version yet"
            vulnerable.append(f"{package['name']} {package['version']}: {found['id']}, mended in {mended}")
    return Verdict(vulnerable, unknown)


def audit() -> Verdict:
    """Ask about all pinned packages."""
    files = [argument for name in _FILES for argument in ("--requirement", str(_FOLDER / name))]
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([*command, "--disable-pip", "--require-hashes", *files], capture_output=True, text=True)
    if not done.stdout:
        reason = done.stderr.strip().rpartition("\n")[2] or "no answer"
        return Verdict([], [f"all of them: {reason}"])
    return verdict(json.loads(done.stdout))


if __name__ == "__main__":
    found = audit()
    print(*found.lines(), sep="\n")
    sys.exit(found.failed(os.environ))
