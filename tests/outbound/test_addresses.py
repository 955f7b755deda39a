"""Promise: nothing that a user names has the server connect to itself, to its network or to its cloud."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import HostRefused
from headwater.outbound.addresses import refusal
from headwater.outbound.hosts import plain_host
from headwater.outbound.transport import checked_url

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "::",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "2001:db8::1",
    "4000::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2001:0:808:808:0:0:80ff:fffe",
]
PUBLIC = ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_reached(address: str) -> None:
    assert refusal(ip_address(address), allow_private=False)
    assert refusal(ip_address(address), allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_reached_only_where_the_operator_allows_it(address: str) -> None:
    assert refusal(ip_address(address), allow_private=False)
    assert refusal(ip_address(address), allow_private=True) is None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert refusal(ip_address(address), allow_private=False) is None


@given(st.ip_addresses(v=4), st.booleans())
def test_an_address_in_ipv6_clothes_is_judged_as_what_it_is(address: IPv4Address, allow_private: bool) -> None:
    number = int(address)
    dressed = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
    ]
    refused = refusal(address, allow_private=allow_private) is not None
    assert [refusal(one, allow_private=allow_private) is not None for one in dressed] == [refused] * 3


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0x/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0177.0.0.1/",
        "http://127.0.0.01/",
        "http://127.0.0.1.1/",
        "http://256.0.0.1/",
        "http://example.1/",
        "http://127.0.0.0x1/",
        "http://127%2e0.0.1/",
        "http://127.0.0.1%00.example.com/",
        "http://[::1%25lo]/",
        "http://[127.0.0.1]/",
        "http://[::ffff:127.1]/",
        "http://１２７.0.0.1/",
        "http://①②⑦.0.0.1/",
        "http://127\u3002０。1/",
        "http://user@127.0.0.1/",
        "http://example.com@127.0.0.1/",
        "http://example.com:80@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com\\.127.0.0.1/",
        "http://exa mple.com/",
        "http://example.com\t/",
        "http://example.com\r\nHost: 127.0.0.1/",
        "http://example.com\u00ad/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http:///path",
        "http:127.0.0.1",
        "http://../",
        "http://.example.com/",
        "http://-/",
        "//example.com/",
        "example.com",
        "",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_",
        "javascript:alert(1)",
        f"http://{'a.' * 127}com/",
    ],
)
def test_what_programs_read_in_different_ways_is_refused(url: str) -> None:
    with pytest.raises(HostRefused) as refused:
        checked_url(url)
    assert refused.value.details["field"] == "url"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1./", "127.0.0.1"),
        ("http://127。0。0。1/", "127.0.0.1"),
        ("http://127．0．0．1/", "127.0.0.1"),
        ("http://[0:0:0:0:0:FFFF:127.0.0.1]/", "::ffff:7f00:1"),
        ("https://EXAMPLE.com./path", "example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://a_b.example:8443/?q=1", "a_b.example"),
    ],
)
def test_a_host_has_one_spelling(url: str, host: str) -> None:
    assert plain_host(checked_url(url).raw_host.decode()) == host
