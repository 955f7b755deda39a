"""The one socket that all processes of a server accept from."""

from __future__ import annotations

import socket
import sys
from typing import Final

from granian import Granian
from granian.net import SocketHolder

_FIRST_BYTES_SECONDS: Final = 5


def listen(host: str, port: int) -> socket.socket:
    """A socket that connections come to, also before any process takes them.

    ``port`` 0 takes a free one. Raises OSError where the address is not this machine's, or somebody listens there.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=kind, backlog=socket.SOMAXCONN)


class SharingServer(Granian):  # type: ignore[misc]  # mypy does not look into it
    """Granian, but for its sockets: on Linux it gives each process one of its own.

    Connections that wait at the socket of a process that ends would be reset; at this one the next process takes
    them. A process that ends also closes connections whose first bytes it has not read: it gets a connection with
    its first bytes, or where they do not come, after some seconds.
    """

    def __init__(self, listener: socket.socket, target: str, **options: object) -> None:
        address, port, *_ = listener.getsockname()
        super().__init__(target, address=address, port=port, backlog=socket.SOMAXCONN, **options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _FIRST_BYTES_SECONDS)
        self._listener.set_inheritable(True)
        # Where a process calls listen itself it wants to know for how many.
        backlog = (self.backlog,) if sys.platform.startswith(("linux", "freebsd")) else ()
        self._ssp = None
        self._shd = SocketHolder(self._listener.fileno(), False, *backlog)
        self._sso = self._listener
