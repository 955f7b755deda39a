"""Where the shared server is, as ``cache_url`` names it; opens connections to it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from headwater.kit.suggest import did_you_mean
from headwater.settings import SettingsError

if TYPE_CHECKING:
    from valkey.asyncio.connection import AbstractConnection, BlockingConnectionPool

_FIELD = "cache_url"
_FORM = "valkey://user:password@host:6379/0"
_SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}
_PORT = 6379
_OPTIONS = ("prefix", "ca")
_SECONDS = 1.0
_CONNECTIONS = 8


class Address(msgspec.Struct, frozen=True):
    """A server, and what all of its keys begin with."""

    host: str
    port: int
    user: str
    password: str
    database: int
    secure: bool
    ca: str
    prefix: str

    def __repr__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"

    def connection(self) -> AbstractConnection:
        """A connection that is not open yet, and never waits by a clock of its own."""
        kind, options = self._kind()
        made: AbstractConnection = kind(**options, socket_timeout=None)
        return made

    def pool(self) -> BlockingConnectionPool:
        """A few connections, opened when they are needed; each gives up after a second."""
        kind, options = self._kind()
        pool: BlockingConnectionPool = _client().asyncio.BlockingConnectionPool(
            max_connections=_CONNECTIONS,
            timeout=_SECONDS,
            connection_class=kind,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            **options,
        )
        return pool

    def _kind(self) -> tuple[type[Any], dict[str, Any]]:
        client = _client().asyncio
        options: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "db": self.database,
            "client_name": "headwater",
        }
        options |= {"username": self.user or None, "password": self.password or None}
        if not self.secure:
            return client.Connection, options
        return client.SSLConnection, {**options, "ssl_check_hostname": True, "ssl_ca_certs": self.ca or None}


def address(url: str) -> Address:
    """Read ``cache_url``; SettingsError for one that names no server, or when the client's package is missing.

    >>> address("valkey://:secret@cache/2")
    cache:6379/2
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong(str(error)) from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise _wrong("it must begin with valkey://, valkeys://, redis:// or rediss:// and name a host")
    database = parts.path.strip("/") or "0"
    if not (database.isascii() and database.isdigit()):
        raise _wrong("the path must be the number of a database")
    options = _options(parts.query)
    ca, prefix = options.get("ca", ""), options.get("prefix", "headwater")
    if not prefix.isascii() or not prefix.replace("-", "_").replace(":", "_").isidentifier():
        raise _wrong("the prefix must be of letters, digits, hyphens, colons and underscores")
    if ca and not Path(ca).is_file():
        raise _wrong(f"there is no file {ca!r} for ca")
    _client()
    return Address(
        host=parts.hostname,
        port=port or _PORT,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=int(database),
        secure=_SCHEMES[parts.scheme],
        ca=ca,
        prefix=prefix,
    )


def _options(query: str) -> dict[str, str]:
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise _wrong("options must look like name=value") from None
    for name in options:
        if name not in _OPTIONS:
            raise _wrong(f"there is no option '{name}';{did_you_mean(name, _OPTIONS)} there are {', '.join(_OPTIONS)}")
    return options


def _wrong(what: str) -> SettingsError:
    # Never the address itself: it holds a password.
    return SettingsError(f"Settings: {_FIELD}: {what}. It looks like '{_FORM}'. See docs/operations.md.")


def _client() -> ModuleType:
    try:
        import valkey.asyncio
    except ImportError:
        raise SettingsError(
            f"Settings: {_FIELD} needs a package that is not installed: pip install 'headwater[valkey]'."
        ) from None
    return valkey
