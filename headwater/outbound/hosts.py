"""Which hosts may be reached: a name is looked up once, and all that it leads to is judged.

Whoever got addresses from here connects to one of them, and never looks the name up again:
a second answer could be another one.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from headwater.errors import HostRefused, UpstreamError
from headwater.outbound.addresses import refusal

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

_LONGEST_NAME: Final = 253
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*").fullmatch
# What C libraries read as a part of an IPv4 address: decimal, octal or hexadecimal.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*").fullmatch


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses that the machine's own resolver gives, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HostGuard:
    """Looks names up and refuses what must not be reached."""

    def __init__(self, *, allow_private: bool, resolver: Resolver = system_resolver) -> None:
        self._allow_private = allow_private
        self._resolver = resolver

    async def resolve(self, host: str, port: int, *, field: str = "url") -> Sequence[str]:
        """The addresses to connect to, each of them judged.

        ``host`` is a name or an address, without brackets; ``field`` is what the caller
        calls it. ``HostRefused`` when it, or anything that it leads to, must not be
        reached; ``UpstreamError`` when nothing is known of it.
        """
        name = plain_host(host, field=field)
        try:
            literal = ip_address(name)
        except ValueError:
            addresses = await self._look_up(name, port)
        else:
            addresses = [str(literal)]
        for address in addresses:
            self._judge(name, address, field)
        return addresses

    async def _look_up(self, name: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolver(name, port)
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise UpstreamError(f"No address is known for the host '{name}'.", host=name)
        return addresses

    def _judge(self, name: str, address: str, field: str) -> None:
        # Where a name leads inside the network is not told: only what sort of address it is.
        reason = refusal(ip_address(address), allow_private=self._allow_private)
        if reason is not None:
            leads = "is" if name == address else "leads to"
            raise HostRefused(
                f"The host '{name}' {leads} {reason}, which this server does not connect to.",
                field=field,
                allowed="a host whose addresses are all public",
            )


def plain_host(host: str, *, field: str = "url") -> str:
    """The host in its one spelling: lower case, no final dot, an address in its usual form.

    ``HostRefused`` for any other spelling of an address, since programs disagree on where it leads.

    >>> plain_host("Example.COM.")
    'example.com'
    """
    name = host.lower().removesuffix(".")
    if ":" in name:
        return _ipv6(name, field)
    if len(name) > _LONGEST_NAME or not _NAME(name):
        raise HostRefused(f"{host[:80]!r} is not a host name.", field=field, allowed="a name such as 'example.com'")
    if _NUMBER(name.rpartition(".")[2]):
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise HostRefused(
                f"'{host[:80]}' is an unusual spelling of an address.",
                field=field,
                allowed="an IPv4 address as four decimal numbers, such as 192.0.2.1",
            ) from None
    return name


def _ipv6(name: str, field: str) -> str:
    try:
        if "%" not in name:
            return str(IPv6Address(name))
    except ValueError:
        pass
    raise HostRefused(f"{name[:80]!r} is not an IPv6 address.", field=field, allowed="an address such as '2001:db8::1'")
