"""The analyst over a connected database: a question in words, answered by read-only SQL, or asked back.

No model and no network: the words are read by a grammar over the schema's own vocabulary. A word that
it does not know and that could change the meaning makes it ask; it never guesses a figure. Statements
are only ever made here, from the schema's names, so nothing in a question can become SQL; the caller's
``run`` guards them all the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from headwater.analyst.reply import Reply
from headwater.analyst.schema_answer import table_of, text_of
from headwater.analyst.schema_drafts import Beyond, Unclear
from headwater.analyst.schema_grammar import Grammar
from headwater.analyst.schema_meaning import meaning_of
from headwater.analyst.schema_pieces import Piece, pieces
from headwater.analyst.schema_question import Aggregation, Extreme, Listing, SchemaQuestion
from headwater.analyst.schema_scope import Scope
from headwater.analyst.schema_sql import MOST_ROWS, Builder
from headwater.analyst.schema_values import KnownValues, Run, add_references, read_values
from headwater.analyst.schema_vocabulary import Vocabulary
from headwater.analyst.words import nearest
from headwater.sources.schema import Rows, Schema
from headwater.tools.citation import Citation

_KEPT = 32
_LONGEST_QUESTION = 1000


class Known(msgspec.Struct, frozen=True):
    """A schema and what was read of it: values are read again on the next day, and of another version."""

    schema: Schema
    day: date
    version: str | None
    vocabulary: Vocabulary
    values: KnownValues


class SchemaAnalyst:
    """Answers questions over connected sources; keeps the vocabulary of the latest few."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()

    async def answer(
        self, question: str, source_id: str, schema: Schema, run: Run, today: date, version: str | None = None
    ) -> Reply:
        """What a question asks of a source; whatever the question says, ``run`` only ever gets SELECTs.

        What was read of a source is good for its ``version``, and for a day.
        """
        if not question.strip() or not schema.tables:
            return Reply("declined", "There is nothing to answer." if schema.tables else "This source has no tables.")
        if len(question) > _LONGEST_QUESTION:
            return Reply("declined", f"Ask in up to {_LONGEST_QUESTION:,} letters.")
        known = await self._of(source_id, schema, run, today, version)
        try:
            meant = understood(question, known.vocabulary, known.values, today)
        except Unclear as problem:
            return Reply("ask_back", problem.text, suggestions=problem.suggestions, unknown=problem.unknown)
        except Beyond as problem:
            return Reply("declined", problem.text, suggestions=_examples(known.vocabulary))
        return await _answered(question, meant, source_id, known, run)

    async def _of(self, source_id: str, schema: Schema, run: Run, today: date, version: str | None) -> Known:
        known = self._known.get(source_id)
        if known is None or (known.schema, known.day, known.version) != (schema, today, version):
            vocabulary = Vocabulary(schema)
            known = Known(schema, today, version, vocabulary, await read_values(vocabulary, run))
            add_references(vocabulary, known.values)
            self._known[source_id] = known
        self._known.move_to_end(source_id)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return known


def understood(question: str, vocabulary: Vocabulary, values: KnownValues, today: date) -> SchemaQuestion:
    """What a question means; raises Unclear or Beyond."""
    found = pieces(question, vocabulary, values, today)
    _check_known(question, found, vocabulary, values)
    reading = Grammar(found, Scope(question, found, vocabulary, values))
    reading.read()
    return meaning_of(reading)


def _check_known(question: str, found: Sequence[Piece], vocabulary: Vocabulary, values: KnownValues) -> None:
    """Every word means something here, or the question goes back with what is near."""
    unknown = [piece for at, piece in enumerate(found) if not piece.known and not _is_name(found, at)]
    if not unknown:
        return
    first = unknown[0]
    near = _near(first.text, vocabulary.words, 80.0) or _near(first.text, values.words(), 85.0)
    suggestions = tuple(f"{question[: first.start]}{word}{question[first.end :]}" for word in near)
    words = ", ".join(f"“{piece.text}”" for piece in unknown)
    hint = f" Did you mean {' or '.join(near)}?" if near else f" I know {', '.join(_tables(vocabulary))}."
    raise Unclear(f"I do not know {words} here.{hint}", suggestions, tuple(piece.text for piece in unknown))


def _near(word: str, choices: Iterable[str], cutoff: float) -> tuple[str, ...]:
    """What looks like a word as a whole, once each; a part of it is no correction."""
    like = [choice for choice in choices if abs(len(choice) - len(word)) <= 3 and choice.casefold() != word.casefold()]
    return tuple(dict.fromkeys(nearest(word, like, cutoff=cutoff)))


def _is_name(found: Sequence[Piece], at: int) -> bool:
    """Text that is looked for, so it need not be known."""
    return at > 0 and found[at - 1].kind in ("named", "contains", "starts")


async def _answered(question: str, meant: SchemaQuestion, source_id: str, known: Known, run: Run) -> Reply:
    builder = Builder(known.vocabulary)
    sql = builder.sql(meant)
    rows = await run(sql)
    tied = await _is_tied(meant, rows, builder, run)
    if tied and isinstance(meant, Aggregation) and meant.limit == 1 and meant.measures[0].function == "count":
        # One row of several that are as good is not the answer: all of them are.
        best = rows.rows[0][len(builder.outputs(meant.dimensions))]
        meant = msgspec.structs.replace(meant, limit=None, having=("=", float(str(best))))
        sql, tied = builder.sql(meant), False
        rows = await run(sql)
    if isinstance(meant, Listing) and meant.single and len(rows.rows) > 1:
        words = known.vocabulary.table_words(meant.selection.table)
        return Reply("ask_back", f"There are {len(rows.rows):,} {words} that fit. Which one is meant?")
    if not rows.rows and _is_ranked(meant):
        return Reply("declined", "There is nothing that fits, so nothing is the largest or smallest.")
    table = table_of(question.strip(), meant, rows, builder)
    truncated = rows.truncated or (meant.limit is None and len(rows.rows) >= MOST_ROWS)
    text = text_of(meant, table, tied, truncated, known.vocabulary)
    return Reply("answered", text, table, (Citation(sql, source_id, len(rows.rows)),))


def _is_ranked(meant: SchemaQuestion) -> bool:
    if isinstance(meant, Aggregation):
        return meant.limit is not None
    return any(isinstance(said, Extreme) for said in meant.selection.restrictions)


async def _is_tied(meant: SchemaQuestion, rows: Rows, builder: Builder, run: Run) -> bool:
    """Whether the first row that was left out is as good as the last one shown."""
    if meant.limit is None or len(rows.rows) < meant.limit or not rows.rows:
        return False
    more = await run(builder.sql(meant, extra=1))
    if len(more.rows) <= meant.limit:
        return False
    if isinstance(meant, Aggregation):
        at = len(builder.outputs(meant.dimensions))
    elif meant.order and meant.order[0] in meant.columns:
        at = meant.columns.index(meant.order[0])
    else:
        return False
    return more.rows[meant.limit][at] == more.rows[meant.limit - 1][at]


def _tables(vocabulary: Vocabulary) -> list[str]:
    return [vocabulary.table_words(name) for name in vocabulary.tables if name not in vocabulary.derived][:8]


def _examples(vocabulary: Vocabulary) -> tuple[str, ...]:
    return tuple(f"How many {words}?" for words in _tables(vocabulary)[:3])
