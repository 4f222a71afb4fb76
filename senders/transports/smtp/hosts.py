"""Whom we connect to: a name that a user typed, resolved once, and never an address inside our own network."""

import ipaddress
import socket
from collections.abc import Sequence

from django.conf import settings

# RFC 8215: translated inside one's own network; Python counts it as everybody's.
LOCAL_TRANSLATION = ipaddress.IPv6Network("64:ff9b:1::/48")
# Networks whose addresses end in an IPv4 address: mapped, compatible, NAT64.
LAST_FOUR_BYTES = [ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "::/96", "64:ff9b::/96")]


class HostError(Exception):
    """A host that does not resolve; its text says what to do."""


class PrivateHost(HostError):
    """A host inside our own network, which nobody may send through."""


def ascii_host(host: str) -> str:
    try:
        return host.strip().rstrip(".").encode("idna").decode()
    except UnicodeError as error:
        raise HostError(f"{host} is not a host name.") from error


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`, those that may be connected to; raises HostError.

    The caller connects to these very addresses, so that a second look-up cannot lead elsewhere (DNS rebinding). The C
    library ends a look-up by itself (resolv.conf(5): 5 seconds and 2 tries a server).
    """
    try:
        found = socket.getaddrinfo(ascii_host(host), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostError(f"There is no server called {host}. Check the spelling of the host name.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [address for address in addresses if settings.ALLOW_PRIVATE_HOSTS or is_public(address)]
    if not allowed:
        raise PrivateHost(f"{host} is an address inside a private network, which mail may not be sent through.")
    return allowed[:4]


def is_public(address: str) -> bool:
    """Whether an address is anyone's to reach: not private, loopback, link-local, multicast or reserved. An IPv6 address
    that leads to an IPv4 one is judged by that, too.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if found in LOCAL_TRANSLATION:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (embedded := embedded_in(found)):
        return all(one.is_global and not one.is_multicast for one in embedded)
    return found.is_global and not found.is_multicast


def embedded_in(address: ipaddress.IPv6Address) -> Sequence[ipaddress.IPv4Address]:
    """The IPv4 addresses that a gateway would take this one to: mapped and compatible (RFC 4291), NAT64 (RFC 6052), 6to4
    (RFC 3056) and Teredo (RFC 4380: a server and a client).
    """
    last = ipaddress.IPv4Address(address.packed[-4:])
    if any(address in network for network in LAST_FOUR_BYTES):
        return [last] if int(address) > 1 else []  # `::` and `::1` are no IPv4 addresses
    if address.sixtofour:
        return [ipaddress.IPv4Address(address.packed[2:6])]
    return address.teredo or []


def is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
