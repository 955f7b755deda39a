"""Where the facts lie, as ``facts_url`` names it: address, users, database and topology; opens links to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from headwater.kit.suggest import did_you_mean
from headwater.settings import SettingsError
from headwater.storage.clickhouse.link import Link, answered
from headwater.storage.clickhouse.topology import Topology

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_FIELD = "facts_url"
_FORM = "clickhouse://user:password@host:8123/database"
_PORT, _TLS_PORT = 8123, 8443
_SWITCHES = {"true": True, "false": False}
_OPTIONS = ("secure", "cluster", "replicated", "sharded", "read_user", "read_password")


class Server(Protocol):
    """Opens links to a database that it may have to make first."""

    @property
    def topology(self) -> Topology:
        """Where the tables lie."""

    def make_database(self) -> None:
        """Make the database where there is none."""

    def link(self, *, writes: bool) -> Link:
        """A new link; one that does not write cannot, whatever it is told to run."""


class Address(msgspec.Struct, frozen=True):
    """A server or cluster of its own, spoken to over HTTP."""

    host: str
    port: int
    user: str
    password: str
    read_user: str
    read_password: str
    secure: bool
    topology: Topology
    timeout: float

    def make_database(self) -> None:
        """Make the database where there is none."""
        link = Link(self._client(self.user, self.password, database="default"), {})
        try:
            link.run(self.topology.create_database())
        finally:
            link.close()

    def link(self, *, writes: bool) -> Link:
        """A link of the one user or the other; ``readonly`` holds even where both are the same."""
        if writes:
            return Link(self._client(self.user, self.password), self.topology.write_settings)
        settings = {"cancel_http_readonly_queries_on_client_close": 1, "readonly": 2}
        return Link(self._client(self.read_user, self.read_password), {**self.topology.read_settings, **settings})

    def _client(self, user: str, password: str, database: str = "") -> Client:
        connect = _connector()
        return answered(
            lambda: connect(
                host=self.host,
                port=self.port,
                username=user,
                password=password,
                secure=self.secure,
                database=database or self.topology.database,
                # Statements of one session run one after another, and links do so by themselves.
                autogenerate_session_id=False,
                query_retries=0,
                tz_mode="naive_utc",
                # The engine ends what takes too long; this is for one that no longer answers at all.
                send_receive_timeout=int(self.timeout) + 30,
            )
        )


def address(url: str, timeout: float) -> Address:
    """Read ``facts_url``; SettingsError for one that names no server, or when the client's package is missing.

    >>> address("clickhouse://writer:secret@db:8123/facts?cluster=main&replicated=true", 30).topology.cluster
    'main'
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong(str(error)) from None
    if parts.scheme != "clickhouse" or not parts.hostname:
        raise _wrong("it must begin with clickhouse:// and name a host")
    database = parts.path.strip("/")
    if not database.isidentifier():
        raise _wrong("the path must be the name of a database, of letters, digits and underscores")
    options = _options(parts.query)
    secure, replicated, sharded = (_switch(options, name) for name in ("secure", "replicated", "sharded"))
    cluster = options.get("cluster", "")
    if sharded and not cluster:
        raise _wrong("with sharded=true it must name the cluster, as in cluster=main")
    if cluster and not cluster.replace("-", "_").isidentifier():
        raise _wrong("the cluster must be a name of letters, digits, hyphens and underscores")
    _connector()
    user, password = unquote(parts.username or "default"), unquote(parts.password or "")
    return Address(
        host=parts.hostname,
        port=port or (_TLS_PORT if secure else _PORT),
        user=user,
        password=password,
        read_user=options.get("read_user", user),
        read_password=options.get("read_password", "" if "read_user" in options else password),
        secure=secure,
        topology=Topology(database, cluster, replicated, sharded),
        timeout=timeout,
    )


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            raise _wrong(f"'{name}' is none of its options ({', '.join(_OPTIONS)}){did_you_mean(name, _OPTIONS)}")
    return options


def _switch(options: dict[str, str], name: str) -> bool:
    value = options.get(name, "false")
    if value not in _SWITCHES:
        raise _wrong(f"{name} must be true or false")
    return _SWITCHES[value]


def _wrong(reason: str) -> SettingsError:
    # Without the address itself, which has passwords in it.
    return SettingsError(f"The setting '{_FIELD}' is not as it should be: {reason}. It has the form {_FORM}.")


def _connector() -> Callable[..., Client]:
    try:
        from clickhouse_connect import get_client
    except ImportError:
        raise SettingsError(
            f"The setting '{_FIELD}' needs the package clickhouse-connect. Install it with:"
            " pip install 'headwater[clickhouse]'"
        ) from None
    return get_client
