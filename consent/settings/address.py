"""Whether the site's own name leads to this machine; only ever a warning (R115).

Safari keeps a cookie for seven days and no longer when the reply that set it came from an address
in another range than the page's: a refusal would then be asked again every week.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .site import Site

Address = IPv4Address | IPv6Address

# Two addresses are in one range for Safari when they begin with the same so many bits.
_RANGE = {4: 16, 6: 64}


def watch(site: Site, tell: Callable[[str], object]) -> Thread:
    """Look in a thread of its own, so that nobody waits for a name server, and `tell` a fault."""

    def look() -> None:
        if fault := elsewhere(site):
            tell(fault)

    thread = Thread(target=look, name="consent-address", daemon=True)
    thread.start()
    return thread


def elsewhere(site: Site) -> str:
    """Why visitors may not reach this machine at the site's main origin; empty when they seem to.

    Nothing is told of a site for the loopback, of one that has named its proxies, and of a name or
    a machine whose address cannot be found.
    """
    host = site.domain
    if not site.secure or site.trusted_proxies:
        return ""
    there = resolve(host)
    here = [address for target in there for address in own_addresses(target)]
    pairs = [(one, other) for one in there for other in here if one.version == other.version]
    if not pairs or any(_near(one, other) for one, other in pairs):
        return ""
    return (
        f"{host} leads to {_listed(there)}, and this machine is at {_listed(here)}. If its pages "
        "come from another server than the choices, Safari forgets each choice after seven days: "
        "serve both at one address. If a proxy stands in front of this machine, name it in "
        "site.trusted_proxies"
    )


def resolve(host: str) -> list[Address]:
    """The addresses of a host, none when they cannot be found."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # an unknown name; one that no name can be
        return []
    return [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]


def own_addresses(target: Address) -> list[Address]:
    """The address that this machine would send from to a target; nothing is sent."""
    family = socket.AF_INET if target.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as idle:
            idle.connect((str(target), 443))
            return [ip_address(str(idle.getsockname()[0]).partition("%")[0])]
    except OSError:
        return []


def _near(one: Address, other: Address) -> bool:
    beyond = one.max_prefixlen - _RANGE[one.version]
    return int(one) >> beyond == int(other) >> beyond


def _listed(addresses: Sequence[Address]) -> str:
    return ", ".join(dict.fromkeys(map(str, addresses)))
