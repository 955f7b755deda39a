"""The first day of the period that a date is in, in each dialect's own functions.

Only expressions are built here; which date and which period are decided elsewhere.

>>> bucket(exp.column("day"), "month", "sqlite", text=True).sql("sqlite")
"STRFTIME('%Y-%m-01', day)"
>>> bucket(exp.column("day"), "month", "postgres", text=False).sql("postgres")
"DATE_TRUNC('MONTH', day)"
"""

from __future__ import annotations

import sqlglot.expressions as exp

from headwater.analyst.schema_question import Grain


def bucket(column: exp.Expr, grain: Grain, dialect: str, text: bool) -> exp.Expr:
    """The first day of the period that a date is in; weeks begin on Monday."""
    if dialect == "sqlite":
        return _sqlite_bucket(column, grain)
    day = exp.Cast(this=column, to=exp.DataType.build("date")) if text or dialect == "bigquery" else column
    if grain == "day":
        return exp.Cast(this=column, to=exp.DataType.build("date"))
    if dialect == "mysql":
        return _mysql_bucket(day, grain)
    unit = {"tsql": "ISO_WEEK", "bigquery": "ISOWEEK"}.get(dialect, "WEEK") if grain == "week" else grain.upper()
    made = exp.DateTrunc if dialect == "bigquery" else exp.TimestampTrunc
    return made(this=day, unit=exp.var(unit))


def _mysql_bucket(day: exp.Expr, grain: Grain) -> exp.Expr:
    """It cannot truncate dates: the first day of the year is worked out and months are added, or days taken away."""
    if grain == "week":
        back = exp.Anonymous(this="WEEKDAY", expressions=[day.copy()])
        return exp.DateSub(this=exp.Cast(this=day, to=exp.DataType.build("date")), expression=back, unit=exp.var("DAY"))
    year = exp.Anonymous(this="YEAR", expressions=[day.copy()])
    first = exp.Anonymous(this="MAKEDATE", expressions=[year, exp.Literal.number(1)])
    if grain == "year":
        return first
    number = exp.Anonymous(this=grain.upper(), expressions=[day.copy()])
    on = exp.Sub(this=number, expression=exp.Literal.number(1))
    return exp.DateAdd(this=first, expression=exp.paren(on), unit=exp.var(grain.upper()))


def _sqlite_bucket(column: exp.Expr, grain: Grain) -> exp.Expr:
    def formatted(pattern: str) -> exp.Expr:
        return exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string(pattern), column.copy()])

    if grain in ("year", "month", "day"):
        return formatted({"year": "%Y-01-01", "month": "%Y-%m-01", "day": "%Y-%m-%d"}[grain])
    if grain == "week":
        words = [exp.Literal.string(word) for word in ("weekday 0", "-6 days")]
        return exp.Anonymous(this="DATE", expressions=[column.copy(), *words])
    month = exp.Cast(this=formatted("%m"), to=exp.DataType.build("int"))
    back = exp.Mod(
        this=exp.paren(exp.Sub(this=month, expression=exp.Literal.number(1))), expression=exp.Literal.number(3)
    )
    shift = exp.DPipe(
        this=exp.DPipe(this=exp.Literal.string("-"), expression=exp.paren(back)),
        expression=exp.Literal.string(" months"),
    )
    return exp.Anonymous(this="DATE", expressions=[column.copy(), exp.Literal.string("start of month"), shift])
