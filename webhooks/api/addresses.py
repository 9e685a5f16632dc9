"""Where a request comes from, as far as that can be believed."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
UNKNOWN = IPv4Address(0)
LONGEST = 100  # characters: more than any address has, with its zone and port


def client_address(request: HttpRequest) -> Address:
    """The address that the outermost of our `TRUSTED_PROXY_COUNT` proxies saw; without proxies, the peer's.

    Each proxy adds to `X-Forwarded-For`, on the right, whom it heard. What is further left came with the request,
    and anybody may have written it. A list too short for its proxies, or with a non-address where ours wrote,
    is not ours: such a request counts as the peer that brought it. 0.0.0.0 stands for a peer without an address.
    """
    return believed(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR", ""))


def believed(forwarded_for: str, peer: str) -> Address:
    """The same, of the header's value and the peer's address; for requests that never become one of Django's."""
    hops = forwarded_for.split(",")
    trusted: int = settings.TRUSTED_PROXY_COUNT
    forwarded = _parse(hops[-trusted]) if 0 < trusted <= len(hops) else None
    return forwarded or _parse(peer) or UNKNOWN


def neighbourhood(address: Address) -> str:
    """What counts as one client: an IPv4 address, or the /64 that every IPv6 customer has all to themselves."""
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


def _parse(text: str) -> Address | None:
    return _read(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=1024)  # the same few proxies and vendors, thousands of times a second
def _read(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`, of which some proxies write each."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket for both families writes IPv4 this way; kept so, all of IPv4 would be one /64.
    return getattr(address, "ipv4_mapped", None) or address
