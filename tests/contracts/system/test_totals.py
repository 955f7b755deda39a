"""Counters of several processes are added up from their files, also when a process has ended or starts anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from headwater.surfaces._http.totals import Totals


def families(paths: dict[str, int], waiting: int) -> list[Metric]:
    asked = CounterMetricFamily("asked", "Asked.", labels=("path",))
    took = HistogramMetricFamily("took", "Took.", labels=("path",))
    for path, number in paths.items():
        asked.add_metric((path,), number)
        took.add_metric((path,), [("1", number - 1), ("+Inf", number)], number / 4)
    return [asked, took, GaugeMetricFamily("waiting", "Wait.", waiting)]


def samples(found: list[Metric]) -> list[tuple[str, tuple[str, ...], float]]:
    return [(one.name, tuple(one.labels.values()), one.value) for family in found for one in family.samples]


def test_families_keep_their_form_and_add_up(tmp_path: Path) -> None:
    one, other = Totals(tmp_path), Totals(tmp_path)
    other.write(families({"/a": 3, "/b": 1}, 5))
    found = one.added(families({"/a": 1}, 2))
    assert [(family.name, family.type) for family in found] == [
        ("asked", "counter"),
        ("took", "histogram"),
        ("waiting", "gauge"),
    ]
    assert sorted(samples(found)) == sorted(
        [
            ("asked_total", ("/a",), 4),
            ("asked_total", ("/b",), 1),
            ("took_bucket", ("/a", "1"), 2),
            ("took_bucket", ("/a", "+Inf"), 4),
            ("took_count", ("/a",), 4),
            ("took_sum", ("/a",), 1.0),
            ("took_bucket", ("/b", "1"), 0),
            ("took_bucket", ("/b", "+Inf"), 1),
            ("took_count", ("/b",), 1),
            ("took_sum", ("/b",), 0.25),
            ("waiting", (), 7),
        ]
    )


def test_what_one_told_the_other_tells_too(tmp_path: Path) -> None:
    one, other = Totals(tmp_path), Totals(tmp_path)
    assert ("asked_total", ("/a",), 3) in samples(one.added(families({"/a": 3}, 0)))
    assert ("asked_total", ("/a",), 4) in samples(other.added(families({"/a": 1}, 0)))


def test_a_process_that_has_ended_has_counted_and_waits_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 2**22 + 1)  # more than Linux gives to any process
    Totals(tmp_path).write(families({"/a": 3}, 5))
    monkeypatch.undo()
    found = samples(Totals(tmp_path).added(families({"/a": 1}, 2)))
    assert ("asked_total", ("/a",), 4) in found
    assert ("waiting", (), 2) in found
