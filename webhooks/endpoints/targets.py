"""Where an endpoint may be: the form of its URL, said clearly when it is registered. Connecting decides for good."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from socket import SOCK_STREAM, gaierror, getaddrinfo
from urllib.parse import SplitResult, urlsplit

import idna
from django.conf import settings

from webhooks.endpoints.addresses import Network, refusal

LONGEST = 2048
PATIENCE = 2.0  # seconds that registering waits for the name's addresses
PORTS = {80, 443}
UNPRIVILEGED = 1024

_VISIBLE = re.compile(r"[^\s\x00-\x20\x7f\\]+")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_QUAD = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}")
_resolvers = ThreadPoolExecutor(8, thread_name_prefix="registering")

Resolve = Callable[[str, int], list[str]]


class BadTarget(ValueError):
    """No place for an endpoint; the message says why and may be shown."""


def allowed_networks() -> list[Network]:
    """The networks of `PATCHBAY_ENDPOINT_NETWORKS`, where endpoints may be although they are not public."""
    return [ip_network(text) for text in settings.ENDPOINT_NETWORKS]


def normal(url: str) -> str:
    """The URL as it is kept, with its host in ASCII; `BadTarget` where its form is none for an endpoint."""
    _require_form(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadTarget("This is not a URL.") from None
    _require_scheme(parts)
    if "@" in parts.netloc:
        raise BadTarget("A URL with a user name or password is not taken: requests are signed instead.")
    if parts.fragment or url.endswith("#"):
        raise BadTarget("A URL with a fragment (#…) is not taken: no server would see it.")
    _require_port(port)
    netloc = _ascii(host) + (f":{port}" if port else "")
    kept = parts._replace(netloc=netloc, path=parts.path or "/").geturl()
    _require_form(kept)  # again: in ASCII a name may be longer
    return kept


def _require_form(url: str) -> None:
    if not url or len(url) > LONGEST or not _VISIBLE.fullmatch(url):
        raise BadTarget(f"A URL has at most {LONGEST} characters, and no spaces, backslashes or control characters.")


def _require_scheme(parts: SplitResult) -> None:
    if parts.scheme == "https" or (parts.scheme == "http" and settings.ENDPOINT_HTTP):
        return
    raise BadTarget("Give a URL that begins with https://.")


def _require_port(port: int | None) -> None:
    if port is not None and port not in PORTS and port < UNPRIVILEGED:
        raise BadTarget("Ports below 1024 are not used, but for 80 and 443.")


def _ascii(host: str) -> str:
    if ":" in host:
        if "%" in host:
            raise BadTarget("An address with a zone is not taken.")
        return f"[{host}]"
    name = _encoded(host.removesuffix("."))
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise BadTarget("This is not the name of a host.")
    # Four plain numbers are an address; every other spelling of one is meant to look like something else.
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not _QUAD.fullmatch(name):
        raise BadTarget("Write an address as four decimal numbers, such as 192.0.2.1.")
    return name


def _encoded(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise BadTarget("This is not the name of a host.") from None


def addresses_of(host: str, port: int) -> list[str]:
    """What the system's resolver says, each once; `OSError` when it says nothing."""
    return list(dict.fromkeys(str(found[4][0]) for found in getaddrinfo(host, port, type=SOCK_STREAM)))


def require_public(url: str, resolve: Resolve = addresses_of) -> None:
    """`BadTarget` when the name leads, now, to an address we would not connect to.

    One that leads nowhere yet passes: it may soon, and each connection is checked again.
    """
    parts = urlsplit(url)
    asking = _resolvers.submit(resolve, parts.hostname or "", parts.port or 443)
    try:
        found = asking.result(PATIENCE)
    except (gaierror, OSError, UnicodeError, TimeoutError):
        return
    for address in found:
        if why := refusal(address, allowed_networks()):
            raise BadTarget(f"{parts.hostname} leads to {address}, which is {why}: only public addresses are taken.")
