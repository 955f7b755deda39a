"""The sockets that the processes of a server accept from; the parent holds them, so that none goes with its process."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any, Final

from granian import Granian
from granian.net import SocketHolder

_FIRST_BYTES_SECONDS: Final = 5
# Elsewhere the system does not spread connections over them.
_SPREADS: Final = sys.platform == "linux"


def listen(host: str, port: int, processes: int) -> list[socket.socket]:
    """A socket for each process, or one for all; connections come to them before any process takes them.

    ``port`` 0 takes a free one. Raises OSError where the address is not this machine's, or somebody listens there.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By itself: sockets that share a port do so with those of another server, too.
    first = socket.create_server((host, port), family=kind, backlog=socket.SOMAXCONN)
    if processes == 1 or not _SPREADS:
        return [first]
    address = first.getsockname()
    first.close()
    return [
        socket.create_server(address, family=kind, backlog=socket.SOMAXCONN, reuse_port=True) for _ in range(processes)
    ]


class HoldingServer(Granian):  # type: ignore[misc]  # mypy does not look into it
    """Granian, but for its sockets: on Linux its processes make them, and take them along when they end.

    Connections that wait at such a socket would be reset; at one that is held they wait for the process that follows.
    A process that ends also closes connections whose first bytes it has not read: it gets a connection with its
    first bytes, or where they do not come, after some seconds.
    """

    def __init__(self, listeners: list[socket.socket], target: str, **options: Any) -> None:
        address, port, *_ = listeners[0].getsockname()
        super().__init__(target, address=address, port=port, backlog=socket.SOMAXCONN, **options)
        self._listeners = listeners

    def _init_shared_socket(self) -> None:
        self._ssp = None
        for listener in self._listeners:
            listener.set_inheritable(True)
            if hasattr(socket, "TCP_DEFER_ACCEPT"):
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _FIRST_BYTES_SECONDS)
        os.register_at_fork(after_in_child=self._keep_own)

    def _keep_own(self) -> None:
        """A socket that another process has open, too, takes connections until that one ends."""
        for listener in self._listeners:
            if listener is not self._sso:
                listener.close()

    def _spawn_worker(self, idx: int, **options: Any) -> Any:
        """A process gets the socket of the one before it."""
        self._sso = self._listeners[idx % len(self._listeners)]
        # Where a process calls listen itself it wants to know for how many.
        backlog = (self.backlog,) if sys.platform.startswith(("linux", "freebsd")) else ()
        self._shd = SocketHolder(self._sso.fileno(), False, *backlog)
        return super()._spawn_worker(idx=idx, **options)

    def _drop_shared_socket(self) -> None:
        for listener in self._listeners:
            listener.close()
