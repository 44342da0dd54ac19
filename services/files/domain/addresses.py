"""Which addresses a stranger's link may lead us to: those of the public Internet, and what the operator names."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


_NOT_PUBLIC_V4: Final = _networks(
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared by a provider's customers (CGNAT)
    "127.0.0.0/8",  # this machine
    "169.254.0.0/16",  # this link; the metadata service of most clouds
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # AS112
    "192.52.193.0/24",  # automatic multicast tunnels
    "192.88.99.0/24",  # relays of 6to4
    "192.168.0.0/16",  # private
    "192.175.48.0/24",  # AS112
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
)
_PUBLIC_V6: Final = IPv6Network("2000::/3")
"""All that is handed out. So loopback, link-local, private, multicast, and IPv4 in IPv6 (mapped, NAT64) are outside."""
_NOT_PUBLIC_V6: Final = _networks(
    "2001::/23",  # protocol assignments; Teredo, which leads to IPv4 addresses
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4, which leads to IPv4 addresses
    "2620:4f:8000::/48",  # AS112
    "3fff::/20",  # documentation
)


def is_public(address: str) -> bool:
    """Say whether an address, as text, is one of the public Internet; False for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not _within(found, _NOT_PUBLIC_V4)
    return found in _PUBLIC_V6 and not _within(found, _NOT_PUBLIC_V6)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where links may lead."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, text: str) -> "Reach":
        """Read AllowedUntrustedInternalConnections: hosts, addresses and networks between spaces or commas."""
        hosts, networks = set(), []
        for part in text.replace(",", " ").split():
            try:
                networks.append(ip_network(part, strict=False))
            except ValueError:
                hosts.add(part.lower())
        return cls(frozenset(hosts), tuple(networks))

    def allows(self, host: str, address: str, *, own: bool = False) -> bool:
        """Say whether a connection to `address` may be made, to which a link to `host` has led.

        `own` is said of this machine's addresses: behind them may be what no stranger can reach, public or not.
        """
        if (is_public(address) and not own) or host.lower() in self.hosts:
            return True
        try:
            return _within(ip_address(address), self.networks)
        except ValueError:
            return False


def _within(address: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
