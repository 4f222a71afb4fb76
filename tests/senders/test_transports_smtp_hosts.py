"""Whom a sender may connect to: no address that leads into our own network, however it is spelt."""

from typing import Any

import pytest

from senders.transports.smtp.hosts import PrivateHost, is_public, resolve

INSIDE = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "::",
    "::1",
    "fd00::1",
    "fe80::1%1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:7f00:1::",  # a Teredo server inside
    "2001:0:808:808:0:0:80ff:fffe",  # a Teredo client inside: 127.0.0.1, its bits turned over
]
OUTSIDE = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:10.0.0.1", "64:ff9b::7f00:1"])
def test_a_host_inside_is_refused_before_anybody_connects(settings: Any, host: str) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    with pytest.raises(PrivateHost, match="private network"):
        resolve(host, 25)
