"""How often something may happen, kept in memory only and forgotten soon (R118, R125)."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_address, ip_network

_MOST = 10_000


class Bucket:
    """A token bucket for each key: `burst` at once, then `rate` a second.

    Of more than 10,000 keys the one that was used longest ago is forgotten.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key: str = "") -> bool:
        """Whether this one may pass."""
        now = time.monotonic()
        # Taken out and put in again: the first key is then the one that was used longest ago.
        left, then = self._left.pop(key, (float(self._burst), now))
        left = min(self._burst, left + (now - then) * self._rate)
        self._left[key] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > _MOST:
            del self._left[next(iter(self._left))]
        return left >= 1


def client(scope: object, headers: dict[bytes, bytes], trusted: tuple[str, ...]) -> str:
    """The visitor's network: the address that connects, or what a trusted proxy says of it.

    Of IPv6 the /64, which one household has.
    """
    peer = scope[0] if isinstance(scope, list | tuple) and scope else ""
    chain = [p.strip() for p in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
    address = str(peer)
    # From the nearest proxy outwards: the first address that is no trusted proxy is the visitor.
    for hop in reversed([p for p in chain if p]):
        if not _trusted(address, trusted):
            break
        address = hop
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(ip_network(f"{parsed}/64", strict=False))
    return str(parsed)


def _trusted(address: str, trusted: tuple[str, ...]) -> bool:
    try:
        return any(ip_address(address) in ip_network(net, strict=False) for net in trusted)
    except ValueError:
        return False
