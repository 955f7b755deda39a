"""``python -m benchmarks.scaling``: hold the claims of docs/scaling.md; with ``--measure`` also what they stand on."""

from __future__ import annotations

import argparse
import sys

from benchmarks.scaling import measuring, model
from benchmarks.scaling.claims import claims

_OFF = 1.25


def main() -> int:
    """1 where a claim does not hold, or an event takes more bytes than the model has."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure bytes and rates anew (half a minute)")
    failed = _measure() if parser.parse_args().measure else False
    print("| claim | found | |\n| --- | --- | --- |")
    for claim in claims():
        print(f"| {claim.words} | {claim.found} | {'holds' if claim.holds else 'FAILS'} |")
        failed |= not claim.holds
    print(f"\n{model.table()}")
    return int(failed)


def _measure() -> bool:
    found, events = measuring.measure(), measuring.EVENTS
    print("| what | measured |\n| --- | --- |")
    print(f"| JSON lines decoded, one core | {found.parse_per_second:,.0f} events/s |")
    print(f"| DuckDB, everything | {found.duckdb_bytes:.1f} bytes an event |")
    for name, steps in (("DuckDB", found.duckdb), ("ClickHouse in process", found.clickhouse)):
        print(
            f"| {name}, commit of 10 / of {measuring.COMMIT_EVENTS:,} events | {steps.small_commit * 1e3:.0f} / ",
            end="",
        )
        print(f"{steps.commit * 1e3:.0f} ms; merge of {events:,} {steps.merge:.1f} s |")
    for table, size in sorted(found.sizes.compressed.items(), key=lambda one: -one[1]):
        rows = found.sizes.rows[table]
        if rows >= 1000:
            raw = found.sizes.raw[table] / rows
            print(f"| ClickHouse, {table} | {rows:,} rows, {size / rows:.1f} bytes a row, {raw:.0f} uncompressed |")
    print()
    raw_bytes = (found.sizes.compressed["ad_event"] + found.sizes.compressed["seen_key"]) / events
    return raw_bytes > model.MEASURED.raw_bytes * _OFF


if __name__ == "__main__":
    sys.exit(main())
