"""Which addresses a customer may have us connect to: those of the public internet, in whatever form they are written.

The tables follow IANA's special-purpose registries. What Python calls global is not enough: it lets carrier-grade NAT
through, and 169.254.169.254 in the clothes of 6to4 or NAT64.
https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_TABLE = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a carrier's customers",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "a cloud's metadata service",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "a relay of 6to4",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "::/128": "unspecified",
    "::1/128": "loopback",
    "64:ff9b:1::/48": "a translator of a private network",
    "2001::/23": "reserved",
    "2001:db8::/32": "documentation",
    "3fff::/20": "documentation",
    "5f00::/16": "reserved",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "private",
    "ff00::/8": "multicast",
}
DENIED: tuple[tuple[Network, str], ...] = tuple((ip_network(text), words) for text, words in _TABLE.items())
GLOBAL_UNICAST = IPv6Network("2000::/3")

# IPv6 forms that carry an IPv4 address in their last four bytes: compatible, mapped, translated, NAT64.
_IN_THE_END = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
_SIX_TO_FOUR, _TEREDO = IPv6Network("2002::/16"), IPv6Network("2001::/32")
_ISATAP = (0x00005EFE, 0x02005EFE)
_SELF = (IPv6Address("::"), IPv6Address("::1"))


def refusal(text: str, allowed: Iterable[Network] = ()) -> str:
    """What kind of address this is that nobody may have us connect to; empty when they may.

    An address within `allowed` passes whatever it is.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return "not an address"
    known = tuple(allowed)
    return next(filter(None, (_refusal(meant, known) for meant in meanings(address))), "")


def meanings(address: Address) -> Iterator[Address]:
    """The addresses that packets to `address` may end at: what it carries within, else itself."""
    if isinstance(address, IPv4Address):
        yield address
        return
    inner = list(_embedded(address))
    yield from inner
    if not inner or _is_isatap(address):
        yield address


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    number = int(address)
    last = IPv4Address(number & 0xFFFFFFFF)
    if address in _SELF:
        return
    if any(address in network for network in _IN_THE_END) or _is_isatap(address):
        yield last
    if address in _SIX_TO_FOUR:
        yield IPv4Address(number >> 80 & 0xFFFFFFFF)
    if address in _TEREDO:
        yield IPv4Address(number >> 64 & 0xFFFFFFFF)  # its server
        yield IPv4Address(~number & 0xFFFFFFFF)  # its client, written inverted


def _is_isatap(address: IPv6Address) -> bool:
    return int(address) >> 32 & 0xFFFFFFFF in _ISATAP


def _refusal(address: Address, allowed: tuple[Network, ...]) -> str:
    if any(address in network for network in allowed):
        return ""
    for network, words in DENIED:
        if address in network:
            return words
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return "reserved"
    return ""
