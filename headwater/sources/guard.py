"""The judge of foreign SQL: one statement that reads, and nothing else in it.

What is judged is what is run: comments, which engines read in different ways, never reach
an engine. Table functions are let through by name, since files and networks lie behind
them; other functions are refused by name. The engines' own read-only modes stand behind it.

>>> judge("SELECT 1 -- one", "postgres").text
'SELECT 1'
>>> judge("DELETE FROM users", "postgres")
Traceback (most recent call last):
...
headwater.errors.InvalidRequest: Only queries that read are run: a SELECT, WITH … SELECT, EXPLAIN of one, or SHOW.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, Literal

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from headwater.errors import InvalidRequest
from headwater.sources.forbidden import (
    FORBIDDEN_PREFIXES,
    FORBIDDEN_SUFFIXES,
    FUNCTIONS,
    T_SQL_STATEMENTS,
    TABLE_FUNCTIONS,
)
from headwater.sources.schema import Dialect

LONGEST: Final = 100_000
"""Characters of a query."""

# It writes statements that it does not know into the log, which is no place for a caller's SQL.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

_FIELD: Final = "query"
_NODES: Final = tuple(
    getattr(exp, name)
    for name in (
        *("DML", "Insert", "Update", "Delete", "Merge", "Create", "Drop", "Alter", "Command", "Copy", "Into", "Lock"),
        *("Pragma", "Set", "Transaction", "Commit", "Rollback", "Attach", "Detach", "Use", "Kill", "LoadData"),
        *("Analyze", "TruncateTable", "Cache", "Uncache", "Refresh", "Export", "Grant", "Revoke", "Comment"),
        *("Show", "Describe", "Summarize", "Execute", "Directory"),
    )
    if hasattr(exp, name)
)
_TABLE_FUNCTIONS: Final = frozenset(name.replace("_", "") for name in TABLE_FUNCTIONS)
_ENDINGS: Final = ("csv", "tsv", "txt", "json", "jsonl", "ndjson", "parquet", "gz", "zst", "xlsx", "db", "duckdb")
_EXPLAIN: Final = re.compile(
    r"\s*EXPLAIN\b(\s+(ANALYZE|ANALYSE|VERBOSE|QUERY\s+PLAN|EXTENDED)\b)*"
    r"(\s*\((?!\s*(SELECT|WITH|FROM|VALUES)\b)[\w ,]*\))?",
    re.IGNORECASE,
).match
_ENDS_A_VALUE: Final = re.compile(r"[\w)\]}'\"]").match
_IS_SHOW: Final = re.compile(r"\s*SHOW\b", re.IGNORECASE).match
_SHOW: Final = re.compile(
    r"""SHOW(\s+(\w+|"[^"]+"|`[^`]+`)(\.(\w+|"[^"]+"|`[^`]+`))*){1,8}(\s+I?LIKE\s+'[^'\\]*')?""", re.IGNORECASE
).fullmatch


class Judged(msgspec.Struct, frozen=True):
    """A query that may be run: its text without comments, and where in it which parameters stand.

    ``sort`` says what it answers with; ``places`` are (start, end, name) of each ``:name``.
    """

    text: str
    sort: Literal["select", "explain", "show"]
    places: tuple[tuple[int, int, str], ...]

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it takes."""
        return frozenset(name for *_, name in self.places)


def judge(query: str, dialect: Dialect) -> Judged:
    """``query`` as it may be run, or ``InvalidRequest`` saying why it is not."""
    if len(query) > LONGEST:
        raise InvalidRequest(f"'query' is longer than {LONGEST:,} characters.", field=_FIELD, allowed=LONGEST)
    if "\x00" in query:
        raise InvalidRequest("'query' must not hold the character NUL.", field=_FIELD)
    try:
        return _judge(query, dialect)
    except SqlglotError as error:
        raise InvalidRequest(
            f"The query cannot be read as {dialect} SQL: {_words(error)}", field=_FIELD, allowed="one SELECT"
        ) from None
    except RecursionError:
        raise InvalidRequest("The query is nested too deeply.", field=_FIELD) from None


def _judge(query: str, dialect: Dialect) -> Judged:
    if dialect != "sqlite" and _IS_SHOW(query):
        return _shown(query.strip().rstrip(";").rstrip(), dialect)
    explain = _EXPLAIN(query)
    before = " ".join(explain[0].split()) + " " if explain else ""
    text, tokens = _plain(query[explain.end() :] if explain else query, dialect)
    if not tokens:
        raise InvalidRequest("'query' is empty.", field=_FIELD, allowed="one SELECT")
    _check_spelling(text, tokens)
    if dialect == "tsql":
        _check_batch(tokens)
    signed = _with_dollars(text, tokens) if dialect == "duckdb" else text
    tree = _tree(signed, dialect)
    _check(tree, dialect)
    places = tuple((begin + len(before), end + len(before), name) for begin, end, name in _places(tree, tokens))
    return Judged(before + text, "explain" if explain else "select", places)


def _plain(query: str, dialect: Dialect) -> tuple[str, list[Token]]:
    """The query without comments and a final semicolon, and its tokens."""
    text = ""
    end = 0
    for number, token in enumerate(_tokens(query, dialect)):
        gap = query[end : token.start]
        text += (gap if gap.isspace() or not gap else " ") if number else ""
        text += query[token.start : token.end + 1]
        end = token.end + 1
    text = text.rstrip().rstrip(";").rstrip()
    tokens = _tokens(text, dialect)
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        raise InvalidRequest("'query' must be one statement, without ';' between parts.", field=_FIELD)
    if any(token.comments for token in tokens):
        raise InvalidRequest("The query's comments cannot be told from the rest. Leave them out.", field=_FIELD)
    return text, tokens


def _tokens(text: str, dialect: Dialect) -> list[Token]:
    return list(sqlglot.tokenize(text, read=dialect))


def _check_spelling(text: str, tokens: Sequence[Token]) -> None:
    """A name written in numbers of characters (``U&"\\0070g_sleep"``) could be that of anything."""
    for token in tokens:
        if token.token_type == TokenType.IDENTIFIER and text[: token.start].upper().endswith("U&"):
            raise InvalidRequest('Names are written as they are, without U&"…".', field=_FIELD)


def _check_batch(tokens: Sequence[Token]) -> None:
    """T-SQL begins a further statement without any mark, where others read an alias."""
    for token in tokens:
        named = token.token_type in (TokenType.IDENTIFIER, TokenType.STRING)
        if not named and token.text.upper() in T_SQL_STATEMENTS:
            raise _only_reads(token.text.upper())


def _shown(text: str, dialect: Dialect) -> Judged:
    """SHOW and a few names; a text only behind LIKE."""
    words = {word.upper() for word in text.split()}
    files = dialect == "duckdb" and any(_is_file(word.strip('"')) for word in text.split())
    if not _SHOW(text) or files or words & {"INTO", "FORMAT", "SETTINGS"}:
        raise InvalidRequest("Of SHOW only plain forms are run.", field=_FIELD, allowed="such as SHOW TABLES")
    return Judged(text, "show", ())


def _tree(text: str, dialect: Dialect) -> exp.Expr:
    found = sqlglot.parse(text, read=dialect)
    if len(found) != 1 or found[0] is None:
        raise InvalidRequest("'query' must be one statement.", field=_FIELD)
    root = found[0]
    inner = root
    while isinstance(inner, exp.Subquery | exp.Paren):
        inner = inner.this
    if not isinstance(inner, exp.Select | exp.SetOperation | exp.Values):
        raise _only_reads()
    return root


def _check(tree: exp.Expr, dialect: Dialect) -> None:
    for node in tree.walk():
        if isinstance(node, _NODES):
            raise _only_reads(node.key.upper())
        if isinstance(node, exp.Select) and (node.args.get("settings") or node.args.get("format")):
            raise InvalidRequest("SETTINGS and FORMAT are the server's to choose.", field=_FIELD)
        if isinstance(node, exp.Table):
            _check_table(node, dialect)
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Func):
            _check_table_function(node.this)
        if isinstance(node, exp.Func):
            _check_function(node)


def _check_table(table: exp.Table, dialect: Dialect) -> None:
    this = table.this
    if isinstance(this, exp.Func):
        _check_table_function(this)
    elif isinstance(this, exp.Literal) or (dialect == "duckdb" and any(_is_file(part.name) for part in table.parts)):
        raise InvalidRequest("A file cannot be queried, only tables of the source.", field=_FIELD)
    elif not isinstance(this, exp.Identifier | exp.Dot):
        raise InvalidRequest(
            f"'{table.sql(dialect=dialect)[:80]}' cannot be queried, only tables of the source.", field=_FIELD
        )


def _is_file(name: str) -> bool:
    return any(mark in name for mark in "/\\*?:") or (name.lower().rpartition(".")[2] in _ENDINGS and "." in name)


def _names(function: exp.Func) -> Iterator[str]:
    """What a function is called, as it is written and by its usual names."""
    if isinstance(function, exp.Anonymous | exp.AnonymousAggFunc):
        yield function.name.lower()
    else:
        yield from (name.lower() for name in type(function).sql_names())
        # A name that a dialect has for it: the text as it was written is kept where it differs.
        if isinstance(function.meta.get("name"), str):
            yield function.meta["name"].lower()


def _check_table_function(function: exp.Func) -> None:
    names = list(_names(function))
    if not {name.replace("_", "") for name in names} & _TABLE_FUNCTIONS:
        raise InvalidRequest(
            f"The table function '{names[0][:64]}' is not run here.",
            field=_FIELD,
            allowed=sorted(TABLE_FUNCTIONS),
        )


def _check_function(function: exp.Func) -> None:
    for name in _names(function):
        if name in FUNCTIONS or name.startswith(FORBIDDEN_PREFIXES) or name.endswith(FORBIDDEN_SUFFIXES):
            raise InvalidRequest(
                f"The function '{name[:64]}' is not run here: it does more than read the source's tables.",
                field=_FIELD,
            )


def _with_dollars(text: str, tokens: Sequence[Token]) -> str:
    """The same with ``$name`` for ``:name``: DuckDB has other meanings for a colon before a name.

    A colon that follows something without a space is one of those: ``[1:n]``, ``{a:b}``.
    """
    for before, token, behind in zip([None, *tokens], tokens, tokens[1:], strict=False):
        apart = before is None or before.end + 1 < token.start or not _ENDS_A_VALUE(before.text[-1:])
        if token.token_type == TokenType.COLON and token.end + 1 == behind.start and apart:
            text = f"{text[: token.start]}${text[token.end + 1 :]}"
    return text


def _places(tree: exp.Expr, tokens: Sequence[Token]) -> tuple[tuple[int, int, str], ...]:
    """Where ``:name`` stands as a parameter, in the text that ``tokens`` are of."""
    wanted: list[str] = []
    for node in tree.find_all(exp.Placeholder, exp.Parameter):
        name = node.name
        if isinstance(node, exp.Parameter) or not name or name == "?":
            if isinstance(node, exp.Parameter) and not name.isdigit():
                continue
            raise InvalidRequest("Write a parameter as ':name', with its value in 'params'.", field=_FIELD)
        wanted.append(name)
    found = [
        (token.start, behind.end + 1, behind.text)
        for token, behind in pairwise(tokens)
        if token.token_type == TokenType.COLON and token.end + 1 == behind.start and behind.text in wanted
    ]
    if sorted(name for *_, name in found) != sorted(wanted):
        raise InvalidRequest(
            "A ':' of the query could be a parameter or something else. Put a space behind those that are none.",
            field=_FIELD,
        )
    return tuple(found)


def _only_reads(what: str = "") -> InvalidRequest:
    found = f"'{what}' is not run. " if what else ""
    return InvalidRequest(
        f"{found}Only queries that read are run: a SELECT, WITH … SELECT, EXPLAIN of one, or SHOW.",
        field=_FIELD,
        allowed=["SELECT", "WITH … SELECT", "EXPLAIN SELECT", "SHOW"],
    )


def _words(error: SqlglotError) -> str:
    details = getattr(error, "errors", None)
    if details:
        return f"{details[0].get('description', 'it is wrong')} (line {details[0].get('line', 1)})."
    return str(error).split("\n")[0][:200]
