"""Whom we connect to: a name that a user typed, resolved once, and never an address inside our own network."""

import ipaddress
import socket

from django.conf import settings


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
    """Whether an address is anyone's to reach: not private, loopback, link-local, multicast or reserved."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not (mapped or found).is_multicast


def is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
