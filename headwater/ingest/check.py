"""Decoded records against the rules: what is required, when it may be, and which entities exist.

Works on whole columns. Rules of a single dataset lie in ``rules``. It must not
store anything, and a foreign entity reads exactly like one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.model import Dataset, Field
from headwater.ingest.problems import Entities, Known, Problem, Words, always, refuse
from headwater.ingest.records import Decoded
from headwater.ingest.rules import RULES
from headwater.storage.schema import arrow_schema

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=24)
_NAMING = ("uuid", "ref")


def check(decoded: Decoded, dataset: Dataset, known: Known, now: datetime) -> Decoded:
    """The records that may be stored, as they are stored, and the errors of all others."""
    names = [field.name for field in dataset.sent]
    columns = pa.RecordBatch.from_arrays([column.combine_chunks() for column in decoded.rows.columns], names)
    rules = RULES.get(dataset.name)
    problems = [*_missing(columns, dataset), *_times(columns, dataset, now)]
    problems += [*_unknown(columns, dataset, known.entities), *_unlisted(columns, dataset, known)]
    if rules is not None:
        problems.extend(rules.problems(columns, known))
    problems = [problem for problem in problems if pc.any(problem.rows).as_py()]
    index, errors = decoded.index, decoded.errors
    if problems:
        good, found = refuse(problems, columns, index)
        columns, index, errors = columns.filter(good), index.filter(good), errors.merged(found)
    children = None
    if rules is not None:
        columns, children = rules.settle(columns, known, now)
    columns = _numbered(columns, dataset, known)
    return Decoded(_as_stored(columns, dataset), index, errors, decoded.total, decoded.ignored_fields, children)


def _missing(columns: pa.RecordBatch, dataset: Dataset) -> Iterator[Problem]:
    for field in dataset.sent:
        if field.required and columns[field.name].null_count:
            yield Problem(columns[field.name].is_null(), field.name, always(f"{field.name} is required."))


def _times(columns: pa.RecordBatch, dataset: Dataset, now: datetime) -> Iterator[Problem]:
    if dataset.field(dataset.time).derived:
        return
    time = columns[dataset.time]
    latest = now + AHEAD
    bounds = pc.min_max(time)
    early, late = pa.scalar(EARLIEST, time.type), pa.scalar(latest, time.type)
    if pc.less(bounds["min"], early).as_py():
        yield Problem(pc.less(time, early), dataset.time, always(f"{dataset.time} must not be before 2000-01-01."))
    if pc.greater(bounds["max"], late).as_py():
        words = always(f"{dataset.time} must not be more than 24 hours in the future.")
        yield Problem(pc.greater(time, late), dataset.time, words)


def _unknown(columns: pa.RecordBatch, dataset: Dataset, entities: Entities) -> Iterator[Problem]:
    """Creatives of ads that the organisation does not have, by their numbers; components are looked for under them."""
    for field in dataset.sent:
        if field.entity != "creative" or field.kind in _NAMING:
            continue
        ids = columns[field.name]
        unknown = [one for one in pc.unique(ids).drop_null().to_pylist() if one not in entities.creative_ids]
        if unknown:
            rows = pc.is_in(ids, pa.array(unknown, pa.int64()))
            yield Problem(rows, field.name, _nonexistent(field))


def _unlisted(columns: pa.RecordBatch, dataset: Dataset, known: Known) -> Iterator[Problem]:
    """UUIDs and ids that name nothing in the organisation."""
    for field in dataset.sent:
        if field.kind in _NAMING:
            texts = columns[field.name]
            unknown = [one for one in _distinct(texts) if known.find(field, one) is None]
            if unknown:
                yield Problem(pc.is_in(texts, pa.array(unknown, pa.string())), field.name, _nonexistent(field))


def _numbered(columns: pa.RecordBatch, dataset: Dataset, known: Known) -> pa.RecordBatch:
    """UUIDs and ids, all known by now, as the numbers by which facts are kept."""
    for field in dataset.sent:
        if field.kind in _NAMING:
            distinct = pa.array(_distinct(columns[field.name]), pa.string())
            numbers = pa.array([known.find(field, one) for one in distinct.to_pylist()], pa.int64())
            found = numbers.take(pc.index_in(columns[field.name], distinct))
            columns = columns.set_column(columns.schema.get_field_index(field.name), field.name, found)
    return columns


def _distinct(texts: pa.Array) -> list[str]:
    found: list[str] = pc.unique(texts).drop_null().to_pylist()
    return found


def _nonexistent(field: Field) -> Words:
    return lambda value: f"{field.name} {value} names no {field.entity} that exists."


def _as_stored(columns: pa.RecordBatch, dataset: Dataset) -> pa.Table:
    """Absent values as ``schema`` says that they are stored; unknown counters and flags stay unknown."""
    absent = {"text": "", "id": 0, "amount": 0, "ref": 0, "fraction": 0, "json": ""}
    stored = [
        pc.fill_null(columns[field.name], absent[field.kind])
        if columns[field.name].null_count and field.kind in absent and not field.nullable
        else columns[field.name]
        for field in dataset.kept
    ]
    return pa.Table.from_arrays(stored, schema=arrow_schema(dataset))
