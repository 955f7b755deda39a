"""One loud word where there is no real data; on the build machine, a failure."""

from __future__ import annotations

import os

import pytest

from tests.real.data import missing_words, real_data


def test_real_data_is_there() -> None:
    if real_data() is None and os.environ.get("CI", "").lower() == "true":
        pytest.fail(missing_words())
    if real_data() is None:
        pytest.skip(missing_words())
