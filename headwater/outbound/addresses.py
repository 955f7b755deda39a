"""Which IP addresses may be reached from the server. Pure: no names, no network.

An IPv6 address that carries an IPv4 one leads where that one leads, so it is judged
as that one too.

>>> refusal(ip_address("::ffff:127.0.0.1"), allow_private=False)
'a loopback address'
>>> refusal(ip_address("127.0.0.1"), allow_private=True) is None
True
>>> refusal(ip_address("169.254.169.254"), allow_private=True)
'a link-local address'
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

# What cloud machines ask for their own credentials, beside the link-local 169.254.169.254.
_METADATA: Final = frozenset(
    map(ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
_IPV4_COMPATIBLE: Final = IPv6Network("::/96")
_GLOBAL: Final = IPv6Network("2000::/3")
_SPECIAL: Final = frozenset(map(IPv6Address, ("::", "::1")))


def refusal(address: Address, *, allow_private: bool) -> str | None:
    """What sort of address this is, where it must not be reached; None where it may."""
    for one in (address, *_carried(address)):
        reason = _never(one) or (None if allow_private else _private(one))
        if reason:
            return reason
    return None


def _never(address: Address) -> str | None:
    """What nobody has a reason to reach, also in a network of one's own."""
    if address.is_unspecified or (isinstance(address, IPv4Address) and address in _THIS_NETWORK):
        return "an unspecified address"
    if address.is_link_local or (isinstance(address, IPv6Address) and address.is_site_local):
        return "a link-local address"
    if _without_zone(address) in _METADATA:
        return "a cloud's metadata service"
    if address.is_multicast:
        return "a multicast address"
    if isinstance(address, IPv4Address) and address.is_reserved:
        return "a reserved address"
    return None


def _private(address: Address) -> str | None:
    if address.is_loopback:
        return "a loopback address"
    if isinstance(address, IPv4Address):
        public = address.is_global
    elif address in _LOCAL_NAT64:
        public = False
    else:
        # One that carries another is as global as what it carries, which is judged by itself.
        public = next(_carried(address), None) is not None or (address in _GLOBAL and address.is_global)
    return None if public else "a private address"


def _carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for or passes through."""
    if not isinstance(address, IPv6Address) or _without_zone(address) in _SPECIAL:
        return
    lowest = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.ipv4_mapped is not None or any(
        address in network for network in (_NAT64, _LOCAL_NAT64, _IPV4_COMPATIBLE)
    ):
        yield lowest
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def _without_zone(address: Address) -> Address:
    """The same on no particular interface: ``fe80::1%eth0`` is ``fe80::1``."""
    return IPv6Address(int(address)) if isinstance(address, IPv6Address) else address
