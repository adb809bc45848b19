"""Where a name leads: its addresses, and whether they are of the open network. For whatever goes out to an address that
somebody else gave.

Belongs here: looking up, judging. Does not belong here: connecting, what an exception to the rule is.
"""

from __future__ import annotations

import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def literal(host: str) -> Address | None:
    """``host`` as an address, where it is one as it stands."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def addresses_of(host: str, port: int) -> list[Address]:
    """Every address that ``host`` stands for, forms such as 2130706433 and 0x7f.1 too; empty where there is none."""
    written = literal(host)
    if written is not None:
        return [written]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_open(address: Address) -> bool:
    """Whether it is one of the open network: not this machine, no private, link-local, shared or multicast one."""
    address = embedded(address)
    return address.is_global and not address.is_multicast
