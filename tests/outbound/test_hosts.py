"""Promise: a name is looked up once, and refused when anything that it leads to is."""

from __future__ import annotations

import pytest

from headwater.errors import HostRefused, UpstreamError
from headwater.outbound.hosts import HostGuard


def guard(*addresses: str, allow_private: bool = False) -> HostGuard:
    async def resolver(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return HostGuard(allow_private=allow_private, resolver=resolver)


async def test_public_addresses_are_given_in_the_resolver_s_order() -> None:
    addresses = ["8.8.8.8", "2606:4700::1111", "1.1.1.1"]
    assert await guard(*addresses).resolve("example.com", 443) == addresses


@pytest.mark.parametrize("hidden", ["10.0.0.1", "::1", "169.254.169.254", "::ffff:192.168.0.1", "fe80::1%2"])
async def test_one_address_that_is_refused_is_enough(hidden: str) -> None:
    with pytest.raises(HostRefused) as refused:
        await guard("8.8.8.8", hidden).resolve("example.com", 443, field="connection_config.host")
    assert refused.value.details["field"] == "connection_config.host"
    assert "'example.com' leads to a" in refused.value.message
    assert hidden not in refused.value.message


async def test_the_setting_opens_the_own_network_but_not_the_cloud_s_credentials() -> None:
    assert await guard("10.0.0.1", allow_private=True).resolve("db", 5432) == ["10.0.0.1"]
    with pytest.raises(HostRefused):
        await guard("10.0.0.1", "169.254.169.254", allow_private=True).resolve("db", 5432)


async def test_an_address_is_not_looked_up() -> None:
    assert await guard("10.0.0.1").resolve("8.8.8.8", 443) == ["8.8.8.8"]
    with pytest.raises(HostRefused):
        await guard("8.8.8.8").resolve("127.0.0.1", 443)


async def test_a_name_without_addresses_is_said_to_be_one() -> None:
    with pytest.raises(UpstreamError, match=r"No address is known for the host 'nowhere\.example'"):
        await guard().resolve("nowhere.example", 443)


@pytest.mark.parametrize("name", ["localhost", "localhost.", "LOCALHOST"])
async def test_the_machine_s_own_names_are_refused_by_where_they_lead(name: str) -> None:
    with pytest.raises(HostRefused, match="loopback"):
        await HostGuard(allow_private=False).resolve(name, 80)
