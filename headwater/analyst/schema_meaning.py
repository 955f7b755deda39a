"""From a finished reading to the question that it means: a list of rows, or figures in groups.

Here the last things are decided that need the whole question: which column a group is of, what is
ranked by what, and whether figures may be split so. A figure whose rows would be counted several times
when grouped is refused, with the reason: an order's freight does not divide among its products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from headwater.analyst.schema_drafts import ExtremeDraft, Figure, Group, Link, Noun, Unclear
from headwater.analyst.schema_figures import NOT_ADDED
from headwater.analyst.schema_grammar import Grammar
from headwater.analyst.schema_question import (
    Aggregation,
    Compare,
    Dimension,
    Formula,
    Listing,
    Measure,
    Ref,
    SchemaQuestion,
)
from headwater.analyst.words import singular, split_identifier

Order = Literal["most", "fewest"]
_MOST_ROWS = 1000


def meaning_of(reading: Grammar) -> SchemaQuestion:
    """The question as a whole; raises Unclear where it does not come together."""
    _settle(reading)
    if reading.figures:
        return _figures(reading)
    if reading.groups:
        return _counted_groups(reading)
    return _listing(reading)


def _settle(reading: Grammar) -> None:
    """What waits for a noun that never came."""
    if reading.verb_waits and not reading.open:
        raise Unclear(f"What was “{reading.verb_waits.text}”?", (), (reading.verb_waits.text,))
    if reading.focus_column is not None and not reading.figures:
        piece = reading.focus_piece
        if piece:
            reading.columns.insert(0, piece)
        reading.focus_column = None
    if reading.superlative is not None and reading.focus is not None:
        reading.superlative_of(reading.focus)
    if reading.superlative is not None:
        raise Unclear(f"The “{reading.superlative[0].text}” of what?", (), (reading.superlative[0].text,))
    if reading.rank and reading.rank_waits:
        raise Unclear("Ranked by what?")


def _figures(reading: Grammar) -> Aggregation:
    if reading.floating or reading.where:
        raise Unclear("I cannot tell what a part of the question is said of.")
    if reading.asked or (reading.columns and not reading.focus):
        names = " and ".join(f"“{piece.text}”" for piece in reading.columns) or "that"
        raise Unclear(f"I cannot tell how {names} and the figures belong together.")
    if reading.beside_focus and reading.groups and reading.focus:
        # "orders and sales per year" asks for both, not for the sales of each order.
        reading.figures.insert(0, Figure("count", reading.focus))
    base = reading.figures[0].noun.table
    if all(figure.function == "avg" for figure in reading.figures):
        # The average "per track" of what each track has once is the average over all tracks.
        reading.groups = [group for group in reading.groups if group.table != base]
    dimensions = [_dimension(reading, group, base) for group in reading.groups]
    subject = _subject(reading, base)
    ranked: Order | None = None
    if reading.rank:
        ranked = "most" if reading.rank.most else "fewest"
        if reading.rank.column or not (subject or dimensions):
            raise Unclear("I cannot tell what is to be ranked.")
        if reading.rank.figure is None:
            raise Unclear("Best by what? Say by sales, by quantity or by number.")
        reading.figures.sort(key=lambda figure: figure is not reading.rank.figure)  # type: ignore[union-attr]
    if subject:
        dimensions.insert(0, subject)
    if reading.columns:
        raise Unclear(f"I cannot show “{reading.columns[0].text}” beside figures yet.", (), (reading.columns[0].text,))
    measures = tuple(_measure(figure, dimensions) for figure in reading.figures)
    for measure in measures:
        _check_countable(reading, measure)
    dimensions = [each for each in dimensions if not _is_each(each, measures)]
    for measure in measures:
        for dimension in dimensions:
            _check_split(reading, measure, dimension)
    limit = _limit(reading) if ranked else None
    if ranked and len(dimensions) > 1:
        raise Unclear("I cannot find the best in each group yet, only the best of all.")
    having = (reading.having[1], reading.having[2]) if reading.having else None
    plain: Order | None = "most" if dimensions and not any(each.grain for each in dimensions) else None
    direction = _direction(reading, dimensions) or plain
    return Aggregation(measures, tuple(dimensions), ranked or direction, limit, having)


def _direction(reading: Grammar, dimensions: Sequence[Dimension]) -> Order | None:
    if reading.order is None:
        return None
    piece, descending = reading.order
    if isinstance(piece, Figure) or piece.kind in ("revenue", "count") or piece.meaning.tables:
        return "fewest" if descending is False else "most"
    shown = {ref.column for dimension in dimensions for ref in _refs(reading, dimension)}
    if piece.kind != "grain" and not shown & {ref.column for ref in (*piece.meaning.columns, *piece.meaning.near)}:
        raise Unclear(f"I cannot sort the figures by “{piece.text}”.", (), (piece.text,))
    return None


def _refs(reading: Grammar, dimension: Dimension) -> Sequence[Ref]:
    own = Ref(dimension.table, dimension.column) if dimension.column else None
    return (own,) if own else reading.vocabulary.shown(dimension.table)


def _limit(reading: Grammar) -> int:
    count = reading.rank.count if reading.rank else None
    if count is None:
        piece = reading.focus_piece
        if piece is not None and _is_plural(piece.text) and reading.rank and reading.focus is not None:
            raise Unclear(f"How many {piece.text}? Say “top 5”, for example.")
        return 1
    return min(count, _MOST_ROWS)


def _is_plural(text: str) -> bool:
    last = text.casefold().split()[-1]
    return singular(last) != last


def _subject(reading: Grammar, base: str) -> Dimension | None:
    """What figures are asked for each of, because it was named before them: "which customer has the most orders"."""
    if reading.focus_column is not None and reading.focus_piece is not None:
        home = reading.figures[0].noun.table
        group = reading.focus_column
        ref = reading.scope.column(reading.focus_piece, home, group.candidates, group.near)
        return Dimension(ref.table, ref.column)
    focus = reading.focus
    if focus is None or any(focus is figure.noun for figure in reading.figures):
        return None
    if any(figure.noun.table == focus.table for figure in reading.figures):
        if len(reading.figures) > 1 or reading.rank or reading.having:
            raise Unclear("I cannot tell what is to be measured of what.")
        reading.figures[0].noun.said.extend(focus.said)
        return None
    for figure in reading.figures:
        reading.scope.link(figure.noun, focus.table, reading.focus_piece)  # type: ignore[arg-type]
        if focus.said:
            figure.noun.said.append(Link(focus))
    return Dimension(focus.table)


def _dimension(reading: Grammar, group: Group, base: str) -> Dimension:
    if group.grain:
        ref = reading.scope.date(base)
        return Dimension(ref.table, ref.column, group.grain)
    if group.table:
        each = any(figure.each == "" for figure in reading.figures)
        return Dimension(group.table) if each else _by_table(reading, group.table, base)
    piece = next(piece for piece in reading.group_pieces if piece.text == group.text)
    ref = reading.scope.column(piece, base, group.candidates, group.near)
    if reading.vocabulary.is_measure(ref) and not set(split_identifier(ref.column)) & set(NOT_ADDED):
        raise Unclear(f"I cannot work out anything per {piece.text}, which is an amount itself.", (), (piece.text,))
    table = reading.vocabulary.tables[ref.table]
    edge = reading.scope.joins.parent_by(ref.table, ref.column)
    if edge and [step.edge for step in reading.scope.joins.path(ref.table, edge.parent) or ()] == [edge]:
        return Dimension(edge.parent)
    if (ref,) == reading.vocabulary.names_of(ref.table) and table.name != base:
        return Dimension(ref.table)
    return Dimension(ref.table, ref.column)


def _by_table(reading: Grammar, table: str, base: str) -> Dimension:
    """A table whose rows are known by just the key that the base has: its own column loses no rows."""
    for edge in reading.scope.joins.edges:
        names = tuple(ref.column for ref in reading.vocabulary.names_of(table))
        if edge.child == base and edge.parent == table and edge.referred == names:
            return Dimension(base, edge.columns[0])
    return Dimension(table)


def _measure(figure: Figure, dimensions: Sequence[Dimension]) -> Measure:
    if figure.each == "":
        tables = [dimension for dimension in dimensions if dimension.column is None]
        if not tables:
            raise Unclear("Average over what? Say “per customer” or “per order”, for example.")
        figure.each = tables[0].table
    return figure.built()


def _check_countable(reading: Grammar, measure: Measure) -> None:
    """Rows without a declared key may be several for one name; which of both is counted must be said."""
    table = measure.selection.table
    whole = measure.function == "count" and not measure.selection.restrictions
    if (whole or measure.function in ("sum", "avg")) and reading.scope.repeats_names(table):
        words = reading.vocabulary.table_words(table)
        raise Unclear(f"Several rows have the same name. Is it all rows of {words}, or different {words} names?")


def _is_each(dimension: Dimension, measures: Sequence[Measure]) -> bool:
    return dimension.column is None and any(measure.each == dimension.table for measure in measures)


def _check_split(reading: Grammar, measure: Measure, dimension: Dimension) -> None:
    """Each row of the figure must be in one group only, or at least be counted once in each."""
    table, joins = measure.selection.table, reading.scope.joins
    piece = reading.focus_piece or reading.pieces[0]
    if table == dimension.table:
        return
    reading.scope.check_path(table, dimension.table, piece)
    if joins.is_up(table, dimension.table) or measure.function in ("count", "min", "max", "distinct"):
        return
    of = measure.of
    name = of.words if isinstance(of, Formula) else reading.vocabulary.column_words(of) if of else "that"
    several = reading.vocabulary.table_words(dimension.table)
    one = reading.vocabulary.table_words(table, 1)
    raise Unclear(f"One {one} can belong to several {several}, so {name} cannot be divided among them.")


def _counted_groups(reading: Grammar) -> Aggregation:
    """ "orders per country": rows that are grouped are counted."""
    if reading.columns or reading.asked or reading.rank or reading.focus is None:
        names = reading.columns[0].text if reading.columns else "that"
        piece = reading.columns[0] if reading.columns else None
        if piece is None:
            raise Unclear("I cannot tell what is to be counted or measured in each group.")
        raise reading.scope.unclear(piece, [f"total {names}", f"average {names}"], "a total or an average")
    if reading.focus_piece is not None:
        reading.check_namesake(reading.focus.table, reading.focus_piece)
    reading.figures.append(Figure("count", reading.focus))
    return _figures(reading)


def _listing(reading: Grammar) -> Listing:
    focus = reading.focus or _home(reading)
    columns = _columns(reading, focus)
    _check_amounts(reading, focus, columns)
    if reading.rank and reading.rank.figure is None and reading.rank.column is None:
        raise Unclear("Best by what? Name a column or a figure.")
    order, limit = None, reading.count
    if reading.rank and reading.rank.column:
        limit = _limit(reading)
        if limit == 1:
            focus.said.append(ExtremeDraft(reading.rank.column, reading.rank.most))
            limit = None
        else:
            order = (reading.rank.column, reading.rank.most)
        if reading.rank.column not in columns:
            columns = (*columns, reading.rank.column)
    if reading.order and not isinstance(reading.order[0], Figure):
        order = (reading.scope.column(reading.order[0], focus.table), bool(reading.order[1]))
        if order[0].table != focus.table:
            raise Unclear("I can only sort by a column of the rows themselves.")
        columns = columns if order[0] in columns else (*columns, order[0])
    if limit is not None and order is None:
        raise Unclear(f"Which {limit}? Say by what they are to be ranked.")
    distinct = reading.distinct or _is_values(reading, focus, columns)
    single = focus.implied and bool(reading.columns) and not any(_is_plural(piece.text) for piece in reading.columns)
    return Listing(focus.built(), columns, order, limit, distinct, single)


def _check_amounts(reading: Grammar, focus: Noun, columns: Sequence[Ref]) -> None:
    """ "clicks of Summer Sale": amounts of many rows are wanted together, but as a total or an average?"""
    added = [ref for ref in columns if not set(split_identifier(ref.column)) & set(NOT_ADDED)]
    plural = [piece for piece in reading.columns if _is_plural(piece.text)]
    if focus.implied and plural and len(added) == len(columns) and all(map(reading.vocabulary.is_measure, columns)):
        text = plural[0].text
        raise reading.scope.unclear(plural[0], [f"total {text}", f"average {text}"], "a total or an average")


def _is_values(reading: Grammar, focus: Noun, columns: Sequence[Ref]) -> bool:
    """Values of a text column alone are wanted once each."""
    names = set(reading.vocabulary.shown(focus.table))
    return not names & set(columns) and all(reading.vocabulary.kind(ref) == "text" for ref in columns)


def _home(reading: Grammar) -> Noun:
    """The rows that columns are asked of, where only a value names them: "the population of texas"."""
    if reading.open:
        return reading.open[0]
    candidates = [ref for piece in reading.columns for ref in (piece.meaning.columns or piece.meaning.near)]
    tables = list(dict.fromkeys(ref.table for ref in candidates))
    for _, quality in reading.asked:
        tables = tables or [name for name in reading.vocabulary.tables if _has(reading, name, quality.words)]
    if reading.where and not tables:
        tables = [name for name in reading.vocabulary.tables if reading.vocabulary.places(name)]
    valued = reading.scope.named(reading.pieces, tables)
    some = valued if reading.floating else tables
    if not some and len(tables) == 1:
        some = tables
    if len(some) != 1:
        if not tables:
            raise Unclear("I cannot tell what is asked for. Name a table or a column.")
        words = ", ".join(reading.vocabulary.table_words(table) for table in (some or tables)[:5])
        raise Unclear(
            f"I cannot tell whose {reading.columns[0].text if reading.columns else 'that'} is meant: {words}?"
        )
    return reading.opened(Noun(some[0], implied=True))


def _has(reading: Grammar, table: str, words: Sequence[str]) -> bool:
    names = " ".join(column.name.casefold() for column in reading.vocabulary.tables[table].columns)
    return any(word in names for word in words)


def _columns(reading: Grammar, focus: Noun) -> tuple[Ref, ...]:
    found: dict[Ref, None] = {}
    if reading.where:
        places = reading.vocabulary.places(focus.table)
        if not places or reading.columns or reading.rank or reading.asked:
            raise Unclear(f"Nothing says where {reading.vocabulary.table_words(focus.table)} are.")
        return (*reading.vocabulary.shown(focus.table), *places)
    beside = reading.focus is not None and not _asks_only_columns(reading)
    for ref in reading.vocabulary.shown(focus.table) if beside or not (reading.columns or reading.asked) else ():
        found[ref] = None
    for piece in reading.columns:
        if piece.meaning.tables:
            found.update(dict.fromkeys(reading.vocabulary.names_of(piece.meaning.tables[0])))
            continue
        ref = reading.scope.column(piece, focus.table)
        if any(isinstance(said, Compare) and said.ref == ref and said.operator == "=" for said in focus.said):
            # "sacramento is the capital of which state": the column is given, not asked for.
            found.update(dict.fromkeys(reading.vocabulary.shown(focus.table)))
            continue
        if not reading.scope.joins.is_up(focus.table, ref.table):
            raise Unclear(
                f"There can be several {piece.text} for each; I cannot show them in one row.", (), (piece.text,)
            )
        found.update(dict.fromkeys(_named(reading, ref, piece.text)))
    for piece, quality in reading.asked:
        found[reading.scope.quality(quality, focus.table, piece)] = None
    return tuple(found)


def _named(reading: Grammar, ref: Ref, text: str) -> tuple[Ref, ...]:
    """ "name" of people is first and last name."""
    names = reading.vocabulary.names_of(ref.table)
    return names if singular(text.casefold()) == "name" and ref in names else (ref,)


def _asks_only_columns(reading: Grammar) -> bool:
    """Columns that stand before their noun are all that is asked: "names and cities of customers"."""
    if not reading.columns or reading.focus_piece is None:
        return bool(reading.asked)
    return reading.columns[0].start < reading.focus_piece.start
