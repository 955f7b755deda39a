"""What the audit of dependencies makes of the reports that it gets."""

from __future__ import annotations

import pytest

from requirements.audit import verdict

GOOD = {"name": "good", "version": "1.0", "vulns": []}
BAD = {"name": "bad", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}
SKIPPED = {"name": "far", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "on_a_laptop", "in_ci", "words"),
    [
        ([GOOD], False, False, "No package is known to be vulnerable."),
        ([GOOD, BAD], True, True, "bad 2.0: PYSEC-1, mended in no version yet"),
        ([GOOD, SKIPPED], False, True, "NOT AUDITED: 1 packages could not be looked up (far)."),
        ([BAD, SKIPPED], True, True, "NOT AUDITED"),
        ([SKIPPED] * 9, False, True, "(far, far, far, far, far and more)"),
    ],
)
def test_what_fails_and_what_is_said(
    packages: list[dict[str, object]], on_a_laptop: bool, in_ci: bool, words: str
) -> None:
    found = verdict({"dependencies": packages})
    assert (found.failed({}), found.failed({"CI": "1"})) == (on_a_laptop, in_ci)
    assert words in "\n".join(found.lines())
