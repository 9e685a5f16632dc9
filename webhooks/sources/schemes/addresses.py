"""Senders that prove nothing and are known by where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from integrations.contract import Inbound
from integrations.errors import BadSignature
from webhooks.sources.schemes.scheme import Headers, Letter, Scheme


@dataclass(frozen=True)
class Addresses(Scheme):
    """`addresses` are networks such as `192.0.2.0/24` or `2001:db8::/32`; what comes from elsewhere is refused."""

    addresses: Sequence[str]
    has_secret = False

    def require(self, inbound: Inbound, _secrets: Sequence[str]) -> None:
        try:
            address = ip_address(inbound.address)
        except ValueError:
            raise BadSignature("nobody can say where this came from") from None
        # 0.0.0.0 stands for a peer without an address: it is no network's.
        if address.is_unspecified or not any(address in network for network in self._networks):
            raise BadSignature(f"{address} is not among the addresses of this source")

    def sign(self, _letter: Letter, _secret: str) -> Headers:
        return {}

    def warnings(self) -> list[str]:
        return ["Nothing is proved: an address can be shared, and behind a proxy TRUSTED_PROXY_COUNT has to be right."]

    @cached_property
    def _networks(self) -> list[IPv4Network | IPv6Network]:
        return [ip_network(one) for one in self.addresses]
