"""The network under the sender: a name is resolved once, every address is checked, and that address is connected to.

The check and the connection use the same answer, so a name that answers otherwise the second time gains nothing. TLS
and the Host header go by the name. There are no redirects and no proxies, so every connection begins here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore2
import httpx2
from httpcore2 import AnyIOBackend

from webhooks.endpoints.addresses import refusal
from webhooks.endpoints.targets import addresses_of, allowed_networks

Resolving = Callable[[str, int], Awaitable[list[str]]]

IDLE = 3.0  # seconds that a connection is kept for the next message: servers give up theirs after five
FIRST = 5.0  # seconds that an address has before the next of the same name is tried
RESOLVERS = 200


class Blocked(Exception):
    """The name leads to an address that we do not connect to; the message says why and may be shown."""


class Unresolved(Exception):
    """The name leads nowhere."""


class Pinned(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, resolve: Resolving, backend: httpcore2.AsyncNetworkBackend | None = None) -> None:
        self._resolve = resolve
        self._backend = backend or AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        for address in addresses:
            # One bad address spoils the name: which of them is taken must not be a matter of luck.
            if why := refusal(address, allowed_networks()):
                raise Blocked(f"{host} leads to {address}, which is {why}")
        if not addresses:
            raise Unresolved(f"{host} has no address")
        for address in addresses[:-1]:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._backend.connect_tcp(address, port, FIRST, local_address, socket_options)
        return await self._backend.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore2.AsyncNetworkStream:
        raise Blocked("a socket of this machine is no endpoint")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


def system_resolver(threads: int = RESOLVERS) -> Resolving:
    """The system's resolver on so many threads of its own: as many as there may be tries, for any name may hang."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="endpoint-resolver")

    async def resolve(host: str, port: int) -> list[str]:
        asking = partial(addresses_of, host, port)
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, asking)
        except (OSError, UnicodeError) as error:
            raise Unresolved(f"{host} cannot be resolved: {error}") from error

    return resolve


def client(resolve: Resolving, connections: int) -> httpx2.AsyncClient:
    """An HTTP client that reaches public addresses alone, follows and remembers nothing, and knows no environment."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=connections, keepalive_expiry=IDLE)
    transport = httpx2.AsyncHTTPTransport(trust_env=False, limits=limits)
    pool: Any = transport._pool  # httpx2 has no public way to choose the network below it; its version is pinned
    pool._network_backend = Pinned(resolve)
    # One client serves all customers: what one's server would have remembered is no other's to be told.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx2.AsyncClient(
        transport=transport, trust_env=False, follow_redirects=False, timeout=None, cookies=cookies
    )
