"""The control plane's database as a PostgreSQL of its own: its address, its engines, and what of its errors passes.

As on SQLite there is one writer at a time, over all processes: a unit of work begins with a
lock that ends with its transaction (ADR 11). The driver is an optional package, loaded only here.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

from sqlalchemy import URL, Connection, ExceptionContext, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean
from headwater.settings import SettingsError

_FIELD: Final = "control_url"
_FORM: Final = "postgresql://user:password@host:5432/database"
_TLS: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_PORT: Final = 5432

READERS: Final = 10
"""Connections that a process reads with at most; it writes with one more."""
# Any number that nobody else of this database locks; it is a lock of this database alone.
_WRITER: Final = 0x48656164_77617465
_CONNECT_SECONDS = 10
# All that a transaction begins with; a connection that is given up takes two seconds more. Then what of it is waiting
# in a queue: of those for a connection, and for the lock.
_ANSWER_SECONDS = 8.0
_WAIT_MILLISECONDS = 7_000
_STATEMENT_MILLISECONDS: Final = {True: 30_000, False: 300_000}
_SILENT_SECONDS = 30
_IDLE_MILLISECONDS = 60_000
_PATIENT_IDLE_MILLISECONDS: Final = 3_600_000

# By class: the connection, what clashed, resources, an operator's doing, the machine. Then single ones: a lock that
# did not come in time, a transaction that was left open, a server that only reads for now.
_PASSING_CLASSES: Final = ("08", "40", "53", "57", "58")
_PASSING: Final = ("55P03", "25P03")
_ONLY_READS: Final = "25006"
_UNFIT: Final = "22021"
# A text with NUL is as little stored as one with this, which is no character at all.
_NEVER_STORED: Final = "\ufffe\uffff"
_LOST: Final = ("08", "57P")
_REASONS: Final = {
    "28P01": "the server does not take this user with this password",
    "28000": "the server does not let this user in",
    "3D000": "there is no such database; make it with CREATE DATABASE",
    "42501": "the user lacks a right; it must own the database, or may make tables in its schema",
}


def address(url: str) -> URL:
    """Read ``control_url``; SettingsError for one that names no database, or when the driver's package is missing.

    >>> address("postgresql://headwater:secret@db/headwater?sslmode=require").drivername
    'postgresql+asyncpg'
    """
    try:
        read = make_url(url)
        port = read.port or _PORT
    except (ArgumentError, ValueError):
        raise _wrong("it is no address") from None
    if read.drivername not in ("postgresql", "postgresql+asyncpg") or not read.host:
        raise _wrong("it must begin with postgresql:// and name a host")
    if not read.database or not read.username:
        raise _wrong("it must name a user and a database")
    for name in read.query:
        if name != "sslmode":
            raise _wrong(f"'{name}' is none of its options (sslmode){did_you_mean(name, ['sslmode'])}")
    mode = read.query.get("sslmode", "prefer")
    if mode not in _TLS:
        raise _wrong(f"sslmode must be one of {', '.join(_TLS)}")
    if find_spec("asyncpg") is None:
        raise SettingsError(
            f"The setting '{_FIELD}' needs the package asyncpg. Install it with: pip install 'headwater[postgres]'"
        )
    # The driver's own name for it.
    return read.set(drivername="postgresql+asyncpg", port=port, query={"ssl": str(mode)})


def engine(url: URL, *, read_only: bool, patient: bool = False) -> AsyncEngine:
    """Connections whose transactions see one state and can only read, or those of the one writer at a time.

    A ``patient`` writer waits for the lock, and for what it tells the server to do, as long as it takes.
    """
    statement = 0 if patient else _STATEMENT_MILLISECONDS[read_only]
    settings = {
        "application_name": "headwater",
        "lock_timeout": 0 if patient else _WAIT_MILLISECONDS,
        "statement_timeout": statement,
        # Whoever holds the lock and is gone, with its machine perhaps, holds it no longer than this.
        "idle_in_transaction_session_timeout": _PATIENT_IDLE_MILLISECONDS if patient else _IDLE_MILLISECONDS,
        "jit": "off",
    }
    made = create_async_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=READERS // 2 if read_only else 1,
        max_overflow=READERS - READERS // 2 if read_only else 0,
        pool_timeout=_WAIT_MILLISECONDS / 1000,
        # A writer waits for the lock in its first statement, and must see what was committed until it had it.
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        execution_options={"postgresql_readonly": read_only},
        connect_args={
            "timeout": _CONNECT_SECONDS,
            # The server ends what takes too long; this is for one that no longer answers at all.
            "command_timeout": None if patient else statement / 1000 + _SILENT_SECONDS,
            "server_settings": {name: str(value) for name, value in settings.items()},
        },
    )
    _set_up(made, read_only=read_only)
    return made


def answer_seconds() -> float:
    """How long a transaction may take to begin, with all that it waits for."""
    return _ANSWER_SECONDS


def is_interruptible() -> bool:
    """Whether who has waited too long can be called away."""
    return True


def is_outage(error: BaseException, *, read_only: bool) -> bool:
    """Whether the database cannot do now what was asked, though nothing is wrong with the asking."""
    if isinstance(error, DBAPIError):
        state = _state(error)
        passing = state.startswith(_PASSING_CLASSES) or state in _PASSING or (state == _ONLY_READS and not read_only)
        return error.connection_invalidated or passing
    return isinstance(error, PoolTimeout | OSError)


def may_be_done(error: BaseException) -> bool:
    """Whether a commit that ended like this may have come about: the connection was lost over it."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _state(error).startswith(_LOST)
    return isinstance(error, OSError)


def unusable(url: URL, error: BaseException) -> SettingsError | None:
    """``error``, met when the tables were to be made, in words; None where it is no matter of the setting."""
    reason = _REASONS.get(_state(error))
    if reason is None and not is_outage(error, read_only=False):
        return None
    where = f"{url.host}:{url.port}/{url.database} as {url.username}"
    return SettingsError(f"The setting '{_FIELD}' names {where}, which cannot be used: {reason or _said(error)}.")


def _said(error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"nothing answers there ({error.strerror or type(error).__name__})"
    return f"the server cannot take it now (SQLSTATE {_state(error) or 'unknown'})"


def _state(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


def _hide_rows(error: BaseException) -> None:
    """Keep out of logs what the server tells beside the message: the row that was wrong, with all that is in it."""
    cause = error.__cause__
    if getattr(cause, "detail", None):
        vars(cause)["detail"] = None


def _set_up(engine: AsyncEngine, *, read_only: bool) -> None:
    @event.listens_for(engine.sync_engine, "handle_error")
    def lost(context: ExceptionContext) -> None:
        # The driver lets these through as they are; the connection is of no use afterwards.
        error = context.original_exception
        _hide_rows(error)
        if isinstance(error, OSError) and not context.is_pre_ping:
            context.is_disconnect = True
            raise OperationalError(context.statement, None, error, hide_parameters=True, connection_invalidated=True)
        if _state(context.sqlalchemy_exception or error) == _UNFIT:
            raise InvalidRequest("A text must not contain the character NUL, which cannot be stored.")

    @event.listens_for(engine.sync_engine, "before_cursor_execute", retval=True)
    def look_for_nul(
        _connection: Connection, _cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> tuple[str, Any]:
        # SQLite looks for such a text and finds none; here the asking itself would fail.
        if not executemany and not (context.isinsert or context.isupdate):
            parameters = tuple(
                one.replace("\0", _NEVER_STORED) if isinstance(one, str) and "\0" in one else one for one in parameters
            )
        return statement, parameters

    if read_only:
        return

    @event.listens_for(engine.sync_engine, "begin")
    def lock(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")


def _wrong(reason: str) -> SettingsError:
    # Without the address itself, which has a password in it.
    return SettingsError(f"The setting '{_FIELD}' is not as it should be: {reason}. It has the form {_FORM}.")
