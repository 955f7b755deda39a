"""The sockets that the processes of a server accept from, where the parent has to hold them.

On Linux a process of Granian makes a socket of its own and takes it along when it ends: connections that wait there
are reset. At one that the parent holds they wait for the process that follows. A process that ends also closes
connections whose first bytes it has not read, so it gets a connection with its first bytes.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import Any, Final, NamedTuple

from granian import Granian
from granian.net import SocketHolder

_FIRST_BYTES_SECONDS: Final = 5


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """IPv6 or IPv4, by its looks."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET


def free(address: Address) -> Address:
    """The address itself, with a port that is free where it says 0.

    Raises OSError where it is not this machine's, or somebody listens there: sockets that share an address with each
    other do so with those of another server, too.
    """
    with closing(socket.create_server(address, family=address.family)) as probe:
        return address._replace(port=probe.getsockname()[1])


def serve_holding(server: Granian, address: Address) -> None:
    """Run a server until it is stopped, on sockets that this process holds where the server would not hold one."""
    if sys.platform != "linux":
        server.serve()
        return
    held = [_listener(address) for _ in range(server.workers)]
    stop = server.shutdown

    def shutdown(*given: Any) -> None:
        # Before the processes end, since nobody follows them.
        for one in held:
            one.close()
        stop(*given)

    server.shutdown = shutdown
    server.serve(spawn_target=partial(_accept_from, held))


def _listener(address: Address) -> socket.socket:
    made = socket.create_server(address, family=address.family, backlog=socket.SOMAXCONN, reuse_port=True)
    # After these seconds a connection comes without its first bytes.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _FIRST_BYTES_SECONDS)
    return made


def _accept_from(held: Sequence[socket.socket], number: int, name: object, load: object, _: object, *more: Any) -> None:
    """What a process of Granian runs in place of its own: the same, on the socket of those before it.

    Processes are numbered from 1. It closes the others' sockets, which would take connections for as long as it lives.
    """
    own = held[number - 1]
    for other in held:
        if other is not own:
            other.close()
    holder = SocketHolder(own.fileno(), False, socket.SOMAXCONN)
    Granian._spawn_asgi_lifespan_worker(number, name, load, ((None, holder), own), *more)
